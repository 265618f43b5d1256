//! Queries: filters, order, paging, counts, columns, and the ways in which clients send them.

use http::Method;
use serde_json::json;

use crate::client::Client;

async fn names(client: &Client, query: &str) -> Vec<String> {
    let response = client.query(query).await;
    assert_eq!(response.status, 200, "{query}: {}", response.body);
    let found = response.json()["QueryResponse"].clone();
    let found = found["Customer"].as_array().cloned().unwrap_or_default();
    found.iter().map(|customer| customer["DisplayName"].as_str().unwrap().to_owned()).collect()
}

/// A company with ten customers N0 to N9, of which N8 and N9 are inactive, in addition to the demo's.
async fn start() -> Client {
    let client = Client::start().await;
    client.switch("deleted_suffix", json!(false)).await;
    for n in 0..10 {
        let body = json!({ "DisplayName": format!("N{n}"), "GivenName": "Nn", "Balance": n,
            "PrimaryEmailAddr": { "Address": format!("n{n}@example.com") } });
        let id = client.save("Customer", body).await["Id"].clone();
        if n > 7 {
            client
                .save("Customer", json!({ "Id": id, "SyncToken": "0", "sparse": true, "Active": false }))
                .await;
        }
        client.advance(10).await;
    }
    client
}

#[tokio::test]
async fn filters_select_objects() {
    let client = start().await;
    for (conditions, expected) in [
        ("DisplayName = 'N3'", "N3"),
        ("DisplayName = 'n3'", "N3"),
        ("DisplayName IN ('N3', 'N5', 'none')", "N3 N5"),
        ("DisplayName LIKE 'N_%' AND GivenName = 'Nn'", ""),
        ("DisplayName LIKE 'N%' AND Balance > '5' AND GivenName = 'nn'", "N6 N7"),
        ("DisplayName LIKE '%7' AND GivenName = 'Nn'", "N7"),
        ("GivenName = 'Nn' AND Balance >= 6 AND Balance <= 6.0", "N6"),
        ("GivenName = 'Nn' AND Active = false", "N8 N9"),
        ("GivenName = 'Nn' AND Balance > 6 AND Active IN (true, false)", "N7 N8 N9"),
        ("PrimaryEmailAddr = 'n4@example.com'", "N4"),
        ("PrimaryEmailAddr LIKE 'n1@%'", "N1"),
        ("MetaData.CreateTime > '2020-01-01' AND DisplayName < 'N1' AND GivenName = 'Nn'", "N0"),
        ("MetaData.LastUpdatedTime < '2020-01-01'", ""),
    ] {
        let found = names(&client, &format!("SELECT * FROM Customer WHERE {conditions}")).await;
        assert_eq!(found.join(" "), expected, "{conditions}");
    }
}

#[tokio::test]
async fn pages_follow_the_order_and_the_last_one_has_no_entity() {
    let client = start().await;
    let page = |start: usize| {
        format!(
            "select * from Customer where GivenName = 'Nn' ORDERBY DisplayName DESC startposition {start} maxresults 3"
        )
    };
    assert_eq!(names(&client, &page(1)).await, ["N7", "N6", "N5"]);
    assert_eq!(names(&client, &page(7)).await, ["N1", "N0"]);
    let last = client.query(&page(7)).await.json()["QueryResponse"].clone();
    assert_eq!((&last["startPosition"], &last["maxResults"]), (&json!(7), &json!(2)));
    assert_eq!(client.query(&page(9)).await.json()["QueryResponse"], json!({}));
    let by_two =
        "SELECT * FROM Customer WHERE GivenName = 'Nn' ORDER BY Active ASC, Balance DESC MAXRESULTS 2";
    assert_eq!(names(&client, by_two).await, ["N7", "N6"]);
}

#[tokio::test]
async fn counts_and_columns_are_returned() {
    let client = start().await;
    let count = client.query("SELECT COUNT(*) FROM Customer WHERE GivenName = 'Nn'").await.json();
    assert_eq!(count["QueryResponse"], json!({ "totalCount": 8 }));
    let columns =
        client.query("SELECT Id, SyncToken, Active FROM Customer WHERE DisplayName = 'N1'").await.json();
    let mut found: Vec<String> =
        columns["QueryResponse"]["Customer"][0].as_object().unwrap().keys().cloned().collect();
    found.sort_unstable();
    assert_eq!(found, ["Active", "Id", "SyncToken", "domain", "sparse"]);
}

#[tokio::test]
async fn invalid_queries_have_their_codes() {
    let client = start().await;
    for (query, code) in [
        ("SELECT * FROM Customer WHERE Id = '1' OR Id = '2'", "4000"),
        ("SELECT * FROM Customer WHERE Notes = 'x'", "4001"),
        ("SELECT * FROM Invoice WHERE PrivateNote = 'x'", "4001"),
        ("SELECT * FROM Customer ORDERBY Notes", "4001"),
        ("SELECT Nothing FROM Customer", "4001"),
        ("SELECT * FROM Customer WHERE Balance = 'much'", "4001"),
        ("SELECT * FROM Nothing", "4001"),
    ] {
        let response = client.query(query).await;
        assert_eq!((response.status, response.code().as_str()), (400, code), "{query}");
    }
    assert_eq!(client.get("query").await.code(), "2020");
}

#[tokio::test]
async fn query_can_be_posted_as_text() {
    let client = start().await;
    let authorization = format!("Bearer {}", client.token);
    let headers = [
        ("authorization", authorization.as_str()),
        ("accept", "application/json"),
        ("content-type", "application/text"),
    ];
    let query = "select * from customer where DisplayName = 'King\\'s Groceries'";
    let response = client.send(Method::POST, "query?minorversion=75", &headers, query).await.unwrap();
    assert_eq!(response.json()["QueryResponse"]["Customer"][0]["DisplayName"], "King's Groceries");
}

#[tokio::test]
async fn at_most_100_objects_come_without_a_maximum_and_1000_with_one() {
    let client = Client::start().await;
    client.create_customers(1200).await;
    let count = async |query: &str| names(&client, query).await.len();
    assert_eq!(count("SELECT * FROM Customer").await, 100);
    assert_eq!(count("SELECT * FROM Customer MAXRESULTS 1000").await, 1000);
    assert_eq!(count("SELECT * FROM Customer MAXRESULTS 2000").await, 1000);
    assert_eq!(count("SELECT * FROM Customer STARTPOSITION 1001 MAXRESULTS 1000").await, 205);
    client.switch("query_max_results", json!("refuse")).await;
    assert_eq!(client.query("SELECT * FROM Customer MAXRESULTS 1001").await.code(), "4001");
}

#[tokio::test]
async fn entities_that_are_not_kept_are_empty() {
    let client = Client::start().await;
    let response = client.query("SELECT * FROM Estimate WHERE Anything = 'x'").await;
    assert_eq!((response.status, &response.json()["QueryResponse"]), (200, &json!({})));
    assert_eq!(client.refused("Estimate", json!({ "x": 1 })).await, "500");
}
