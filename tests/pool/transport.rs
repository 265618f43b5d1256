//! GraphQL over HTTP as published clients use it: media types, and requests that carry only a document's
//! hash.

use http::Method;
use serde_json::json;

use super::{PATH, error_of};
use crate::support::Stack;

/// The header that Apollo Client sends.
const APOLLO: (&str, &str) = ("accept", "application/graphql-response+json,application/json;q=0.9");
const GRAPHQL: &str = "application/graphql-response+json; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";

#[tokio::test]
async fn graphql_media_type_is_returned_if_accepted() {
    let stack = Stack::start().await;
    let body = json!({"query": "{ me { id } }"}).to_string();
    for (accept, expected) in [
        (APOLLO, GRAPHQL),
        (("accept", "application/graphql-response+json; charset=utf-8"), GRAPHQL),
        (("accept", "application/json"), JSON),
        (("accept", "*/*"), JSON),
    ] {
        let response = stack.acme.send(Method::POST, PATH, &[accept], body.clone()).await;
        assert_eq!(
            (response.status.as_u16(), response.header("content-type")),
            (200, expected),
            "{accept:?}"
        );
        // With this media type, clients treat an error as a GraphQL error, whatever the status.
        let headers = [accept, ("authorization", "Bearer ctc_live_x")];
        let response = stack.anonymous(Method::POST, PATH, &headers).await;
        assert_eq!(
            (response.status.as_u16(), response.header("content-type")),
            (401, expected),
            "{accept:?}"
        );
        assert_eq!(error_of(&response).0, "UNAUTHORIZED");
    }
    let response = stack.acme.send(Method::GET, "/api/v1/customers", &[APOLLO], String::new()).await;
    assert_eq!(response.header("content-type"), JSON, "other dialects have only one media type");
}

#[tokio::test]
async fn hash_only_requests_get_persisted_query_not_supported() {
    let stack = Stack::start().await;
    let extensions = json!({
        "persistedQuery": {"version": 1, "sha256Hash": "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38"},
        "clientLibrary": {"name": "@apollo/client", "version": "4.3.8"},
    });
    let not_supported = ("PERSISTED_QUERY_NOT_SUPPORTED".to_owned(), "PersistedQueryNotSupported".to_owned());
    let body = json!({"operationName": "Me", "variables": {}, "extensions": extensions});
    let response = stack.acme.send(Method::POST, PATH, &[], body.to_string()).await;
    assert_eq!((response.status.as_u16(), error_of(&response)), (200, not_supported.clone()));
    let path =
        format!("{PATH}?operationName=Me&extensions=%7B%22persistedQuery%22%3A%7B%22version%22%3A1%7D%7D");
    let response = stack.acme.get(&path).await;
    assert_eq!((response.status.as_u16(), error_of(&response)), (200, not_supported));

    let body = json!({"query": "query Me { me { email } }", "operationName": "Me", "extensions": extensions});
    let response = stack.acme.send(Method::POST, PATH, &[], body.to_string()).await;
    assert_eq!(response.expect(200)["data"], json!({"me": {"email": null}}));
    let path = format!("{PATH}?query=%7Bme%7Bemail%7D%7D&extensions=%7B");
    let response = stack.acme.get(&path).await;
    assert_eq!((response.status.as_u16(), error_of(&response).0.as_str()), (400, "BAD_USER_INPUT"));
}
