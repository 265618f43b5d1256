//! Webhooks as they arrive: both formats, the signature, retries, and who causes them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use clientele_infra_quickbooks::webhooks::signature;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::client::Client;

type Statuses = Arc<Mutex<VecDeque<u16>>>;

/// An endpoint that receives webhooks and answers with ordered statuses, then 200.
struct Endpoint {
    url: String,
    received: mpsc::UnboundedReceiver<(String, Bytes)>,
}

async fn endpoint(statuses: &[u16]) -> Endpoint {
    let (sender, received) = mpsc::unbounded_channel();
    let statuses: Statuses = Arc::new(Mutex::new(statuses.iter().copied().collect()));
    let receive =
        async |State((sender, statuses)): State<(mpsc::UnboundedSender<(String, Bytes)>, Statuses)>,
               headers: HeaderMap,
               body: Bytes| {
            let signature = headers["intuit-signature"].to_str().unwrap().to_owned();
            sender.send((signature, body)).unwrap();
            StatusCode::from_u16(statuses.lock().unwrap().pop_front().unwrap_or(200)).unwrap()
        };
    let router = Router::new().route("/w", post(receive)).with_state((sender, statuses));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/w", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Endpoint { url, received }
}

impl Endpoint {
    async fn next(&mut self, client: &Client) -> Value {
        let (received, body) = self.received.recv().await.unwrap();
        assert_eq!(received, signature(&client.ready.verifier_token, &body));
        serde_json::from_slice(&body).unwrap()
    }

    async fn register(&self, client: &Client, format: Option<&str>) {
        let mut body = json!({ "url": self.url });
        if let Some(format) = format {
            body["format"] = format.into();
        }
        client.control(Method::POST, "/stand-in/webhook", body).await;
    }
}

#[tokio::test]
async fn writes_and_edits_send_signed_webhooks_in_both_formats() {
    let client = Client::start().await;
    let mut endpoint = endpoint(&[]).await;
    endpoint.register(&client, None).await;
    let id = client.save("Customer", json!({ "DisplayName": "Ann" })).await["Id"].clone();
    let event = endpoint.next(&client).await[0].clone();
    assert_eq!((&event["type"], &event["intuitentityid"]), (&json!("qbo.customer.created.v1"), &id));
    assert_eq!(event["intuitaccountid"], client.ready.realm_id);

    endpoint.register(&client, Some("events")).await;
    client.edit("Customer", "merge", json!({ "Id": "1", "deletedId": id })).await;
    let body = endpoint.next(&client).await;
    let entities = body["eventNotifications"][0]["dataChangeEvent"]["entities"].clone();
    assert_eq!(entities.as_array().unwrap().len(), 1, "{entities}");
    assert_eq!((&entities[0]["operation"], &entities[0]["deletedId"]), (&json!("Merge"), &id));
}

#[tokio::test]
async fn refused_webhook_is_repeated_when_it_is_due() {
    let client = Client::start().await;
    client.control(Method::POST, "/stand-in/clock", json!({ "speed": 0 })).await;
    let mut endpoint = endpoint(&[500, 503]).await;
    endpoint.register(&client, None).await;
    client.save("Customer", json!({ "DisplayName": "Ann" })).await;
    let first = endpoint.next(&client).await;
    for seconds in [10, 20] {
        while waiting(&client).await != (1, true) {
            tokio::task::yield_now().await;
        }
        client.advance(seconds).await;
        assert_eq!(endpoint.next(&client).await, first);
    }
    while waiting(&client).await.0 != 0 {
        tokio::task::yield_now().await;
    }
}

/// Returns the number of events that wait, and whether their next attempt is planned.
async fn waiting(client: &Client) -> (u64, bool) {
    let state = client.stand_in.lock();
    let due = state.webhooks.due(state.now(), "1", &state.switches);
    (state.webhooks.waiting() as u64, matches!(due, Some(Err(_))))
}

#[tokio::test]
async fn self_echo_can_be_switched_off_but_a_persons_edit_is_sent() {
    let client = Client::start().await;
    client.switch("webhook_self_echo", json!(false)).await;
    let mut endpoint = endpoint(&[]).await;
    endpoint.register(&client, None).await;
    client.save("Customer", json!({ "DisplayName": "Ann" })).await;
    client.edit("Customer", "create", json!({ "DisplayName": "Bob" })).await;
    let events = endpoint.next(&client).await;
    assert_eq!(events.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn new_endpoint_does_not_wait_for_the_former_one() {
    let client = Client::start().await;
    client.control(Method::POST, "/stand-in/clock", json!({ "speed": 0 })).await;
    let (sender, mut received) = mpsc::unbounded_channel();
    let hang = async |State(sender): State<mpsc::UnboundedSender<()>>| {
        sender.send(()).unwrap();
        std::future::pending::<()>().await;
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/w", listener.local_addr().unwrap());
    let router = Router::new().route("/w", post(hang)).with_state(sender);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    client.control(Method::POST, "/stand-in/webhook", json!({ "url": url })).await;
    let id = client.save("Customer", json!({ "DisplayName": "Ann" })).await["Id"].clone();
    received.recv().await.unwrap();
    let mut other = endpoint(&[]).await;
    other.register(&client, None).await;
    let body = tokio::time::timeout(Duration::from_secs(30), other.next(&client)).await.unwrap();
    assert_eq!(body[0]["intuitentityid"], id);
}
