//! Tests of [`super::Server`] over a real socket: what goes to the functions, what the server answers itself.

use std::collections::BTreeMap;

use clientele_functions_common::invoke::StreamedResponse;
use futures::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::aws::Services;
use super::*;
use crate::local::function::{Functions, Invoke, InvokeResponse};
use crate::local::gateway::GatewayError;
use crate::local::info::Storage;

const TEMPLATE: &str = "
Resources:
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/echo/
      Events:
        One: { Type: Api, Properties: { Path: '/c/{uuid}', Method: GET } }
        Put: { Type: Api, Properties: { Path: '/c/{uuid}', Method: PUT } }
        File: { Type: Api, Properties: { Path: '/file', Method: GET, ResponseTransferMode: RESPONSE_STREAM } }
";

/// Answers with the event it got.
fn echo() -> Invoke {
    answering(|event| Ok(json!({ "statusCode": 200, "body": event }).to_string()))
}

fn answering(answer: impl Fn(String) -> Result<String, String> + Send + Sync + 'static) -> Invoke {
    Arc::new(move |event| std::future::ready(answer(event).map(InvokeResponse::Buffered)).boxed())
}

/// A server that runs until this is dropped.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<Result<(), ServerError>>,
}

async fn running(function: Invoke) -> Running {
    let server = Server::bind(0).await.unwrap();
    let functions = Functions::from_iter([("echo".to_owned(), function)]);
    let gateway = Gateway::new(TEMPLATE, functions).unwrap();
    let info = Info {
        url: server.url(),
        key: "k".into(),
        tenant: "demo".into(),
        curl: "curl".into(),
        storage: Storage::Temporary,
        samples: BTreeMap::new(),
        routes: Vec::new(),
    };
    let address = server.address;
    let (stop, stopped) = oneshot::channel::<()>();
    let site = Site {
        gateway,
        services: Services::at(None, "http://127.0.0.1:9".into()),
        openapi: r#"{"openapi":"3.1.0"}"#.into(),
        info,
    };
    let served = tokio::spawn(server.serve(site, async move { drop(stopped.await) }));
    Running { address, stop, served }
}

