//! Connecting a company by a person's consent, and ending that.

use std::sync::Arc;

use clientele_shared::Ambient;
use clientele_shared::model::Timestamp;
use clientele_sync_agent::quickbooks::QuickBooks;
use clientele_sync_agent::quickbooks::oauth::{OAuth, OAuthError, authorize_url, random_state};
use clientele_sync_agent::quickbooks::transport::{Transport, TransportError};
use http::Method;
use serde_json::json;

use crate::stand_in::{Company, MemorySecrets};

const REDIRECT: &str = "http://127.0.0.1:9/callback";

pub(crate) fn oauth(company: &Company) -> OAuth {
    let transport = Arc::clone(&company.transport) as Arc<dyn Transport>;
    OAuth::new(transport, company.addresses(), Ambient::system())
}

/// Sends the form of the page behind an authorization URL, and returns the URL that the browser is sent to.
pub(crate) async fn decide(company: &Company, url: &str, decision: &str) -> String {
    let path = url.strip_prefix(&company.ready.url).unwrap();
    let page = company.control(Method::GET, path, String::new()).await;
    assert_eq!(page.status(), 200);
    let form = format!("{}&decision={decision}", url.split_once('?').unwrap().1);
    let response = company.control(Method::POST, "/connect/oauth2", form).await;
    response.headers()["location"].to_str().unwrap().to_owned()
}

fn parameter(url: &str, name: &str) -> Option<String> {
    let url: url::Url = url.parse().unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn consent_gives_tokens_that_work_until_they_are_revoked() {
    let company = Company::start().await;
    let state = random_state().unwrap();
    assert_ne!(state, random_state().unwrap());
    let url = authorize_url(&company.addresses(), &company.ready.client_id, REDIRECT, &state);
    let target = decide(&company, &url, "allow").await;
    assert_eq!(parameter(&target, "state"), Some(state));
    let code = parameter(&target, "code").unwrap();
    let (id, secret) = (&company.ready.client_id, &company.ready.client_secret);
    let secrets = oauth(&company).exchange_code(id, secret, &code, REDIRECT).await.unwrap();
    let days = |at: Option<Timestamp>| Timestamp::now().days_until(at.unwrap());
    assert!((99..=102).contains(&days(secrets.refresh_expires_at)));
    assert!((1824..=1826).contains(&days(secrets.hard_expires_at)));
    let again = oauth(&company).exchange_code(id, secret, &code, REDIRECT).await;
    assert_eq!(again.unwrap_err(), OAuthError::Ended);

    let mut config = company.config();
    config.secrets = MemorySecrets::with(Some(secrets.clone()));
    config.realm_id = parameter(&target, "realmId").unwrap();
    let info = QuickBooks::new(config).company().await.unwrap();
    assert_eq!((info.name.as_str(), info.home_currency.as_str()), ("Blue Lagoon Pool Service", "USD"));
    assert!(!info.is_multicurrency);
    for _ in 0..2 {
        oauth(&company).revoke(&secrets).await.unwrap();
    }
    assert_eq!(oauth(&company).refresh(&secrets).await.unwrap_err(), OAuthError::Ended);
}

#[tokio::test]
async fn wrong_client_secret_and_faulty_endpoint_are_distinguished() {
    let company = Company::start().await;
    let good = company.secrets.get();
    let mut wrong = good.clone();
    wrong.client_secret = "hush".into();
    let oauth = oauth(&company);
    assert_eq!(oauth.refresh(&wrong).await.unwrap_err(), OAuthError::Client);
    assert_eq!(oauth.revoke(&wrong).await.unwrap_err(), OAuthError::Client);
    company.fault(json!({ "match": { "path": "/oauth2/v1/tokens/bearer" }, "do": "status_503" }));
    let error = oauth.refresh(&good).await.unwrap_err();
    assert_eq!(error, OAuthError::Unavailable { status: Some(503), reason: "HTTP 503".into() });
    company.transport.fail(vec![TransportError::Unreachable]);
    assert_eq!(oauth.refresh(&good).await.unwrap_err(), OAuthError::Unreachable);
    assert!(!format!("{oauth:?} {good:?}").contains(&good.client_secret));
    assert_eq!(oauth.refresh(&good).await.unwrap().refresh_token, good.refresh_token);
}
