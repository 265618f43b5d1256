//! Tests of [`super::Server`] over a real socket: requests to functions, and responses of the server itself.

use std::collections::BTreeMap;

use clientele_functions_common::invoke::StreamedResponse;
use futures::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use tokio::sync::oneshot;
use utoipa::openapi::OpenApi;

use super::super::aws::Services;
use super::super::data::Data;
use super::super::engine::Engine;
use super::super::s3::S3;
use super::*;
use crate::local::function::{Functions, Invoke, InvokeResponse};
use crate::local::gateway::GatewayError;
use crate::local::info::{Specification, Storage};

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

/// A function that returns its event as the response body.
pub(super) fn echo() -> Invoke {
    function(|event| Ok(json!({ "statusCode": 200, "body": event }).to_string()))
}

fn function(respond: impl Fn(String) -> Result<String, String> + Send + Sync + 'static) -> Invoke {
    Arc::new(move |event| std::future::ready(respond(event).map(InvokeResponse::Buffered)).boxed())
}

/// A running server. Dropping it stops the server.
pub(super) struct RunningServer {
    pub(super) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<Result<(), ServerError>>,
}

pub(super) async fn start(function: Invoke) -> RunningServer {
    start_with(function, |gateway| gateway).await
}

pub(super) async fn start_with(function: Invoke, change: impl FnOnce(Gateway) -> Gateway) -> RunningServer {
    let data = Data::temporary().unwrap();
    start_on(&data, None, function, change).await
}

/// Starts a server with the embedded DynamoDB, if there is one.
pub(super) async fn start_on(
    data: &Data,
    engine: Option<Engine>,
    function: Invoke,
    change: impl FnOnce(Gateway) -> Gateway,
) -> RunningServer {
    let server = Server::bind(0).await.unwrap();
    let functions = Functions::from_iter([("echo".to_owned(), function)]);
    let gateway = change(Gateway::new(TEMPLATE, functions).unwrap());
    let info = super::super::info::Info {
        url: server.url(),
        stage_prefix: String::new(),
        key: "k".into(),
        tenant: "demo".into(),
        curl: "curl".into(),
        storage: Storage::Temporary,
        samples: BTreeMap::new(),
        routes: Vec::new(),
        specifications: vec![Specification::new("echo", OpenApi::default())],
    };
    let address = server.address;
    let services = Services::new(engine, S3::open(data, server.url()).await.unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let site = Site { gateway, services, console: Console::with_info(info) };
    let served = tokio::spawn(server.serve(site, async move { drop(stopped.await) }));
    RunningServer { address, stop, served }
}

/// Sends raw bytes and reads until the server closes the connection.
pub(super) async fn send_raw(server: &RunningServer, request: &[u8]) -> String {
    send_to(server.address, request).await
}

pub(super) async fn send_to(address: SocketAddr, request: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_ref()).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    String::from_utf8_lossy(&response).into_owned()
}

/// Sends a request and returns the status, the head and the body of the response.
pub(super) async fn send(
    server: &RunningServer,
    method: &str,
    target: &str,
    headers: &str,
    body: &[u8],
) -> (u16, String, String) {
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    let response = send_raw(server, &[head.as_bytes(), body].concat()).await;
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_owned(), body.to_owned())
}

#[tokio::test]
async fn request_becomes_an_event_and_the_result_a_response() {
    let server = start(echo()).await;
    let (status, head, body) = send(&server, "PUT", "/c/7?x=1", "authorization: Bearer k\r\n", b"{}").await;
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    assert!(head.contains("x-amzn-requestid: "), "{head}");
    assert_eq!(event["pathParameters"]["uuid"], "7");
    assert_eq!(event["headers"]["authorization"], "Bearer k");
    assert_eq!(event["body"], "{}");
}

