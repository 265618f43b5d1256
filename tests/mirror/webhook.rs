//! `quickbooks-webhook`: POST /quickbooks/webhook.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use clientele_functions_common::VerifierToken;
use clientele_infra_quickbooks::value::Object;
use clientele_infra_quickbooks::webhooks::Endpoint;
use clientele_infra_quickbooks::{Options, Server, control};
use clientele_shared::model::{Mode, Timestamp};
use http::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{COMPANY, cloud_event, connect, deliver, hints, realm, signed, update};
use crate::support::{Calls, Stack};

pub(super) const WEBHOOK: &str = "/quickbooks/webhook";

/// A company of another tenant.
const OTHER: &str = "9341453908217615";

fn hint(entity: &'static str, id: &str) -> (&'static str, String, Option<String>) {
    (entity, id.to_owned(), None)
}

fn merge(id: &str, merged: &str) -> (&'static str, String, Option<String>) {
    ("Customer", id.to_owned(), Some(merged.to_owned()))
}

fn received(count: usize) -> Value {
    json!({ "received": count })
}

/// A change in the older format: entity, id and operation.
type Entity<'a> = (&'a str, &'a str, &'a str);

/// A delivery in the older format.
fn older(companies: &[(&str, &[Entity<'_>])]) -> Value {
    let entity = |(name, id, operation): &Entity<'_>| {
        let at = "2025-09-08T20:52:31.657Z";
        json!({"name": name, "id": id, "operation": operation, "lastUpdated": at})
    };
    let notification = |(company, entities): &(&str, &[Entity<'_>])| {
        let entities: Vec<Value> = entities.iter().map(entity).collect();
        json!({"realmId": company, "dataChangeEvent": {"entities": entities}})
    };
    json!({ "eventNotifications": companies.iter().map(notification).collect::<Vec<_>>() })
}

#[tokio::test]
async fn both_formats_become_hints_of_the_connected_tenant() {
    let stack = Stack::start().await;
    connect(&stack, &stack.acme, COMPANY).await;
    let mut with_type = cloud_event(COMPANY, "customer.created", "1", json!({"alternative_ids": []}));
    with_type["datacontenttype"] = "application/json".into();
    let receipt = cloud_event(COMPANY, "salesreceipt.deleted", "7", json!({}));
    let response = deliver(&stack, &json!([with_type, receipt])).await;
    assert_eq!(response.expect(200), received(2));
    assert_eq!(response.header("content-type"), "application/json; charset=utf-8");
    assert!(!response.header("x-request-id").is_empty());
    let body = older(&[(COMPANY, &[("Invoice", "3", "Void"), ("Item", "4", "Create")])]);
    assert_eq!(deliver(&stack, &body).await.expect(200), received(2));
    let expected =
        [hint("Customer", "1"), hint("Invoice", "3"), hint("Item", "4"), hint("SalesReceipt", "7")];
    assert_eq!(hints(&stack, &stack.acme, COMPANY).await, expected);
    let stored = stack.store.mirror_hints(&stack.tenant(), &realm(COMPANY)).await.unwrap();
    assert!(stored.iter().all(|hint| hint.at == Timestamp::from_millis(1_894_703_400_000)), "{stored:?}");
}

#[tokio::test]
async fn companies_of_one_delivery_reach_their_tenants_and_no_other() {
    let calls = Calls::default();
    let recorder = calls.clone();
    let stack = Stack::start_with(|config| config.interceptor(recorder)).await;
    let bolt = stack.caller("bolt", Mode::Test, "read").await;
    let live = stack.caller("bolt", Mode::Live, "read").await;
    connect(&stack, &stack.acme, COMPANY).await;
    connect(&stack, &bolt, OTHER).await;
    let body = older(&[
        (COMPANY, &[("Customer", "1", "Update"), ("Vendor", "2", "Update")]),
        ("4620816365", &[("Customer", "9", "Update")]),
        (OTHER, &[("Customer", "1", "Update"), ("Payment", "5", "Create")]),
        (COMPANY, &[("Customer", "6", "Delete"), ("Customer", "a#b", "Update")]),
    ]);
    drop(calls.take());
    assert_eq!(deliver(&stack, &body).await.expect(200), received(4));
    let operations: Vec<&str> = calls.take().iter().map(|call| call.operation).collect();
    assert_eq!(operations, ["GetItem", "GetItem", "GetItem", "BatchWriteItem"]);
    assert_eq!(hints(&stack, &stack.acme, COMPANY).await, [hint("Customer", "1"), hint("Customer", "6")]);
    assert_eq!(hints(&stack, &bolt, OTHER).await, [hint("Customer", "1"), hint("Payment", "5")]);
    for (caller, company) in [(&stack.acme, OTHER), (&bolt, COMPANY), (&live, OTHER), (&live, COMPANY)] {
        assert_eq!(hints(&stack, caller, company).await, [], "{company}");
    }
}

#[tokio::test]
async fn unknown_companies_and_entities_are_acknowledged() {
    let stack = Stack::start().await;
    let vendor = cloud_event(COMPANY, "vendor.updated", "1", json!({}));
    for body in
        [json!([]), older(&[]), json!([update(COMPANY, "1")]), json!([vendor]), older(&[(OTHER, &[])])]
    {
        assert_eq!(deliver(&stack, &body).await.expect(200), received(0), "{body}");
    }
    assert_eq!(hints(&stack, &stack.acme, COMPANY).await, []);
}

#[tokio::test]
async fn merges_are_kept_whatever_arrives_later() {
    let stack = Stack::start().await;
    connect(&stack, &stack.acme, COMPANY).await;
    let merged = |data: Value| cloud_event(COMPANY, "customer.merged", "1", data);
    assert_eq!(deliver(&stack, &json!([merged(json!({"deletedid": "2"}))])).await.expect(200), received(1));
    assert_eq!(hints(&stack, &stack.acme, COMPANY).await, [merge("1", "2")]);
    // Without the id, only the object that is left is known.
    assert_eq!(deliver(&stack, &json!([merged(json!({}))])).await.expect(200), received(1));
    let mut body = older(&[(COMPANY, &[("Customer", "1", "Merge")])]);
    body["eventNotifications"][0]["dataChangeEvent"]["entities"][0]["deletedId"] = "3".into();
    assert_eq!(deliver(&stack, &body).await.expect(200), received(1));
    // A change of a removed object can arrive after the merge.
    assert_eq!(deliver(&stack, &json!([update(COMPANY, "2")])).await.expect(200), received(1));
    let expected = [hint("Customer", "1"), hint("Customer", "2"), merge("1", "2"), merge("1", "3")];
    assert_eq!(hints(&stack, &stack.acme, COMPANY).await, expected);
    for hint in stack.store.mirror_hints(&stack.tenant(), &realm(COMPANY)).await.unwrap() {
        stack.store.mirror_hint_delete(&stack.tenant(), &realm(COMPANY), &hint).await.unwrap();
    }
    assert_eq!(hints(&stack, &stack.acme, COMPANY).await, []);
}

#[tokio::test]
async fn repeated_and_reordered_events_are_one_hint_each() {
    let stack = Stack::start().await;
    connect(&stack, &stack.acme, COMPANY).await;
    let first = json!([update(COMPANY, "1"), update(COMPANY, "2"), update(COMPANY, "1")]);
    assert_eq!(deliver(&stack, &first).await.expect(200), received(2));
    stack.clock.advance_seconds(10);
    let (deleted, created) = (
        cloud_event(COMPANY, "customer.deleted", "2", json!({})),
        cloud_event(COMPANY, "customer.created", "2", json!({})),
    );
    assert_eq!(deliver(&stack, &json!([deleted, created])).await.expect(200), received(1));
    assert_eq!(deliver(&stack, &first).await.expect(200), received(2));
    assert_eq!(hints(&stack, &stack.acme, COMPANY).await, [hint("Customer", "1"), hint("Customer", "2")]);
}

#[tokio::test]
async fn large_delivery_is_stored_completely() {
    let stack = Stack::start().await;
    connect(&stack, &stack.acme, COMPANY).await;
    let ids: Vec<String> = (1..=130).map(|n| n.to_string()).collect();
    let body: Value = ids.iter().map(|id| update(COMPANY, id)).collect();
    assert_eq!(deliver(&stack, &body).await.expect(200), received(130));
    assert_eq!(hints(&stack, &stack.acme, COMPANY).await.len(), 130);
}

#[tokio::test]
async fn unsigned_and_altered_bodies_are_refused_before_the_table_is_used() {
    let calls = Calls::default();
    let recorder = calls.clone();
    let stack = Stack::start_with(|config| config.interceptor(recorder)).await;
    connect(&stack, &stack.acme, COMPANY).await;
    let body = json!([update(COMPANY, "1")]).to_string();
    let valid = signed(body.as_bytes());
    let of_other_token = clientele_infra_quickbooks::webhooks::signature("another", body.as_bytes());
    let mut altered = body.clone().into_bytes();
    altered[20] ^= 1;
    let key = format!("Bearer {}", stack.acme.secret);
    let header = "intuit-signature";
    drop(calls.take());
    let mut bodies = Vec::new();
    for (headers, sent) in [
        (vec![], body.as_bytes()),
        (vec![("authorization", key.as_str())], body.as_bytes()),
        (vec![(header, "")], body.as_bytes()),
        (vec![(header, "no base64")], body.as_bytes()),
        (vec![(header, &valid[..43])], body.as_bytes()),
        (vec![(header, of_other_token.as_str())], body.as_bytes()),
        (vec![(header, valid.as_str())], &altered),
        (vec![(header, valid.as_str())], format!("{body}\n").as_bytes()),
        (vec![(header, valid.as_str())], b""),
        (vec![(header, valid.as_str())], b"[broken"),
    ] {
        let response = stack.send_anonymously(Method::POST, WEBHOOK, &headers, sent).await;
        bodies.push(response.expect(401));
    }
    assert!(bodies.windows(2).all(|two| two[0] == two[1]), "{bodies:#?}");
    assert!(bodies[0]["error"].as_str().unwrap().contains("intuit-signature"), "{}", bodies[0]);
    assert!(calls.take().is_empty());
    assert_eq!(hints(&stack, &stack.acme, COMPANY).await, []);
    let response = stack.send_anonymously(Method::POST, WEBHOOK, &[(header, valid.as_str())], body).await;
    assert_eq!(response.expect(200), received(1));
}

#[tokio::test]
async fn edit_in_the_stand_in_arrives_as_a_hint() {
    let server = Server::start(&Options::default()).await.unwrap();
    let stand_in = Arc::clone(server.stand_in());
    let ready = stand_in.ready();
    let token = VerifierToken::new(ready.verifier_token.clone()).unwrap();
    let with_token = |app: clientele_functions_common::App| app.with_verifier_token(Some(token));
    let stack = Arc::new(Stack::start_customized(|config| config, with_token, |_, f| f).await);
    connect(&stack, &stack.acme, &ready.realm_id).await;
    let (url, mut statuses) = listen(Arc::clone(&stack)).await;
    stand_in
        .lock()
        .webhooks
        .set_endpoint(Some(Endpoint { url: format!("{url}/prod{WEBHOOK}"), format: None }));
    let server = tokio::spawn(server.run(std::future::pending()));
    for (edit, expected) in [
        (
            r#"{"entity":"Customer","operation":"update","object":{"Id":"1","Notes":"n"}}"#,
            vec![hint("Customer", "1")],
        ),
        (
            r#"{"entity":"Customer","operation":"merge","object":{"Id":"1","deletedId":"2"}}"#,
            vec![hint("Customer", "1"), merge("1", "2")],
        ),
    ] {
        let edit = Object::parse(edit).unwrap().unwrap();
        control::apply_edit(&stand_in, &edit).unwrap_or_else(|fault| panic!("{fault:?}"));
        assert_eq!(statuses.recv().await, Some(200));
        let found = hints(&stack, &stack.acme, &ready.realm_id).await;
        assert!(expected.iter().all(|hint| found.contains(hint)), "{found:?}");
    }
    server.abort();
}

/// Serves the stack on a port of its own; returns its URL and the statuses of its responses.
async fn listen(stack: Arc<Stack>) -> (String, mpsc::UnboundedReceiver<u16>) {
    let (sender, statuses) = mpsc::unbounded_channel();
    let answer = move |request: Request| async move {
        let response = stack.answer(request).await;
        sender.send(response.status().as_u16()).unwrap();
        response
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await.unwrap() });
    (url, statuses)
}
