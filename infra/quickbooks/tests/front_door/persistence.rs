//! Data that outlives a restart.

use clientele_infra_quickbooks::{Options, Server};
use http::Method;
use serde_json::json;

use crate::client::Client;

#[tokio::test]
async fn objects_versions_deletions_tokens_replays_and_settings_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { port: 0, data: Some(folder.path().to_owned()) };
    let client = Client::start_with(&options).await;
    client.switch("throttling", json!(false)).await;
    let ann = client.post("customer?requestid=r", json!({ "DisplayName": "Ann", "Balance": 0.1 })).await;
    let id = ann.json()["Customer"]["Id"].clone();
    client.save("Customer", json!({ "Id": id, "SyncToken": "0", "sparse": true, "Notes": "n" })).await;
    client.post("invoice?operation=delete", json!({ "Id": "3", "SyncToken": "0" })).await;
    client.advance(86_401).await;
    let rotated = crate::oauth::refresh(&client, &client.ready.refresh_token).await;
    let (before, mut expected) = (client.read_all(&rotated).await, client.ready.clone());
    drop(client);

    let mut client = reopened(&options).await;
    expected.url.clone_from(&client.ready.url);
    expected.access_token.clone_from(&client.ready.access_token);
    expected.refresh_token = rotated["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(client.ready, expected);
    assert_eq!(client.read_all(&rotated).await, before);
    client.token = rotated["access_token"].as_str().unwrap().to_owned();
    let replayed = client.post("customer?requestid=r", json!({ "DisplayName": "Ann", "Balance": 0.1 })).await;
    assert_eq!(replayed.body, ann.body);
    let next = client.save("Customer", json!({ "DisplayName": "Bob" })).await["Id"].clone();
    assert!(next.as_str().unwrap().parse::<u64>().unwrap() > id.as_str().unwrap().parse().unwrap());
    let cdc = client.get("cdc?entities=Invoice&changedSince=2020-01-01").await;
    assert!(cdc.body.contains("\"status\":\"Deleted\""), "{}", cdc.body);
}

/// Opens the folder again, once the tasks of the first server have ended.
async fn reopened(options: &Options) -> Client {
    while let Err(error) = Server::start(options).await.map(drop) {
        assert!(error.to_string().contains("another stand-in"), "{error}");
        tokio::task::yield_now().await;
    }
    Client::start_with(options).await
}

impl Client {
    async fn read_all(&self, tokens: &serde_json::Value) -> String {
        let authorization = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        let headers = [("authorization", authorization.as_str()), ("accept", "application/json")];
        let path = "query?query=select%20*%20from%20customer";
        let response = self.send(Method::GET, path, &headers, "").await.unwrap();
        response.json()["QueryResponse"].to_string()
    }
}
