//! Tests of the events of a delivery.

use serde_json::{Value, json};

use super::*;

fn parsed(body: &Value) -> Events {
    parse(body.to_string().as_bytes()).unwrap()
}

fn change(realm: &str, entity: MirroredEntity, id: &str, merged_id: Option<&str>) -> Option<Change> {
    let merged_id = merged_id.map(|id| id.parse().unwrap());
    Some(Change { realm: realm.parse().unwrap(), entity, id: id.parse().unwrap(), merged_id })
}

/// Source: Intuit's blog of 2025-11-12 on the change of the webhooks' payload.
fn cloud_event(kind: &str, id: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": "88cd52aa-33b6-4351-9aa4-47572edbd068", "source": "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=",
        "type": kind, "time": "2025-09-10T21:31:25.179851517Z", "intuitentityid": id, "intuitaccountid": "310687",
        "data": data,
    })
}

#[test]
fn cloud_events_of_all_operations_are_read() {
    use MirroredEntity::{Customer, SalesReceipt};
    let mut with_type = cloud_event("qbo.customer.created.v1", "1234", json!({}));
    with_type["datacontenttype"] = "application/json".into();
    let events = parsed(&json!([
        with_type,
        cloud_event("qbo.customer.deleted.v1", "5", json!({"deletedid": "6"})),
        cloud_event("qbo.customer.merged.v1", "7", json!({"deletedid": "8", "alternative_ids": [1]})),
        cloud_event("qbo.customer.merged.v1", "7", json!({"deletedId": 9})),
        cloud_event("qbo.customer.merged.v1", "7", json!(null)),
        cloud_event("qbo.salesreceipt.updated.v2", "10", json!({})),
    ]));
    let expected = [
        change("310687", Customer, "1234", None),
        change("310687", Customer, "5", None),
        change("310687", Customer, "7", Some("8")),
        change("310687", Customer, "7", Some("9")),
        change("310687", Customer, "7", None),
        change("310687", SalesReceipt, "10", None),
    ];
    assert_eq!(events, expected);
}

#[test]
fn older_format_is_read_with_several_companies() {
    let entity = |name: &str, operation: &str| json!({"name": name, "id": "1", "operation": operation, "lastUpdated": "2025-09-08T20:52:31.657Z", "deletedId": "2"});
    let notification =
        |realm: &str, entities: Value| json!({"realmId": realm, "dataChangeEvent": {"entities": entities}});
    let events = parsed(&json!({"eventNotifications": [
        notification("310687", json!([entity("Customer", "Create"), entity("Item", "Merge")])),
        notification("310688", json!([entity("Invoice", "Void")])),
    ]}));
    let expected = [
        change("310687", MirroredEntity::Customer, "1", None),
        change("310687", MirroredEntity::Item, "1", Some("2")),
        change("310688", MirroredEntity::Invoice, "1", None),
    ];
    assert_eq!(events, expected);
}

#[test]
fn unknown_entities_and_invalid_ids_are_left_out() {
    let events = [
        json!([{"type": "qbo.vendor.updated.v1", "intuitentityid": "1", "intuitaccountid": "2"}]),
        json!([{"type": "other.customer.updated.v1", "intuitentityid": "1", "intuitaccountid": "2"}]),
        json!([{"type": "qbo.customer", "intuitentityid": "1", "intuitaccountid": "2"}]),
        json!([{"type": 7, "intuitentityid": "1", "intuitaccountid": "2"}]),
        json!([{"type": "qbo.customer.updated.v1", "intuitentityid": "a#b", "intuitaccountid": "2"}]),
        json!([{"type": "qbo.customer.updated.v1", "intuitentityid": [], "intuitaccountid": "2"}]),
        json!([{"type": "qbo.customer.updated.v1", "intuitaccountid": "2"}]),
        json!([{"type": "qbo.customer.updated.v1", "intuitentityid": "1", "intuitaccountid": "../2"}]),
        json!([{"type": "qbo.customer.updated.v1", "intuitentityid": "1"}]),
        json!({"eventNotifications": [{"realmId": "", "dataChangeEvent": {"entities": [{"name": "Customer", "id": "1"}]}}]}),
        json!({"eventNotifications": [{"realmId": "1", "dataChangeEvent": {"entities": [{"name": "Customer"}]}}]}),
        json!({"eventNotifications": [{"realmId": "1", "dataChangeEvent": {"entities": [{"name": "Bill", "id": "1"}]}}]}),
    ];
    for body in events {
        assert_eq!(parsed(&body), [None], "{body}");
    }
    let merge = json!([cloud_event("qbo.customer.merged.v1", "7", json!({"deletedid": "a b"}))]);
    assert_eq!(parsed(&merge), [change("310687", MirroredEntity::Customer, "7", None)]);
    let with_itself = json!([cloud_event("qbo.customer.merged.v1", "7", json!({"deletedid": "7"}))]);
    assert_eq!(parsed(&with_itself), [change("310687", MirroredEntity::Customer, "7", None)]);
    assert_eq!(parsed(&json!([])), []);
    assert_eq!(parsed(&json!({"eventNotifications": []})), []);
}

#[test]
fn other_bodies_are_refused_without_showing_them() {
    for (body, expected) in [
        ("", "The body is not JSON: it is invalid at line 1, column 0."),
        ("[secret]", "The body is not JSON: it is invalid at line 1, column 2."),
        ("\u{feff}[]", "The body is not JSON: it is invalid at line 1, column 1."),
        ("[]]", "The body is not JSON: it is invalid at line 1, column 3."),
        ("\"secret\"", "The body must be a list of CloudEvents"),
        ("null", "The body must be a list of CloudEvents"),
        ("{\"secret\":[]}", "an object with the list eventNotifications."),
        ("{\"eventNotifications\":7}", "an object with the list eventNotifications."),
        ("[{\"type\":\"x\"},7]", "Element 2 of the list must be an object with the member type."),
        ("[[\"x\"]]", "Element 1 of the list must be an object with the member type."),
        ("[{}]", "Element 1 of the list must be an object with the member type."),
        (
            "{\"eventNotifications\":[{}]}",
            "Element 1 of eventNotifications must be an object with realmId and the list",
        ),
        (
            "{\"eventNotifications\":[{\"realmId\":\"1\",\"dataChangeEvent\":{\"entities\":[{\"name\":\"Bill\"},[]]}}]}",
            "Element 2 of dataChangeEvent.entities must be an object with the member name.",
        ),
    ] {
        let error = parse(body.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("secret"), "{body}: {error}");
    }
    assert!(parse(b"[\"\xff\"]").is_err());
    let deep = "[".repeat(500_000) + &"]".repeat(500_000);
    assert!(parse(deep.as_bytes()).is_err());
}