/// A function that streams these chunks. `None` is an error partway.
fn streaming(prelude: &'static str, chunks: &'static [Option<&'static str>]) -> Invoke {
    Arc::new(move |_| {
        let error = || clientele_shared::Error::NotFound("The rest");
        let chunks = chunks.iter().map(move |chunk| chunk.map(|chunk| chunk.into()).ok_or_else(error));
        let body = futures::stream::iter(chunks).boxed();
        let response = InvokeResponse::Streamed(StreamedResponse { prelude: prelude.to_owned(), body });
        std::future::ready(Ok(response)).boxed()
    })
}

pub(super) const FILE: &str = r#"{"statusCode":200,"headers":{"content-type":"text/csv"},"cookies":[]}"#;

#[tokio::test]
async fn streamed_response_is_sent_in_chunks() {
    let server = start(streaming(FILE, &[Some("a\r\n"), Some("b\r\n")])).await;
    let (status, head, body) = send(&server, "GET", "/file", "", b"").await;
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/csv") && head.contains("transfer-encoding: chunked"), "{head}");
    assert!(head.contains("x-amzn-requestid: "), "{head}");
    assert_eq!(body, "3\r\na\r\n\r\n3\r\nb\r\n\r\n0\r\n\r\n");
}

#[tokio::test]
async fn interrupted_stream_has_no_final_chunk() {
    let server = start(streaming(FILE, &[Some("a\r\n"), None, Some("b\r\n")])).await;
    let response =
        send_raw(&server, b"GET /file HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    // The response contains neither the final chunk nor any data after the error.
    assert!(!response.contains("0\r\n\r\n") && !response.contains("b\r\n"), "{response}");
}

#[tokio::test]
async fn transfer_mode_mismatch_or_malformed_prelude_is_a_502() {
    let server = start(streaming(FILE, &[Some("a")])).await;
    assert_eq!(send(&server, "GET", "/c/7", "", b"").await.0, 502);
    let server = start(echo()).await;
    assert_eq!(send(&server, "GET", "/file", "", b"").await.0, 502);
    let server = start(streaming(r#"{"headers":{}}"#, &[Some("a")])).await;
    assert_eq!(send(&server, "GET", "/file", "", b"").await.0, 502);
}

#[tokio::test]
async fn requests_without_a_route_get_api_gateways_403() {
    let server = start(echo()).await;
    for (method, target) in
        [("GET", "/c"), ("POST", "/c/7"), ("HEAD", "/c/7"), ("OPTIONS", "*"), ("BREW", "/c/7")]
    {
        let (status, head, body) = send(&server, method, target, "", b"").await;
        assert_eq!(status, 403, "{method} {target}");
        assert!(head.contains("x-amzn-errortype: MissingAuthenticationTokenException"), "{head}");
        if method != "HEAD" {
            assert_eq!(body, r#"{"message":"Missing Authentication Token"}"#);
        }
    }
    let (status, head, _) = send(&server, "GET", "/c", "authorization: Bearer ctc_live_x\r\n", b"").await;
    assert_eq!(status, 403);
    assert!(head.contains("x-amzn-errortype: IncompleteSignatureException"), "{head}");
}

#[tokio::test]
async fn function_failure_is_a_502() {
    let failing: [fn(String) -> Result<String, String>; 4] = [
        |_| Err("no table".to_owned()),
        |_| panic!("a bug"),
        |_| Ok("not json".to_owned()),
        |_| Ok(json!({ "statusCode": 200, "body": "x".repeat(7_000_000) }).to_string()),
    ];
    for respond in failing {
        let server = start(function(respond)).await;
        let (status, _, body) = send(&server, "GET", "/c/7", "", b"").await;
        assert_eq!((status, body.as_str()), (502, r#"{"message":"Internal server error"}"#));
    }
}

#[tokio::test]
async fn limits_match_api_gateway_and_lambda() {
    let server = start(function(|_| Ok(json!({ "statusCode": 204 }).to_string()))).await;
    let put = async |size| send(&server, "PUT", "/c/7", "", &vec![b'x'; size]).await;
    assert_eq!(put(5_000_000).await.0, 204);
    let (status, _, body) = put(6_500_000).await;
    assert_eq!((status, body.as_str()), (413, r#"{"message":"Request Too Long"}"#));
    assert_eq!(send(&server, "GET", &format!("/c/{}", "x".repeat(10_300)), "", b"").await.0, 431);
    assert_eq!(
        send(&server, "GET", "/c/7", &format!("x-long: {}\r\n", "x".repeat(10_300)), b"").await.0,
        431
    );
}

#[tokio::test]
async fn body_over_10_mb_is_rejected_before_it_is_sent() {
    let server = start(echo()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head =
        "PUT /c/7 HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10485761\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 413"), "{response}");
    assert!(response.ends_with("HTTP content length exceeded 10485760 bytes."), "{response}");
}

#[tokio::test]
async fn unusual_requests_get_a_response() {
    let server = start(echo()).await;
    for target in
        ["/c/%00", "/c/%zz", "/c/a%2Fb", "/c/..", "/c/%F0%9F%98%80", "/c/a|b", "http://x/c/7", "/c/7?%=%"]
    {
        assert_eq!(send(&server, "GET", target, "", b"").await.0, 200, "{target}");
    }
    assert!(send_raw(&server, b"GET /c/7 HTTP/1.0\r\n\r\n").await.starts_with("HTTP/1.0 200"));
    let invalid_host = b"GET /c/7 HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n";
    assert!(send_raw(&server, invalid_host).await.starts_with("HTTP/1.1 400"));
    let latin = b"GET /c/7 HTTP/1.1\r\nhost: a\r\nx: \xe9\r\nconnection: close\r\n\r\n";
    assert!(send_raw(&server, latin).await.contains(r#""x":"é""#));
}

#[tokio::test]
async fn pages_and_their_files_are_served_to_loopback_hosts_only() {
    let server = start(echo()).await;
    for (target, excerpt) in [
        ("/", r#"href="/docs""#),
        ("/docs", "/console/docs/docs.js"),
        ("/docs/swagger", "/console/docs/swagger.js"),
        ("/graphiql", "/console/graphiql/start.js"),
        ("/console/api/info", r#""key":"k""#),
        ("/console/api/info", r#""specifications":[{"name":"echo","url":"/openapi/echo.json"}]"#),
        ("/openapi/echo.json", r#"{"openapi":"3.1.0""#),
        ("/openapi/echo.json", r#""servers":[{"url":"/"}]"#),
    ] {
        let (status, _, body) = send(&server, "GET", target, "", b"").await;
        assert_eq!(status, 200, "{target}");
        assert!(body.contains(excerpt), "{target}: {body}");
        assert_served_to_loopback_hosts_only(&server, target).await;
    }
    assert_eq!(send(&server, "POST", "/", "", b"").await.0, 405);
}

#[tokio::test]
async fn pages_load_only_files_of_this_server() {
    let server = start(echo()).await;
    for (page, least) in [("/", 3), ("/docs", 4), ("/docs/swagger", 5), ("/graphiql", 4)] {
        let (_, _, html) = send(&server, "GET", page, "", b"").await;
        assert!(!html.contains("://"), "{html}");
        let quoted: Vec<&str> = html.split('"').skip(1).step_by(2).collect();
        let files: Vec<&&str> = quoted.iter().filter(|value| value.starts_with("/console/")).collect();
        assert!(files.len() >= least, "{page}: {files:?}");
        for file in files {
            assert_served_to_loopback_hosts_only(&server, file).await;
        }
    }
}

async fn assert_served_to_loopback_hosts_only(server: &RunningServer, target: &str) {
    let (status, head, _) = send(server, "GET", target, "", b"").await;
    assert_eq!(status, 200, "{target}");
    assert!(head.contains("content-security-policy: default-src 'none'"), "{head}");
    let rebound = format!("GET {target} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
    assert!(send_raw(server, rebound.as_bytes()).await.starts_with("HTTP/1.1 403"), "{target}");
    let origin = "origin: http://evil.example\r\n";
    assert_eq!(send(server, "GET", target, origin, b"").await.0, 403, "{target}");
}

#[tokio::test]
async fn error_for_a_port_in_use_names_the_port_and_the_option() {
    let first = Server::bind(0).await.unwrap();
    let error = Server::bind(first.address.port()).await.unwrap_err().to_string();
    assert!(error.contains(&first.address.port().to_string()) && error.contains("--port"), "{error}");
}

#[test]
fn error_for_an_unlinked_function_names_the_function() {
    let error = Gateway::new(TEMPLATE, Functions::default()).unwrap_err();
    assert!(matches!(error, GatewayError::Missing { missing, .. } if missing == "echo"));
}

/// Returns a function that reports when it has started and ends when it is released.
pub(super) fn waiting() -> (Invoke, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let (entered, inside) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let once = std::sync::Mutex::new(Some((entered, released)));
    let function: Invoke = Arc::new(move |_| {
        let waiting = once.lock().unwrap().take();
        async move {
            if let Some((entered, released)) = waiting {
                entered.send(()).unwrap();
                released.await.unwrap();
            }
            Ok(InvokeResponse::Buffered(json!({ "statusCode": 200, "body": "done" }).to_string()))
        }
        .boxed()
    });
    (function, inside, release)
}

#[tokio::test]
async fn shutdown_waits_for_a_request_in_flight() {
    let (function, inside, release) = waiting();
    let server = start(function).await;
    let RunningServer { address, stop, served } = server;
    let request = tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /c/7 HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    });
    inside.await.unwrap();
    drop(stop);
    release.send(()).unwrap();
    assert!(request.await.unwrap().ends_with("done"));
    served.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn shutdown_does_not_wait_for_idle_connections() {
    let RunningServer { address, stop, served } = start(echo()).await;
    let _silent = TcpStream::connect(address).await.unwrap();
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(b"GET /c/7 HTTP/1.1\r\n").await.unwrap();
    let started = std::time::Instant::now();
    drop(stop);
    served.await.unwrap().unwrap();
    assert!(started.elapsed() < SHUTDOWN_TIMEOUT);
}
