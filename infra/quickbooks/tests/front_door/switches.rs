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

#[tokio::test]
async fn source_of_a_customer_is_stored_or_ignored() {
    let client = Client::start().await;
    for (setting, name, stored) in [("stored", "A", json!("QBCommerce")), ("ignored", "B", json!(null))] {
        client.switch("customer_source", json!(setting)).await;
        let saved = client.save("Customer", json!({ "DisplayName": name, "Source": "QBCommerce" })).await;
        assert_eq!(saved["Source"], stored, "{setting}");
        let vendor = json!({ "DisplayName": format!("V{name}"), "Source": "x" });
        assert_eq!(client.save("Vendor", vendor).await["Source"], "x", "{setting}");
    }
}

#[tokio::test]
async fn longest_email_follows_its_switch() {
    let client = Client::start().await;
    let with = |length: usize| {
        let email = format!("{}@example.com", "x".repeat(length - 12));
        json!({ "DisplayName": length.to_string(), "PrimaryEmailAddr": { "Address": email } })
    };
    client.save("Customer", with(100)).await;
    assert_eq!(client.refused("Customer", with(101)).await, "2050");
    client.switch("email_max", json!(500)).await;
    client.save("Customer", with(500)).await;
    assert_eq!(client.refused("Customer", with(501)).await, "2050");
}

#[tokio::test]
async fn invalid_numbers_dates_and_times_have_the_code_of_their_switch() {
    let client = Client::start().await;
    for code in ["2030", "2020"] {
        client.switch("invalid_number_code", json!(code)).await;
        let customer = json!({ "DisplayName": "Ann", "Taxable": "perhaps" });
        assert_eq!(client.refused("Customer", customer).await, code);
        assert_eq!(client.get("customer/one").await.code(), code);
        assert_eq!(client.get("cdc?entities=Customer&changedSince=yesterday").await.code(), code);
    }
}

#[tokio::test]
async fn element_of_an_email_error_is_its_field() {
    let client = Client::start().await;
    let line = json!({ "Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {} });
    let email = json!({ "Address": "nowhere" });
    let invoice = json!({ "CustomerRef": { "value": "1" }, "Line": [line], "BillEmail": email });
    let refused = client.post("invoice", invoice).await.json();
    assert_eq!(refused["Fault"]["Error"][0]["element"], "BillEmail");
}

#[tokio::test]
async fn texts_of_queries_are_compared_with_or_without_case() {
    let client = Client::start().await;
    client.save("Customer", json!({ "DisplayName": "Ann" })).await;
    for (setting, lower) in [("case_insensitive", 1), ("case_sensitive", 0)] {
        client.switch("query_text", json!(setting)).await;
        for (condition, expected) in
            [("= 'Ann'", 1), ("= 'ann'", lower), ("in ('none', 'ann')", lower), ("like 'an%'", lower)]
        {
            let query = format!("select count(*) from Customer where DisplayName {condition}");
            let found = client.query(&query).await.json();
            assert_eq!(found["QueryResponse"]["totalCount"], expected, "{setting}: {condition}");
        }
    }
}

#[tokio::test]
async fn size_and_number_of_batches_follow_their_switches() {
    let client = Client::start_throttled().await;
    client.control(Method::POST, "/stand-in/clock", json!({ "speed": 0 })).await;
    client.switch("batch_max_items", json!(50)).await;
    client.switch("batches_per_minute", json!(120)).await;
    let batch = |size: usize| {
        let items: Vec<Value> = (0..size)
            .map(|n| json!({ "bId": n.to_string(), "Query": "select count(*) from Vendor" }))
            .collect();
        json!({ "BatchItemRequest": items })
    };
    assert_eq!(client.post("batch", batch(50)).await.status, 200);
    assert_eq!(client.post("batch", batch(51)).await.code(), "1040");
    for sent in 2..120 {
        if sent % 5 == 0 {
            client.advance(1).await;
        }
        assert_eq!(client.post("batch", batch(1)).await.status, 200, "{sent}");
    }
    client.advance(1).await;
    assert_eq!(client.post("batch", batch(1)).await.status, 429);
}
