//! The mirror of a company in QuickBooks: both sides in one process, the webhook, and the scheduled function.

mod agent;
mod complaints;
mod conflicts;
mod doctor;
mod documents;
mod forgotten;
mod found;
mod kills;
mod refusals;
pub(crate) mod schedule;
mod scheduled;
mod sync;
mod webhook;
mod webhook_faults;
mod world;

use clientele_functions_quickbooks::signature;
use clientele_infra_quickbooks::webhooks;
use clientele_shared::model::{
    Connection, Currency, Hint, MirrorSettings, QuickBooksId, RealmId, RealmOwner, Timestamp,
};

use http::Method;
use serde_json::{Value, json};

use self::webhook::WEBHOOK;
use crate::support::lambda::VERIFIER_TOKEN;
use crate::support::{Caller, Response, Stack};

/// A company in QuickBooks.
pub(crate) const COMPANY: &str = "9341453908217614";

/// Returns the signature of a body as QuickBooks sends it, made by the stand-in.
pub(crate) fn signed(body: &[u8]) -> String {
    webhooks::signature(VERIFIER_TOKEN, body)
}

pub(crate) fn realm(company: &str) -> RealmId {
    company.parse().unwrap()
}

/// Connects the tenant of a caller to a company.
pub(crate) async fn connect(stack: &Stack, caller: &Caller, company: &str) {
    let owner = RealmOwner { tenant: caller.key.tenant.clone(), mode: caller.key.mode };
    let connection = Connection {
        realm: realm(company),
        company: "Acme".into(),
        home_currency: "USD".parse::<Currency>().unwrap(),
        is_multicurrency: false,
        environment: "sandbox".into(),
        secret: "acme".into(),
        connected_at: Timestamp::from_millis(0),
        settings: MirrorSettings::default(),
    };
    stack.store.connection_put(&owner, &connection).await.unwrap();
}

/// Returns the hints of a tenant about a company: entity, id and merged id, in order of key.
async fn hints(stack: &Stack, caller: &Caller, company: &str) -> Vec<(&'static str, String, Option<String>)> {
    let hints = stack.store.mirror_hints(&caller.key.tenant(), &realm(company)).await.unwrap();
    let text = |id: QuickBooksId| id.as_str().to_owned();
    let hint = |Hint { entity, id, merged_id, .. }: Hint| (entity.as_str(), text(id), merged_id.map(text));
    hints.into_iter().map(hint).collect()
}

/// Sends a signed delivery.
async fn deliver(stack: &Stack, body: &Value) -> Response {
    send_signed(stack, body.to_string()).await
}

/// Sends any bytes with their signature.
async fn send_signed(stack: &Stack, body: impl Into<Vec<u8>>) -> Response {
    let body = body.into();
    stack.send_anonymously(Method::POST, WEBHOOK, &[(signature::HEADER, &signed(&body))], body).await
}

/// An event in the newer format, with the members that Intuit documents.
fn cloud_event(company: &str, kind: &str, id: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": "88cd52aa-33b6-4351-9aa4-47572edbd068", "source": "intuit.dsnBgbse",
        "type": format!("qbo.{kind}.v1"), "time": "2025-09-10T21:31:25.179851517Z", "intuitentityid": id,
        "intuitaccountid": company, "data": data,
    })
}

/// An update of a customer, in the newer format.
fn update(company: &str, id: &str) -> Value {
    cloud_event(company, "customer.updated", id, json!({}))
}
