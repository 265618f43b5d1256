//! `POST /quickbooks/webhook`: stores the changes that QuickBooks reports, as hints for the next sync.
//!
//! A body is authentic if it is signed with the verifier token of the Intuit app. It is checked as it arrived, before
//! anything of it is read. A delivery is acknowledged only after its hints are stored; Intuit repeats every other one.

use std::collections::BTreeMap;
use std::time::Duration;

use clientele_functions_common::WebhookEndpoint;
use clientele_functions_common::webhook::{Delivery, Receipt, Refusal};
use clientele_shared::Result;
use clientele_shared::model::{Hint, RealmId, Tenant, Timestamp};
use clientele_shared::store::Store;
use futures::FutureExt as _;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use http::StatusCode;

use crate::events::{self, Change, Events};
use crate::signature;

/// The endpoint. Intuit waits 3 seconds for a response.
pub const ENDPOINT: WebhookEndpoint = WebhookEndpoint {
    name: "quickbooks-webhook",
    time_limit: Duration::from_millis(2_500),
    connect: |store| connect(store).boxed(),
    handle: |delivery| handle(delivery).boxed(),
};

/// Largest body of a delivery, in bytes: 1 MB.
pub const MAX_BODY: usize = 1 << 20;

/// Most events of a delivery.
pub const MAX_EVENTS: usize = 10_000;

/// A company that does not exist.
const NO_COMPANY: &str = "0";

/// How many companies are read concurrently.
const MAX_CONCURRENT: usize = 16;

/// The reply if no token is configured.
const NOT_SET_UP: &str = "Webhooks are not set up; set CLIENTELE_QUICKBOOKS_VERIFIER_TOKEN, which the parameter \
                          QuickBooksSecret of template.yaml does.";

async fn connect(store: &Store) -> Result<()> {
    match NO_COMPANY.parse() {
        Ok(realm) => store.realm_owner_get(&realm).await.map(drop),
        Err(_) => Ok(()),
    }
}

async fn handle(delivery: Delivery<'_>) -> Result<Receipt, Refusal> {
    let body = delivery.request.body();
    let token =
        delivery.verifier_token.ok_or_else(|| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, NOT_SET_UP))?;
    if body.len() > MAX_BODY {
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "The body must not have more than 1 MB."));
    }
    if !signature::is_valid(token, delivery.request.headers(), body) {
        return Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "The header intuit-signature must be the signature of the body with the verifier token of the Intuit app.",
        ));
    }
    let events =
        events::parse(body).map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    if events.len() > MAX_EVENTS {
        let message = format!("The body must not have more than {MAX_EVENTS} events.");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    Ok(store_hints(delivery.store, events).await?)
}

/// Stores the changes of connected companies.
async fn store_hints(store: &Store, events: Events) -> Result<Receipt> {
    let all = events.len();
    let companies = by_company(events, store.ambient().now());
    let relevant: usize = companies.values().map(Vec::len).sum();
    let reads = companies.into_iter().map(|(realm, hints)| async move {
        let owner = store.realm_owner_get(&realm).await?;
        Ok::<_, clientele_shared::Error>(owner.map(|owner| (owner.tenant(), realm, hints)))
    });
    let connected: Vec<Option<(Tenant, RealmId, Vec<Hint>)>> =
        stream::iter(reads).buffer_unordered(MAX_CONCURRENT).try_collect().await?;
    let connected: Vec<(&Tenant, &RealmId, &[Hint])> =
        connected.iter().flatten().map(|(tenant, realm, hints)| (tenant, realm, hints.as_slice())).collect();
    let known: usize = connected.iter().map(|(_, _, hints)| hints.len()).sum();
    let received = store.mirror_hints_put_all(&connected).await?;
    Ok(Receipt { received, ignored: all - relevant, unconnected: relevant - known })
}

fn by_company(events: Events, at: Timestamp) -> BTreeMap<RealmId, Vec<Hint>> {
    let mut companies: BTreeMap<RealmId, Vec<Hint>> = BTreeMap::new();
    for Change { realm, entity, id, merged_id } in events.into_iter().flatten() {
        companies.entry(realm).or_default().push(Hint { entity, id, merged_id, at });
    }
    companies
}
