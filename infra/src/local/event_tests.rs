//! Tests of [`super::event`]: events match API Gateway's, and no request makes `lambda_http` panic.

use lambda_http::RequestExt as _;
use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequest;
use lambda_http::request::LambdaRequest;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::local::routes::Routes;

const TEMPLATE: &str = "
Resources:
  Get:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/get/
      Events:
        One: { Type: Api, Properties: { Path: '/c/{uuid}', Method: ANY } }
        All: { Type: Api, Properties: { Path: '/{rest+}', Method: ANY } }
        Root: { Type: Api, Properties: { Path: '/', Method: ANY } }
";

fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = http::Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn event_text(parts: &Parts, body: &[u8]) -> Result<String, EventError> {
    event_from(parts, body, &Api { has_binary_bodies: true, ..Api::default() })
}

fn event_from(parts: &Parts, body: &[u8], api: &Api) -> Result<String, EventError> {
    let routes = Routes::read(TEMPLATE).unwrap();
    let path = api.stage.strip(parts.uri.path()).unwrap();
    let matched = routes.find(parts.method.as_str(), path).unwrap();
    let (local, peer) = ("127.0.0.1:4000".parse().unwrap(), "127.0.0.1:51000".parse().unwrap());
    event(parts, body, &matched, api, &RequestId::generate(), local, peer)
}

#[test]
fn stage_in_the_path_is_removed_from_the_events_path_only() {
    let parts = request("GET", "/prod/c/7", &[]);
    let api = Api { stage: Stage::in_path("prod"), ..Api::default() };
    let text = event_from(&parts, b"", &api).unwrap();
    let event: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&event["path"], &event["resource"]), (&json!("/c/7"), &json!("/c/{uuid}")));
    assert_eq!(event["requestContext"]["path"], "/prod/c/7");
    assert_eq!(event["requestContext"]["stage"], "prod");
    assert_eq!(received(&text).path_parameters_ref().unwrap().first("uuid"), Some("7"));
}

#[test]
fn only_paths_that_start_with_the_stage_are_below_it() {
    let stage = Stage::in_path("prod");
    for (path, expected) in [
        ("/prod", Some("/")),
        ("/prod/", Some("/")),
        ("/prod/c", Some("/c")),
        ("/production", None),
        ("/c", None),
        ("prod/c", None),
    ] {
        assert_eq!(stage.strip(path), expected, "{path}");
    }
    assert_eq!(Stage::default().strip("/c"), Some("/c"));
}

fn event_of(parts: &Parts, body: &[u8]) -> Value {
    serde_json::from_str(&event_text(parts, body).unwrap()).unwrap()
}

/// Returns the request that a handler receives for an event, converted by `lambda_http` as on Lambda.
fn received(event: &str) -> lambda_http::Request {
    let _: ApiGatewayProxyRequest = serde_json::from_str(event).unwrap();
    let request: LambdaRequest = serde_json::from_str(event).unwrap();
    assert!(matches!(request, LambdaRequest::ApiGatewayV1(_)));
    request.into()
}

#[test]
fn event_has_the_fields_of_api_gateways_event() {
    let parts = request(
        "PUT",
        "/c/7?a=1&a=2&b=x%20y%2Bz+w&c",
        &[
            ("host", "localhost:4000"),
            ("user-agent", "test"),
            ("x-two", "1"),
            ("x-two", "2"),
            ("connection", "close"),
        ],
    );
    let event = event_of(&parts, br#"{"a":1}"#);

    assert_eq!(event["resource"], "/c/{uuid}");
    assert_eq!(event["path"], "/c/7");
    assert_eq!(event["httpMethod"], "PUT");
    assert_eq!(event["pathParameters"], json!({ "uuid": "7" }));
    assert_eq!(event["queryStringParameters"], json!({ "a": "2", "b": "x y+z w", "c": "" }));
    let multi = json!({ "a": ["1", "2"], "b": ["x y+z w"], "c": [""] });
    assert_eq!(event["multiValueQueryStringParameters"], multi);
    assert_eq!(event["headers"]["x-two"], "2");
    assert_eq!(event["multiValueHeaders"]["x-two"], json!(["1", "2"]));
    assert_eq!(event["headers"]["x-forwarded-for"], "127.0.0.1");
    assert_eq!(event["headers"]["x-forwarded-port"], "4000");
    assert_eq!(event["headers"]["connection"], Value::Null);
    assert_eq!(event["stageVariables"], Value::Null);
    assert_eq!(event["body"], "eyJhIjoxfQ==");
    assert_eq!(event["isBase64Encoded"], true);
    let context = &event["requestContext"];
    assert_eq!(context["resourcePath"], "/c/{uuid}");
    assert_eq!(context["path"], "/c/7");
    assert_eq!(context["httpMethod"], "PUT");
    assert_eq!(context["protocol"], "HTTP/1.1");
    assert_eq!(context["domainName"], "localhost");
    assert_eq!(context["identity"]["sourceIp"], "127.0.0.1");
    assert_eq!(context["identity"]["userAgent"], "test");
    assert_eq!(context["identity"]["caller"], Value::Null);
    assert!(context["requestTimeEpoch"].is_i64());
    assert_eq!(context["requestTime"].as_str().unwrap().len(), "22/Nov/2026:03:04:05 +0000".len());
}

#[test]
fn absent_values_are_null() {
    let event = event_of(&request("GET", "/", &[]), b"");
    for field in [
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "body",
    ] {
        assert!(event.as_object().unwrap().contains_key(field), "{field}");
        assert_eq!(event[field], Value::Null, "{field}");
    }
    assert_eq!(event["headers"]["host"], "127.0.0.1:4000");
}

#[test]
fn body_that_is_not_utf_8_reaches_the_handler_only_if_bodies_are_binary() {
    let (parts, body) = (request("POST", "/c/7", &[]), [0xff, b'a']);
    assert_eq!(received(&event_text(&parts, &body).unwrap()).body().as_ref(), body);
    let text = event_from(&parts, &body, &Api::default()).unwrap();
    assert_eq!(received(&text).body().as_ref(), "\u{fffd}a".as_bytes());
    let event: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("\u{fffd}a"), &json!(false)));
}