/// Sends bytes as they are and reads until the server closes.
async fn raw(server: &Running, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status, the whole head, and the body of an answer.
async fn ask(
    server: &Running,
    method: &str,
    target: &str,
    headers: &str,
    body: &[u8],
) -> (u16, String, String) {
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    let answer = raw(server, &[head.as_bytes(), body].concat()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_owned(), body.to_owned())
}

#[tokio::test]
async fn a_request_becomes_an_event_and_the_answer_a_response() {
    let server = running(echo()).await;
    let (status, head, body) = ask(&server, "PUT", "/c/7?x=1", "authorization: Bearer k\r\n", b"{}").await;
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    assert!(head.contains("x-amzn-requestid: "), "{head}");
    assert_eq!(event["pathParameters"]["uuid"], "7");
    assert_eq!(event["headers"]["authorization"], "Bearer k");
    assert_eq!(event["body"], "{}");
}

/// Answers with these parts; `None` breaks off.
fn streaming(prelude: &'static str, parts: &'static [Option<&'static str>]) -> Invoke {
    Arc::new(move |_| {
        let broken = || clientele_shared::Error::NotFound("The rest");
        let parts = parts.iter().map(move |part| part.map(|part| part.into()).ok_or_else(broken));
        let body = futures::stream::iter(parts).boxed();
        let answer = InvokeResponse::Streamed(StreamedResponse { prelude: prelude.to_owned(), body });
        std::future::ready(Ok(answer)).boxed()
    })
}

const FILE: &str = r#"{"statusCode":200,"headers":{"content-type":"text/csv"},"cookies":[]}"#;

#[tokio::test]
async fn a_streamed_answer_goes_out_in_parts() {
    let server = running(streaming(FILE, &[Some("a\r\n"), Some("b\r\n")])).await;
    let (status, head, body) = ask(&server, "GET", "/file", "", b"").await;
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/csv") && head.contains("transfer-encoding: chunked"), "{head}");
    assert!(head.contains("x-amzn-requestid: "), "{head}");
    assert_eq!(body, "3\r\na\r\n\r\n3\r\nb\r\n\r\n0\r\n\r\n");
}

#[tokio::test]
async fn a_streamed_answer_that_breaks_off_has_no_end() {
    let server = running(streaming(FILE, &[Some("a\r\n"), None, Some("b\r\n")])).await;
    let answer = raw(&server, b"GET /file HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    // Whatever was sent by then, neither the last chunk nor what would follow the error is there.
    assert!(!answer.contains("0\r\n\r\n") && !answer.contains("b\r\n"), "{answer}");
}

#[tokio::test]
async fn a_route_and_its_function_agree_on_streaming() {
    let server = running(streaming(FILE, &[Some("a")])).await;
    assert_eq!(ask(&server, "GET", "/c/7", "", b"").await.0, 502);
    let server = running(echo()).await;
    assert_eq!(ask(&server, "GET", "/file", "", b"").await.0, 502);
    let server = running(streaming(r#"{"headers":{}}"#, &[Some("a")])).await;
    assert_eq!(ask(&server, "GET", "/file", "", b"").await.0, 502);
}

#[tokio::test]
async fn what_the_template_lacks_is_refused_as_by_api_gateway() {
    let server = running(echo()).await;
    for (method, target) in
        [("GET", "/c"), ("POST", "/c/7"), ("HEAD", "/c/7"), ("OPTIONS", "*"), ("BREW", "/c/7")]
    {
        let (status, head, body) = ask(&server, method, target, "", b"").await;
        assert_eq!(status, 403, "{method} {target}");
        assert!(head.contains("x-amzn-errortype: MissingAuthenticationTokenException"), "{head}");
        if method != "HEAD" {
            assert_eq!(body, r#"{"message":"Missing Authentication Token"}"#);
        }
    }
}

#[tokio::test]
async fn a_failing_function_is_a_502() {
    let failing: [fn(String) -> Result<String, String>; 4] = [
        |_| Err("no table".to_owned()),
        |_| panic!("a bug"),
        |_| Ok("not json".to_owned()),
        |_| Ok(json!({ "statusCode": 200, "body": "x".repeat(7_000_000) }).to_string()),
    ];
    for function in failing {
        let server = running(answering(function)).await;
        let (status, _, body) = ask(&server, "GET", "/c/7", "", b"").await;
        assert_eq!((status, body.as_str()), (502, r#"{"message":"Internal server error"}"#));
    }
}

#[tokio::test]
async fn the_limits_are_those_of_api_gateway_and_lambda() {
    let server = running(answering(|_| Ok(json!({ "statusCode": 204 }).to_string()))).await;
    let put = async |size| ask(&server, "PUT", "/c/7", "", &vec![b'x'; size]).await;
    assert_eq!(put(5_000_000).await.0, 204);
    let (status, _, body) = put(6_500_000).await;
    assert_eq!((status, body.as_str()), (413, r#"{"message":"Request Too Long"}"#));
    assert_eq!(ask(&server, "GET", &format!("/c/{}", "x".repeat(10_300)), "", b"").await.0, 431);
    assert_eq!(ask(&server, "GET", "/c/7", &format!("x-long: {}\r\n", "x".repeat(10_300)), b"").await.0, 431);
}

#[tokio::test]
async fn a_body_over_10_mb_is_refused_before_it_is_sent() {
    let server = running(echo()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head =
        "PUT /c/7 HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10485761\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.ends_with("HTTP content length exceeded 10485760 bytes."), "{answer}");
}

#[tokio::test]
async fn odd_requests_get_an_answer() {
    let server = running(echo()).await;
    for target in
        ["/c/%00", "/c/%zz", "/c/a%2Fb", "/c/..", "/c/%F0%9F%98%80", "/c/a|b", "http://x/c/7", "/c/7?%=%"]
    {
        assert_eq!(ask(&server, "GET", target, "", b"").await.0, 200, "{target}");
    }
    assert!(raw(&server, b"GET /c/7 HTTP/1.0\r\n\r\n").await.starts_with("HTTP/1.0 200"));
    let two_hosts = b"GET /c/7 HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n";
    assert!(raw(&server, two_hosts).await.starts_with("HTTP/1.1 400"));
    let latin = b"GET /c/7 HTTP/1.1\r\nhost: a\r\nx: \xe9\r\nconnection: close\r\n\r\n";
    assert!(raw(&server, latin).await.contains(r#""x":"é""#));
}

#[tokio::test]
async fn the_page_and_its_parts_are_served_to_this_machine_only() {
    let server = running(echo()).await;
    for (target, part) in [
        ("/", "<!doctype html>"),
        ("/_local/style.css", "color-scheme"),
        ("/_local/app.js", "openapi.json"),
        ("/graphiql", "/_local/graphiql.js"),
        ("/_local/graphiql.css", "textarea"),
        ("/_local/graphiql.js", "__schema"),
        ("/_local/info", r#""key":"k""#),
        ("/openapi.json", r#"{"openapi":"3.1.0"}"#),
    ] {
        let (status, head, body) = ask(&server, "GET", target, "", b"").await;
        assert_eq!(status, 200, "{target}");
        assert!(body.contains(part), "{target}");
        assert!(head.contains("content-security-policy: default-src 'none'"), "{head}");
        let rebound = format!("GET {target} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
        assert!(raw(&server, rebound.as_bytes()).await.starts_with("HTTP/1.1 403"), "{target}");
    }
    assert_eq!(ask(&server, "POST", "/", "", b"").await.0, 405);
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let first = Server::bind(0).await.unwrap();
    let error = Server::bind(first.address.port()).await.unwrap_err().to_string();
    assert!(error.contains(&first.address.port().to_string()) && error.contains("--port"), "{error}");
}

#[test]
fn a_route_without_its_function_is_named() {
    let error = Gateway::new(TEMPLATE, Functions::default()).unwrap_err();
    assert!(matches!(error, GatewayError::Missing { missing, .. } if missing == "echo"));
}

#[tokio::test]
async fn stopping_lets_a_request_under_way_end() {
    let (entered, inside) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let once = std::sync::Mutex::new(Some((entered, released)));
    let server = running(Arc::new(move |_| {
        let (entered, released) = once.lock().unwrap().take().unwrap();
        async move {
            entered.send(()).unwrap();
            released.await.unwrap();
            Ok(InvokeResponse::Buffered(json!({ "statusCode": 200, "body": "done" }).to_string()))
        }
        .boxed()
    }))
    .await;

    let Running { address, stop, served } = server;
    let asked = tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /c/7 HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    inside.await.unwrap();
    drop(stop);
    release.send(()).unwrap();
    assert!(asked.await.unwrap().ends_with("done"));
    served.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn stopping_does_not_wait_for_connections_without_a_request() {
    let Running { address, stop, served } = running(echo()).await;
    let _silent = TcpStream::connect(address).await.unwrap();
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(b"GET /c/7 HTTP/1.1\r\n").await.unwrap();
    let begun = std::time::Instant::now();
    drop(stop);
    served.await.unwrap().unwrap();
    assert!(begun.elapsed() < GRACE);
}
