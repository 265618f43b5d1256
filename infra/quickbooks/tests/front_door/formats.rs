//! JSON and XML, headers, paths and bodies in the forms that clients send.

use http::Method;
use serde_json::json;

use crate::client::{Client, Response};

async fn get(client: &Client, path: &str, headers: &[(&str, &str)]) -> Response {
    let authorization = format!("Bearer {}", client.token);
    let mut all = vec![("authorization", authorization.as_str())];
    all.extend_from_slice(headers);
    client.send(Method::GET, path, &all, "").await.unwrap()
}

#[tokio::test]
async fn format_follows_accept_and_is_xml_without_it() {
    let client = Client::start().await;
    for (accept, path, is_json) in [
        ("application/json", "customer/1", true),
        ("application/json, text/plain, */*", "customer/1", true),
        ("*/*", "customer/1", false),
        ("*/*", "customer/1?format=json", true),
        ("application/xml", "customer/1", false),
    ] {
        let response = get(&client, path, &[("accept", accept)]).await;
        assert_eq!((response.status, response.body.starts_with('{')), (200, is_json), "{accept} {path}");
    }
    client.switch("format_without_accept", json!("json")).await;
    assert!(get(&client, "customer/1", &[]).await.body.starts_with('{'));
}

#[tokio::test]
async fn xml_requests_create_update_and_query() {
    let client = Client::start().await;
    let authorization = format!("Bearer {}", client.token);
    let headers = [
        ("authorization", authorization.as_str()),
        ("accept", "application/xml"),
        ("content-type", "application/xml"),
    ];
    let body = "<Customer xmlns=\"http://schema.intuit.com/finance/v3\"><DisplayName>A &amp; B</DisplayName>\
                <Taxable>false</Taxable><SalesTermRef>2</SalesTermRef></Customer>";
    let created = client.send(Method::POST, "customer", &headers, body).await.unwrap();
    assert_eq!(created.status, 200, "{}", created.body);
    for part in [
        "<Customer domain=\"QBO\" sparse=\"false\">",
        "<DisplayName>A &amp; B</DisplayName>",
        "<SalesTermRef name=\"Net 30\">2</SalesTermRef>",
    ] {
        assert!(created.body.contains(part), "{part}: {}", created.body);
    }
    let read = client.query("select * from Customer where DisplayName = 'A & B'").await.json();
    let customer = read["QueryResponse"]["Customer"][0].clone();
    assert_eq!((&customer["Taxable"], &customer["SalesTermRef"]["value"]), (&json!(false), &json!("2")));
    let invoice = format!(
        "<Invoice><CustomerRef>{}</CustomerRef><Line><Amount>10.50</Amount><DetailType>SalesItemLineDetail</DetailType>\
         <SalesItemLineDetail><Qty>2</Qty><UnitPrice>5.25</UnitPrice></SalesItemLineDetail></Line></Invoice>",
        customer["Id"].as_str().unwrap()
    );
    let invoice = client.send(Method::POST, "invoice", &headers, invoice).await.unwrap();
    assert!(invoice.body.contains("<TotalAmt>10.5</TotalAmt>"), "{}", invoice.body);
    let found =
        get(&client, "query?query=select%20*%20from%20Invoice", &[("accept", "application/xml")]).await;
    assert!(found.body.contains("<QueryResponse startPosition=\"1\" maxResults=\"4\">"), "{}", found.body);
    let fault = get(&client, "customer/4711", &[("accept", "application/xml")]).await;
    assert!(
        fault.body.contains("<Fault type=\"ValidationFault\"><Error code=\"610\" element=\"\">"),
        "{}",
        fault.body
    );
}

#[tokio::test]
async fn every_response_has_its_own_tid() {
    let client = Client::start().await;
    let first = client.get("customer/1").await.header("intuit_tid").unwrap().to_owned();
    let second = client.get("customer/4711").await.header("intuit_tid").unwrap().to_owned();
    assert!(first.len() == 36 && first != second);
}

#[tokio::test]
async fn bodies_that_cannot_be_read_have_their_codes() {
    let client = Client::start().await;
    let authorization = format!("Bearer {}", client.token);
    let send = async |content_type: &str, body: Vec<u8>| {
        let headers = [
            ("authorization", authorization.as_str()),
            ("accept", "application/json"),
            ("content-type", content_type),
        ];
        client.send(Method::POST, "customer", &headers, body).await.unwrap().code()
    };
    assert_eq!(send("application/json", b"{\"DisplayName\":\"\xff\"}".to_vec()).await, "500");
    assert_eq!(send("application/json", b"{".to_vec()).await, "500");
    assert_eq!(send("application/json", b"[]".to_vec()).await, "500");
    assert_eq!(send("application/pdf", b"{}".to_vec()).await, "1050");
    assert_eq!(client.get("customer/abc").await.code(), "2030");
    assert_eq!(client.get("nothing/1").await.code(), "500");
}

#[tokio::test]
async fn numbers_as_texts_wrapped_bodies_and_old_minor_versions_are_accepted() {
    let client = Client::start().await;
    let body = json!({ "CustomerRef": { "value": "1" }, "Line": [{ "Amount": "10.50", "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": { "Qty": "2", "UnitPrice": "5.25" } }] });
    let invoice =
        client.post("invoice?minorversion=4", json!({ "Invoice": body })).await.json()["Invoice"].clone();
    assert_eq!((&invoice["TotalAmt"], &invoice["Line"][0]["Amount"]), (&json!(10.5), &json!(10.5)));
    assert_eq!(invoice["Line"][0]["SalesItemLineDetail"]["Qty"], 2);
}

#[tokio::test]
async fn company_is_read_by_its_realm() {
    let client = Client::start().await;
    let info =
        client.get(&format!("companyinfo/{}", client.ready.realm_id)).await.json()["CompanyInfo"].clone();
    assert_eq!(
        (&info["CompanyName"], &info["CompanyAddr"]["Country"]),
        (&json!("Blue Lagoon Pool Service"), &json!("USA"))
    );
    let preferences = client.get("preferences").await.json()["Preferences"].clone();
    assert_eq!(preferences["CurrencyPrefs"]["HomeCurrency"]["value"], "USD");
}