#[test]
fn handler_receives_the_headers_path_and_query_of_the_request() {
    let parts =
        request("GET", "/c/a%2Fb%20%C3%A9?q=%C3%A9&q=2", &[("authorization", "Bearer k"), ("host", "h")]);
    let request = received(&event_text(&parts, b"").unwrap());
    assert_eq!(request.headers()["authorization"], "Bearer k");
    assert_eq!(request.path_parameters_ref().unwrap().first("uuid"), Some("a%2Fb%20%C3%A9"));
    assert_eq!(request.query_string_parameters_ref().unwrap().all("q").unwrap(), ["é", "2"]);
    assert_eq!(request.raw_http_path(), "/c/a%2Fb%20%C3%A9");
}

#[test]
fn unusual_paths_reach_the_handler_without_a_panic() {
    for target in [
        "/",
        "//",
        "/c//",
        "/c/%00",
        "/c/%zz",
        "/c/%",
        "/c/%2F%2e%2e%2f",
        "/c/..",
        "/../../x",
        "/c/a|b^c[d]e",
        "/c/a\"b{c}d",
        "/c/a\\b",
        "/c/é",
        "/c/:@!$&'()*+,;=",
        "//evil.example/x",
        "/c/x?%zz=%ff&=&&a=b=c&é=ü",
        "/c/x??",
        "http://elsewhere.example/c/7?x=1",
        "/local/c/7",
    ] {
        let text = event_text(&request("GET", target, &[("host", "localhost")]), b"").unwrap();
        let _: http::Uri = received(&text).uri().to_string().parse().unwrap();
    }
}

#[test]
fn invalid_hosts_are_rejected() {
    for host in
        ["", "a b", "a/b", "[::1", ":80", "a:b:c", "user@host", "a:99999", "%zz", "a\\b", "xn--a", "é"]
    {
        let parts = request("GET", "/c/7", &[("host", host)]);
        assert!(matches!(event_text(&parts, b""), Err(EventError::InvalidUrl)), "{host}");
    }
    for host in ["localhost", "127.0.0.1:4000", "[::1]:4000", "[::1]", "api.example.com"] {
        received(&event_text(&request("GET", "/c/7", &[("host", host)]), b"").unwrap());
    }
}

#[test]
fn forwarded_headers_are_set_by_the_gateway() {
    let parts = request("GET", "/c/7", &[("x-forwarded-proto", "no scheme"), ("x-forwarded-for", "9.9.9.9")]);
    let event = event_of(&parts, b"");
    assert_eq!(event["headers"]["x-forwarded-proto"], "http");
    assert_eq!(event["headers"]["x-forwarded-for"], "9.9.9.9, 127.0.0.1");
}

proptest! {
    #[test]
    fn no_request_makes_lambda_http_panic(
        path in "/(c/)?[\\PC]{0,30}",
        query in proptest::option::of("[\\PC]{0,30}"),
        host in proptest::option::of("[ -~]{0,12}"),
        header in "[ -~é]{0,20}",
        body in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let target = match query { Some(query) => format!("{path}?{query}"), None => path };
        let Ok(uri) = target.parse::<http::Uri>() else { return Ok(()) };
        let mut builder = http::Request::builder().uri(uri);
        for name in ["x-any", "x-forwarded-for", "x-forwarded-proto", "user-agent", "content-type"] {
            builder = builder.header(name, header.as_bytes());
        }
        if let Some(host) = host {
            builder = builder.header("host", host);
        }
        let Ok(request) = builder.body(()) else { return Ok(()) };
        if let Ok(text) = event_text(&request.into_parts().0, &body) {
            let request = received(&text);
            prop_assert_eq!(request.body().as_ref(), &body[..]);
        }
    }
}
