//! Events in the formats that AWS documents for a REST API and for an HTTP API, with every field, sent to a
//! binary and to the linked function.

use std::sync::Arc;

use serde_json::{Value, json};

use clientele_functions_common::App;
use clientele_functions_common::invoke::invoke;
use clientele_functions_trades::customer_list::ENDPOINT;
use lambda_http::Context;

use super::process::{Process, Table, build};
use crate::support::{Stack, john};

/// The event of a REST API (payload 1.0). Sources: "Input format of a Lambda function for proxy integration" and
/// "Binary media types" in the API Gateway developer guide.
fn rest_event(secret: &str) -> Value {
    let bearer = format!("Bearer {secret}");
    json!({
        "resource": "/api/v1/customers", "path": "/api/v1/customers", "httpMethod": "GET",
        "headers": {
            "Accept": "*/*", "Authorization": bearer, "CloudFront-Viewer-Country": "US",
            "Host": "abcdefghij.execute-api.us-east-1.amazonaws.com", "User-Agent": "curl/8.5.0",
            "X-Amzn-Trace-Id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e", "X-Forwarded-For": "203.0.113.9",
            "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https",
        },
        "multiValueHeaders": {
            "Accept": ["*/*"], "Authorization": [bearer], "CloudFront-Viewer-Country": ["US"],
            "Host": ["abcdefghij.execute-api.us-east-1.amazonaws.com"], "User-Agent": ["curl/8.5.0"],
            "X-Amzn-Trace-Id": ["Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e"],
            "X-Forwarded-For": ["203.0.113.9"], "X-Forwarded-Port": ["443"], "X-Forwarded-Proto": ["https"],
        },
        "queryStringParameters": {"limit": "1", "search": "doe"},
        "multiValueQueryStringParameters": {"limit": ["1"], "search": ["doe"]},
        "pathParameters": null, "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012", "apiId": "abcdefghij", "deploymentId": "d3pl0y",
            "domainName": "abcdefghij.execute-api.us-east-1.amazonaws.com", "domainPrefix": "abcdefghij",
            "extendedRequestId": "JKJaXmPLvHcESHA=", "httpMethod": "GET",
            "identity": {
                "accessKey": null, "accountId": null, "caller": null, "cognitoAuthenticationProvider": null,
                "cognitoAuthenticationType": null, "cognitoIdentityId": null, "cognitoIdentityPoolId": null,
                "principalOrgId": null, "sourceIp": "203.0.113.9", "user": null, "userAgent": "curl/8.5.0",
                "userArn": null,
            },
            "path": "/prod/api/v1/customers", "protocol": "HTTP/1.1",
            "requestId": "e2c38b94-41a7-4d82-9146-46e0c952890f", "requestTime": "10/Mar/2020:05:16:23 +0000",
            "requestTimeEpoch": 1_583_817_383_220_i64, "resourceId": "2gxmpl",
            "resourcePath": "/api/v1/customers", "stage": "prod",
        },
        "body": null, "isBase64Encoded": false,
    })
}

/// The event of an HTTP API (payload 2.0). Source: "Create AWS Lambda proxy integrations for HTTP APIs" in the API
/// Gateway developer guide.
fn http_event(secret: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "GET /api/v1/customers", "rawPath": "/api/v1/customers",
        "rawQueryString": "limit=1&search=doe",
        "headers": {"authorization": format!("Bearer {secret}"), "host": "abcdefghij.execute-api.us-east-1.amazonaws.com"},
        "queryStringParameters": {"limit": "1", "search": "doe"},
        "requestContext": {
            "accountId": "123456789012", "apiId": "abcdefghij",
            "domainName": "abcdefghij.execute-api.us-east-1.amazonaws.com", "domainPrefix": "abcdefghij",
            "http": {"method": "GET", "path": "/api/v1/customers", "protocol": "HTTP/1.1",
                     "sourceIp": "203.0.113.9", "userAgent": "curl/8.5.0"},
            "requestId": "JKJaXmPLvHcESHA=", "routeKey": "GET /api/v1/customers", "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000", "timeEpoch": 1_583_348_638_390_i64,
        },
        "isBase64Encoded": false,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn documented_events_of_both_api_types_get_the_same_list() {
    build().await;
    let stack = Stack::start().await;
    let uuid = stack.acme.create(&john()).await;
    stack.acme.create(&john()).await;
    let mut process = Process::start(ENDPOINT.name, &Table::of(&stack)).await;
    let app = Arc::new(App::new(stack.store.clone()));
    for (format, event) in
        [("REST", rest_event(&stack.acme.secret)), ("HTTP", http_event(&stack.acme.secret))]
    {
        let linked =
            invoke(&ENDPOINT, Arc::clone(&app), &event.to_string(), Context::default()).await.unwrap();
        let linked: Value = serde_json::from_str(&linked).unwrap();
        let got: Value = serde_json::from_slice(&process.invoke(event.to_string()).await).unwrap();
        assert_eq!((&got["statusCode"], &got["body"]), (&linked["statusCode"], &linked["body"]), "{format}");
        let body: Value = serde_json::from_str(got["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["data"]["pagination"]["total"], 2, "{format}: {body}");
        assert_eq!(body["data"]["customers"].as_array().unwrap().len(), 1, "{format}: {body}");
        assert_ne!(body["data"]["customers"][0]["uuid"], uuid, "{format}: the newest customer comes first");
    }
}
