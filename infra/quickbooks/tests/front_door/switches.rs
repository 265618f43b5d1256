//! Unconfirmed behaviours that no other test switches.

use http::Method;
use serde_json::{Value, json};

use crate::client::Client;

#[tokio::test]
async fn list_has_name_value_default_choices_and_source() {
    let client = Client::start_throttled().await;
    let list = client.control(Method::GET, "/stand-in/switches", json!({})).await;
    let list = list.as_array().unwrap();
    assert!(list.len() > 30);
    for switch in list {
        for field in ["name", "value", "default", "choices", "source"] {
            assert!(switch.get(field).is_some(), "{field}: {switch}");
        }
    }
}

#[tokio::test]
async fn blank_values_clear_a_field_as_switched() {
    let client = Client::start().await;
    for (setting, clears_empty, clears_null) in [
        ("empty_or_null", true, true),
        ("empty", true, false),
        ("null", false, true),
        ("never", false, false),
    ] {
        client.switch("sparse_clear", json!(setting)).await;
        for (value, clears) in [(json!(""), clears_empty), (json!(null), clears_null)] {
            let name = format!("{setting} {value}");
            let id =
                client.save("Customer", json!({ "DisplayName": name, "Notes": "n" })).await["Id"].clone();
            let update =
                json!({ "Id": id, "SyncToken": "0", "sparse": true, "Notes": value, "DisplayName": value });
            let updated = client.save("Customer", update).await;
            assert_eq!(updated.get("Notes").is_none(), clears, "{name}");
            assert_eq!(updated["DisplayName"], name);
        }
    }
}

#[tokio::test]
async fn partial_address_replaces_or_is_merged() {
    let client = Client::start().await;
    for (setting, line, name) in [("replace", json!(null), "A"), ("merge", json!("1 Main"), "B")] {
        client.switch("sparse_sub_object", json!(setting)).await;
        let body = json!({ "DisplayName": name, "BillAddr": { "Line1": "1 Main", "City": "Tampa" } });
        let created = client.save("Customer", body).await;
        let update =
            json!({ "Id": created["Id"], "SyncToken": "0", "sparse": true, "BillAddr": { "City": "Miami" } });
        let updated = client.save("Customer", update).await["BillAddr"].clone();
        assert_eq!((&updated["City"], &updated["Line1"]), (&json!("Miami"), &line), "{setting}");
        assert_eq!(updated["Id"], created["BillAddr"]["Id"]);
    }
}

#[tokio::test]
async fn suffix_balance_characters_and_length_rules_follow_their_switches() {
    let client = Client::start().await;
    client.switch("deleted_suffix", json!(false)).await;
    let deactivate = |id: &Value| json!({ "Id": id, "SyncToken": "0", "sparse": true, "Active": false });
    let ann = client.save("Customer", json!({ "DisplayName": "Ann" })).await;
    assert_eq!(client.save("Customer", deactivate(&ann["Id"])).await["DisplayName"], "Ann");
    client.switch("deactivate_with_balance", json!("refused")).await;
    let bob = client.save("Customer", json!({ "DisplayName": "Bob", "Balance": 1 })).await;
    assert_eq!(client.refused("Customer", deactivate(&bob["Id"])).await, "6000");
    client.switch("character_set", json!("iso_8859_1")).await;
    assert_eq!(client.refused("Customer", json!({ "DisplayName": "\u{1f3ca}" })).await, "2040");
    client.save("Customer", json!({ "DisplayName": "Zo\u{eb}" })).await;
    client.switch("display_name_max", json!(100)).await;
    assert_eq!(client.refused("Customer", json!({ "DisplayName": "x".repeat(101) })).await, "2050");
    client.switch("unsupported_property", json!("ignore")).await;
    assert_eq!(
        client.save("Customer", json!({ "DisplayName": "C", "Nonsense": 1 })).await.get("Nonsense"),
        None
    );
}

#[tokio::test]
async fn changed_balance_touches_its_customer_as_switched() {
    let client = Client::start().await;
    let ann = client.save("Customer", json!({ "DisplayName": "Ann" })).await;
    let line = json!({ "Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {} });
    let invoice = json!({ "CustomerRef": { "value": ann["Id"] }, "Line": [line] });
    for (setting, has_new_time, token) in [("nothing", false, "0"), ("time", true, "0"), ("token", true, "1")]
    {
        client.switch("balance_touches_customer", json!(setting)).await;
        let before = client.read("Customer", &ann["Id"]).await;
        client.advance(5).await;
        client.save("Invoice", invoice.clone()).await;
        let after = client.read("Customer", &ann["Id"]).await;
        assert_eq!(before["MetaData"] != after["MetaData"], has_new_time, "{setting}");
        assert_eq!(after["SyncToken"], token, "{setting}");
    }
}

#[tokio::test]
async fn order_and_repetition_in_a_batch_follow_their_switches() {
    let client = Client::start().await;
    let items = |id: &str, token: &str| {
        let update = |bid: &str, token: &str| {
            let customer = json!({ "Id": id, "SyncToken": token, "sparse": true, "Notes": bid });
            json!({ "bId": bid, "operation": "update", "Customer": customer })
        };
        let next = (token.parse::<u32>().unwrap() + 1).to_string();
        json!({ "BatchItemRequest": [update("1", token), update("2", &next)] })
    };
    let codes = async |body: Value| {
        let response = client.post("batch", body).await.json();
        let items = response["BatchItemResponse"].as_array().unwrap().clone();
        items
            .iter()
            .map(|item| item["Fault"]["Error"][0]["code"].as_str().unwrap_or("ok").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(items("1", "0")).await, ["ok", "ok"]);
    client.switch("batch_same_entity", json!("first_only")).await;
    assert_eq!(codes(items("1", "2")).await, ["ok", "5010"]);
    client.switch("batch_order", json!("reversed")).await;
    assert_eq!(codes(items("2", "0")).await, ["5010", "5010"]);
}

#[tokio::test]
async fn request_id_is_forgotten_as_switched() {
    let client = Client::start().await;
    client.switch("request_id_memory_seconds", json!(60)).await;
    let body = json!({ "DisplayName": "Ann" });
    client.post("customer?requestid=r", body.clone()).await;
    client.advance(59).await;
    assert_eq!(client.post("customer?requestid=r", body.clone()).await.status, 200);
    client.advance(61).await;
    assert_eq!(client.post("customer?requestid=r", body).await.code(), "6240");
}
