//! Writes that are refused after their first step: nothing of them stays.

use http::Method;
use serde_json::{Value, json};

use crate::client::Client;
use crate::sales::{customer, invoice, line};

async fn number(client: &Client, invoice: Value) -> u64 {
    client.save("Invoice", invoice).await["DocNumber"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn amounts_that_are_too_large_are_refused() {
    let client = Client::start().await;
    let customer = customer(&client).await;
    let of = |lines: Value| json!({ "CustomerRef": { "value": customer }, "Line": lines });
    let product = json!({ "Qty": 9e17, "UnitPrice": 9e17 });
    let product = json!({ "Amount": 1, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": product });
    let percent = json!({ "PercentBased": true, "DiscountPercent": 9e17 });
    let discount = json!({ "DetailType": "DiscountLineDetail", "DiscountLineDetail": percent });
    for (lines, code) in [
        (json!([line("7e28"), line("7e28")]), "500"),
        (json!([line("1e18")]), "500"),
        (json!([line("\"1e18\"")]), "2020"),
        (json!([line("6e17"), line("6e17")]), "6000"),
        (json!([product]), "6070"),
        (json!([line("9e17"), discount]), "6000"),
    ] {
        assert_eq!(client.refused("Invoice", of(lines.clone())).await, code, "{lines}");
    }
    let opening = json!({ "DisplayName": "Bob", "Balance": "1e18" });
    assert_eq!(client.refused("Customer", opening).await, "2030");
    assert_eq!(
        client.save("Invoice", of(json!([line("9.99e17")]))).await["TotalAmt"],
        999_000_000_000_000_000_u64
    );
}

#[tokio::test]
async fn refused_opening_balance_leaves_no_customer_and_uses_up_no_number() {
    let client = Client::start().await;
    let customer = customer(&client).await;
    let first = invoice(&client, &customer, "1").await;
    let opening = json!({ "DisplayName": "Bob", "Balance": 5, "Active": false });
    assert_eq!(client.refused("Customer", opening).await, "610");
    let bad_line =
        json!({ "CustomerRef": { "value": customer }, "Line": [{ "Amount": 1, "DetailType": "Other" }] });
    assert_eq!(client.refused("Invoice", bad_line).await, "2170");
    let found = client
        .query("select * from Customer where DisplayName like 'Bob%' and Active in (true, false)")
        .await;
    assert_eq!(found.json()["QueryResponse"], json!({}));
    let next = json!({ "CustomerRef": { "value": customer }, "Line": [line("1")] });
    let first: u64 = first["DocNumber"].as_str().unwrap().parse().unwrap();
    assert_eq!(number(&client, next).await, first + 1);
}

#[tokio::test]
async fn refused_merge_moves_no_transaction() {
    let client = Client::start().await;
    let child = async |parent: &Value, name: &str| {
        let body = json!({ "DisplayName": name, "Job": true, "ParentRef": { "value": parent } });
        client.save("Customer", body).await["Id"].clone()
    };
    let ann = customer(&client).await;
    let mut survivor = ann;
    for level in 1..=3 {
        survivor = child(&survivor, &format!("Level {level}")).await;
    }
    let merged = client.save("Customer", json!({ "DisplayName": "Merged" })).await["Id"].clone();
    let lower = child(&merged, "Lower").await;
    child(&lower, "Lowest").await;
    let sale = invoice(&client, &merged, "5").await;
    let edit = json!({ "entity": "Customer", "operation": "merge",
        "object": { "Id": survivor, "deletedId": merged } });
    let refused = client.send(Method::POST, "/stand-in/edit", &[], edit.to_string()).await.unwrap();
    assert_eq!((refused.status, refused.code().as_str()), (400, "700"));
    assert_eq!(client.read("Invoice", &sale["Id"]).await, sale);
    assert_eq!(client.read("Customer", &merged).await["Balance"], 5);
    assert_eq!(client.read("Customer", &survivor).await["Balance"], 0);
}

#[tokio::test]
async fn names_that_xml_cannot_hold_are_refused() {
    let client = Client::start().await;
    for part in ["a b", "a>b", "", "1a", "\u{e4}"] {
        let customer = json!({ "DisplayName": "Ann", "BillAddr": { "City": "Tampa", part: "x" } });
        assert_eq!(client.refused("Customer", customer).await, "2010", "{part:?}");
    }
}
