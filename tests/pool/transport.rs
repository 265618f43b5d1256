//! GraphQL over HTTP, as the published clients speak it: media types, and documents of which only the hash is sent.

use http::Method;
use serde_json::json;

use super::{PATH, error_of};
use crate::support::Stack;

/// What Apollo Client sends.
const APOLLO: (&str, &str) = ("accept", "application/graphql-response+json,application/json;q=0.9");
const GRAPHQL: &str = "application/graphql-response+json; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";

#[tokio::test]
async fn who_asks_for_the_media_type_of_graphql_gets_it() {
    let stack = Stack::start().await;
    let body = json!({"query": "{ me { id } }"}).to_string();
    for (accept, expected) in [
        (APOLLO, GRAPHQL),
        (("accept", "application/graphql-response+json; charset=utf-8"), GRAPHQL),
        (("accept", "application/json"), JSON),
        (("accept", "*/*"), JSON),
    ] {
        let answer = stack.acme.send(Method::POST, PATH, &[accept], body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, expected), "{accept:?}");
        // Clients that know this type read an error in it as GraphQL's, whatever the status.
        let headers = [accept, ("authorization", "Bearer ctc_live_x")];
        let answer = stack.anonymous(Method::POST, PATH, &headers).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (401, expected), "{accept:?}");
        assert_eq!(error_of(&answer).0, "UNAUTHORIZED");
    }
    let answer = stack.acme.send(Method::GET, "/api/v1/customers", &[APOLLO], String::new()).await;
    assert_eq!(answer.header("content-type"), JSON, "other dialects have one type");
}

#[tokio::test]
async fn who_sends_only_a_hash_is_told_to_send_the_document() {
    let stack = Stack::start().await;
    let extensions = json!({
        "persistedQuery": {"version": 1, "sha256Hash": "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38"},
        "clientLibrary": {"name": "@apollo/client", "version": "4.3.8"},
    });
    let told = ("PERSISTED_QUERY_NOT_SUPPORTED".to_owned(), "PersistedQueryNotSupported".to_owned());
    let body = json!({"operationName": "Me", "variables": {}, "extensions": extensions});
    let answer = stack.acme.send(Method::POST, PATH, &[], body.to_string()).await;
    assert_eq!((answer.status.as_u16(), error_of(&answer)), (200, told.clone()));
    let path =
        format!("{PATH}?operationName=Me&extensions=%7B%22persistedQuery%22%3A%7B%22version%22%3A1%7D%7D");
    let answer = stack.acme.get(&path).await;
    assert_eq!((answer.status.as_u16(), error_of(&answer)), (200, told));

    let body = json!({"query": "query Me { me { email } }", "operationName": "Me", "extensions": extensions});
    let answer = stack.acme.send(Method::POST, PATH, &[], body.to_string()).await;
    assert_eq!(answer.expect(200)["data"], json!({"me": {"email": null}}));
    let path = format!("{PATH}?query=%7Bme%7Bemail%7D%7D&extensions=%7B");
    let answer = stack.acme.get(&path).await;
    assert_eq!((answer.status.as_u16(), error_of(&answer).0.as_str()), (400, "BAD_USER_INPUT"));
}
