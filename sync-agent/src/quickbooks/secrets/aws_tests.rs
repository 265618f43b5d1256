//! Secrets Manager, as far as this store uses it, in a server of this process.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use aws_sdk_s3::config::Credentials;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Region};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::super::example;
use super::*;

/// Texts by name, and whether each is being deleted.
type Stored = Arc<Mutex<BTreeMap<String, (String, bool)>>>;

async fn respond(State(stored): State<Stored>, headers: HeaderMap, body: String) -> Response {
    let target = headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap().to_owned();
    let body: Value = serde_json::from_str(&body).unwrap();
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
    let refuse =
        |kind: &str| (StatusCode::BAD_REQUEST, json!({ "__type": kind }).to_string()).into_response();
    let mut stored = stored.lock().unwrap();
    let name = if target == "CreateSecret" { text("Name") } else { text("SecretId") };
    if name == "forbidden" {
        return refuse("AccessDeniedException");
    }
    match (target.as_str(), stored.get_mut(&name)) {
        ("CreateSecret", None) => drop(stored.insert(name, (text("SecretString"), false))),
        (_, None) => return refuse("ResourceNotFoundException"),
        ("RestoreSecret", Some(secret)) => secret.1 = false,
        (_, Some((_, true))) => return refuse("InvalidRequestException"),
        ("GetSecretValue", Some((secret, _))) => {
            return json!({ "Name": name, "SecretString": secret }).to_string().into_response();
        }
        ("PutSecretValue", Some(secret)) => secret.0 = text("SecretString"),
        ("DeleteSecret", Some(secret)) => {
            assert_eq!(body["RecoveryWindowInDays"], 7);
            secret.1 = true;
        }
        (other, _) => panic!("unexpected call {other}"),
    }
    "{}".into_response()
}

async fn store() -> AwsSecrets {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(respond).with_state(Stored::default());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "secret", None, None, "local"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(url);
    AwsSecrets::new(Client::from_conf(config.build()))
}

#[tokio::test]
async fn secrets_are_created_replaced_deleted_and_restored() {
    let store = store().await;
    let name = "clientele/demo/live/quickbooks";
    assert_eq!(store.load(name).await.unwrap(), None);
    store.delete(name).await.unwrap();
    store.save(name, &example()).await.unwrap();
    let newer = Secrets { refresh_token: "newer".into(), ..example() };
    store.save(name, &newer).await.unwrap();
    assert_eq!(store.load(name).await.unwrap(), Some(newer));
    for _ in 0..2 {
        store.delete(name).await.unwrap();
        assert_eq!(store.load(name).await.unwrap(), None);
    }
    store.save(name, &example()).await.unwrap();
    assert_eq!(store.load(name).await.unwrap(), Some(example()));
}

#[tokio::test]
async fn denied_call_names_the_secret_and_shows_nothing_of_it() {
    let error = store().await.save("forbidden", &example()).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("forbidden") && shown.contains("AccessDenied") && !shown.contains("hush"),
        "{shown}"
    );
}
