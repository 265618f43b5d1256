//! The event of the webhook: a change of a customer of a company that is connected to the tenant of the trades functions.

use clientele_infra_quickbooks::webhooks::signature;
use clientele_shared::model::{
    Connection, Currency, MirrorSettings, Mode, RealmId, RealmOwner, TenantId, Timestamp,
};
use clientele_shared::store::Store;
use clientele_shared::{Error, Result};
use serde_json::json;

use crate::scenario::{HttpRequest, Scenario, rest_event};

/// The token with which the events are signed.
pub(crate) const VERIFIER_TOKEN: &str = "7b5a2f0c-verifier-token";

const COMPANY: &str = "9341453908217614";

/// Connects a tenant to a company.
pub(crate) async fn connect(store: &Store, tenant: &TenantId) -> Result<()> {
    let invalid = |e: &dyn std::error::Error| Error::broken(format!("naming the company: {e}"));
    let realm: RealmId = COMPANY.parse().map_err(|e| invalid(&e))?;
    let home_currency: Currency = "USD".parse().map_err(|e| invalid(&e))?;
    let owner = RealmOwner { tenant: tenant.clone(), mode: Mode::Live };
    let connection = Connection {
        realm,
        company: "Bench".to_owned(),
        home_currency,
        is_multicurrency: false,
        environment: "sandbox".to_owned(),
        secret: "bench".to_owned(),
        connected_at: Timestamp::from_millis(0),
        settings: MirrorSettings::default(),
    };
    store.connection_put(&owner, &connection).await
}

/// Returns the scenario of the webhook.
pub(crate) fn scenario() -> Scenario {
    let event = |n: u64| {
        let (path, id) = ("/quickbooks/webhook", format!("{n:08}"));
        let body = json!([{
            "specversion": "1.0", "id": "88cd52aa-33b6-4351-9aa4-47572edbd068", "source": "intuit.dsnBgbse",
            "type": "qbo.customer.updated.v1", "datacontenttype": "application/json",
            "time": "2025-09-10T21:31:25.179851517Z", "intuitentityid": id, "intuitaccountid": COMPANY, "data": {},
        }]);
        let body = body.to_string();
        let signature = signature(VERIFIER_TOKEN, body.as_bytes());
        let headers = [("intuit-signature", signature.as_str())];
        let request = HttpRequest {
            method: "POST",
            resource: path,
            path,
            headers: &headers,
            body: Some(&body),
            ..HttpRequest::default()
        };
        rest_event(&request)
    };
    Scenario { function: "quickbooks-webhook", expected_status: 200, event: Box::new(event), limits: None }
}
