//! Tests of the webhooks' queue and bodies.

use serde_json::{Value, json};

use super::*;
use crate::entities::Kind;

fn event(id: u64, operation: Operation) -> Event {
    let at = "2025-09-10T21:31:25.179851517Z".parse().unwrap();
    let deleted_id = (operation == Operation::Merge).then_some(99);
    Event { kind: Kind::Customer, id, operation, deleted_id, at }
}

fn queue(format: Option<Format>, events: Vec<Event>) -> Webhooks {
    let mut webhooks = Webhooks::default();
    webhooks.set_endpoint(Some(Endpoint { url: "http://127.0.0.1:9/w".to_owned(), format }));
    webhooks.push(events);
    webhooks
}

fn body(webhooks: &Webhooks) -> Value {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let delivery = webhooks.due(now, "310687", &Switches::default()).unwrap().unwrap();
    serde_json::from_str(&delivery.body).unwrap()
}

/// Source: Intuit's blog of 2025-11-12 on the change of the webhooks' payload.
#[test]
fn bodies_have_the_published_forms() {
    let old = body(&queue(Some(Format::Events), vec![event(1234, Operation::Merge)]));
    let entity = json!({
        "id": "1234", "operation": "Merge", "name": "Customer", "lastUpdated": "2025-09-10T21:31:25.179Z", "deletedId": "99",
    });
    let expected = json!({ "eventNotifications": [{ "realmId": "310687", "dataChangeEvent": { "entities": [entity] } }] });
    assert_eq!(old, expected);

    let mut new = body(&queue(None, vec![event(1234, Operation::Update)]));
    let id = new[0]["id"].take();
    assert_eq!(id.as_str().unwrap().len(), 36);
    let source = new[0]["source"].take();
    assert!(source.as_str().unwrap().starts_with("intuit."));
    let expected = json!([{
        "specversion": "1.0", "id": null, "source": null, "type": "qbo.customer.updated.v1",
        "datacontenttype": "application/json", "time": "2025-09-10T21:31:25.179851517Z",
        "intuitentityid": "1234", "intuitaccountid": "310687", "data": {},
    }]);
    assert_eq!(new, expected);
}

#[test]
fn events_wait_for_the_first_and_retries_follow_the_schedule() {
    let mut webhooks = queue(None, vec![event(1, Operation::Create)]);
    let switches = Switches::default();
    let mut now = Timestamp::from_second(1_800_000_000).unwrap();
    let mut waits = Vec::new();
    for _ in 0..11 {
        assert!(webhooks.due(now, "1", &switches).unwrap().is_ok());
        webhooks.fail(now);
        let wait = webhooks.due(now, "1", &switches).unwrap().unwrap_err();
        waits.push(wait.as_secs());
        now += wait;
    }
    assert_eq!(waits, [10, 20, 30, 300, 1200, 7200, 14400, 21600, 21600, 21600, 21600]);
    webhooks.push(vec![event(2, Operation::Create)]);
    let delivery = webhooks.due(now, "1", &switches).unwrap().unwrap();
    assert_eq!(serde_json::from_str::<Value>(&delivery.body).unwrap().as_array().unwrap().len(), 2);
    webhooks.acknowledge(&delivery);
    assert_eq!((webhooks.waiting(), webhooks.due(now, "1", &switches)), (0, None));
}

/// Source: test case 2 of RFC 4231, whose digest is 5bdcc146…; here in base64.
#[test]
fn signature_is_base64_of_hmac_sha256() {
    let signature = signature("Jefe", b"what do ya want for nothing?");
    assert_eq!(signature, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
}
