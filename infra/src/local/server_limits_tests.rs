//! Tests of limits that requests share, and of the local replacements of AWS services, over a real socket.

use clientele_functions_common::invoke::StreamedResponse;
use futures::{FutureExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::data::Data;
use super::super::engine::Engine;
use super::tests::{
    FILE, RunningServer, echo, send, send_raw, send_to, start, start_on, start_with, waiting,
};
use super::*;
use crate::local::function::{Invoke, InvokeResponse};

#[tokio::test]
async fn requests_above_the_concurrency_are_a_500() {
    let (function, inside, release) = waiting();
    let server = start_with(function, |gateway| gateway.with_concurrency(1)).await;
    let address = server.address;
    let first = tokio::spawn(send_to(address, "GET /c/7 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
    inside.await.unwrap();
    let (status, head, body) = send(&server, "GET", "/c/8", "", b"").await;
    assert_eq!((status, body.as_str()), (500, r#"{"message":"Internal server error"}"#));
    assert!(head.contains("x-amzn-errortype: InternalServerErrorException"), "{head}");
    release.send(()).unwrap();
    assert!(first.await.unwrap().ends_with("done"));
    assert_eq!(send(&server, "GET", "/c/9", "", b"").await.0, 200);
}

#[tokio::test]
async fn unfinished_stream_counts_as_a_running_function() {
    let chunks: Invoke = Arc::new(|_| {
        let body = futures::stream::iter([Ok("a".into())]).chain(futures::stream::pending()).boxed();
        let response = InvokeResponse::Streamed(StreamedResponse { prelude: FILE.to_owned(), body });
        std::future::ready(Ok(response)).boxed()
    });
    let server = start_with(chunks, |gateway| gateway.with_concurrency(1)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /file HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'H');
    assert_eq!(send(&server, "GET", "/file", "", b"").await.0, 500);
}

#[tokio::test]
async fn waiting_requests_of_one_key_leave_other_keys_alone() {
    let (function, inside, release) = waiting();
    let server = start_with(function, |gateway| gateway.with_key_concurrency(1)).await;
    let get = |key: &str| {
        let head = format!("GET /c/7 HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-api-key: {key}\r\n\r\n");
        send_to(server.address, head)
    };
    let first = tokio::spawn(get("slow"));
    inside.await.unwrap();
    // These wait. They would be answered at once, because only the first call of the function waits.
    let mut queued = tokio::task::JoinSet::new();
    for _ in 0..20 {
        queued.spawn(get("slow"));
    }
    for _ in 0..5 {
        assert!(get("other").await.ends_with("done"));
        assert!(queued.try_join_next().is_none());
    }
    release.send(()).unwrap();
    assert!(first.await.unwrap().ends_with("done"));
    assert!(queued.join_all().await.iter().all(|response| response.ends_with("done")));
}

#[tokio::test(start_paused = true)]
async fn request_that_waits_too_long_for_its_key_is_a_429() {
    let (function, inside, _release) = waiting();
    let server = start_with(function, |gateway| gateway.with_key_concurrency(1)).await;
    let get = || send_to(server.address, "GET /c/7 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    let _first = tokio::spawn(get());
    inside.await.unwrap();
    let response = tokio::time::timeout(LONGER_THAN_ANY_LIMIT, get()).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 429"), "{response}");
}

/// How long the tests below wait for the server to give up, on a clock that advances when nothing happens.
const LONGER_THAN_ANY_LIMIT: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn connection_with_an_unfinished_head_is_closed() {
    let server = start(echo()).await;
    let read = send_to(server.address, "GET /c/7 HTTP/1.1\r\nhost: a\r\n");
    assert_eq!(tokio::time::timeout(LONGER_THAN_ANY_LIMIT, read).await.unwrap(), "");
}

#[tokio::test(start_paused = true)]
async fn unfinished_body_is_a_408() {
    let server = start(echo()).await;
    let read = send_to(server.address, "PUT /c/7 HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{}");
    let response = tokio::time::timeout(LONGER_THAN_ANY_LIMIT, read).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 408"), "{response}");
}

#[tokio::test]
async fn bodies_share_a_bounded_memory() {
    let (function, inside, release) = waiting();
    let server = start_with(function, |gateway| gateway.with_body_memory(1000)).await;
    let request =
        format!("PUT /c/7 HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 900\r\n\r\n{:900}", "");
    let first = tokio::spawn(send_to(server.address, request));
    inside.await.unwrap();
    assert_eq!(send(&server, "PUT", "/c/7", "", &[b'x'; 101]).await.0, 429);
    assert_eq!(send(&server, "PUT", "/c/7", "", &[b'x'; 100]).await.0, 200);
    release.send(()).unwrap();
    assert!(first.await.unwrap().ends_with("done"));
    assert_eq!(send(&server, "PUT", "/c/7", "", &[b'x'; 1000]).await.0, 200);
}

/// The head of a call of the embedded DynamoDB, whose signature is not checked, up to its length.
const LIST_TABLES: &str = "POST / HTTP/1.1\r\nconnection: close\r\nx-amz-target: DynamoDB_20120810.ListTables\r\n\
    authorization: AWS4-HMAC-SHA256 Credential=a/20260115/us-east-1/dynamodb/aws4_request, SignedHeaders=host, \
    Signature=0\r\n";

async fn start_with_engine(function: Invoke, change: impl FnOnce(Gateway) -> Gateway) -> RunningServer {
    let data = Data::temporary().unwrap();
    let engine = Engine::open(&data).await.unwrap();
    start_on(&data, Some(engine), function, change).await
}

#[tokio::test]
async fn signed_requests_reach_the_engine_under_a_loopback_host_only() {
    let server = start_with_engine(echo(), |gateway| gateway).await;
    let list = async |host: &str| {
        send_raw(&server, format!("{LIST_TABLES}host: {host}\r\ncontent-length: 2\r\n\r\n{{}}").as_bytes())
            .await
    };
    for host in ["localhost", "127.0.0.1:4747"] {
        let response = list(host).await;
        assert!(
            response.starts_with("HTTP/1.1 200") && response.ends_with(r#"{"TableNames":[]}"#),
            "{response}"
        );
    }
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:4747"] {
        let response = list(host).await;
        assert!(response.starts_with("HTTP/1.1 403") && !response.contains("TableNames"), "{response}");
    }
}

#[tokio::test]
async fn aws_services_refuse_pages_of_other_origins() {
    let server = start_with_engine(echo(), |gateway| gateway).await;
    for origin in ["https://evil.example", "http://127.0.0.1:8080", "http://localhost", "null"] {
        let origin = format!("host: 127.0.0.1:4747\r\norigin: {origin}\r\n");
        let request = format!("{LIST_TABLES}{origin}content-length: 2\r\n\r\n{{}}");
        let response = send_raw(&server, request.as_bytes()).await;
        assert!(response.starts_with("HTTP/1.1 403") && !response.contains("TableNames"), "{response}");
        let s3 = LIST_TABLES.replace("/dynamodb/", "/s3/");
        let request = format!("{s3}{origin}content-length: 2\r\n\r\n{{}}");
        assert!(send_raw(&server, request.as_bytes()).await.starts_with("HTTP/1.1 403"), "{origin}");
    }
}

#[tokio::test]
async fn preflight_is_refused_without_cors_headers() {
    let server = start_with_engine(echo(), |gateway| gateway).await;
    for requested in ["authorization,x-amz-target", "x-api-key"] {
        for path in ["/", "/c/7", "/clientele-exports/a"] {
            let headers = format!(
                "origin: https://evil.example\r\naccess-control-request-method: POST\r\n\
                 access-control-request-headers: {requested}\r\n"
            );
            let (status, head, _) = send(&server, "OPTIONS", path, &headers, b"").await;
            assert!(status >= 400, "{path}: {head}");
            assert!(!head.to_ascii_lowercase().contains("access-control-"), "{path}: {head}");
        }
    }
}

#[tokio::test]
async fn bodies_for_the_engine_share_the_memory_of_the_functions() {
    let (function, inside, release) = waiting();
    let server = start_with_engine(function, |gateway| gateway.with_body_memory(1000)).await;
    let list = async |size: usize| {
        let body = format!("{:size$}", "{}");
        send_raw(
            &server,
            format!("{LIST_TABLES}host: localhost\r\ncontent-length: {size}\r\n\r\n{body}").as_bytes(),
        )
        .await
    };
    assert!(list(1000).await.starts_with("HTTP/1.1 200"));
    let request =
        format!("PUT /c/7 HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 900\r\n\r\n{:900}", "");
    let first = tokio::spawn(send_to(server.address, request));
    inside.await.unwrap();
    assert!(list(101).await.starts_with("HTTP/1.1 503"));
    assert!(list(100).await.starts_with("HTTP/1.1 200"));
    release.send(()).unwrap();
    assert!(first.await.unwrap().ends_with("done"));
}

#[tokio::test]
async fn engine_refuses_a_body_above_its_limit_before_it_is_sent() {
    let server = start_with_engine(echo(), |gateway| gateway).await;
    let head =
        format!("{LIST_TABLES}host: localhost\r\ncontent-length: 16777217\r\nexpect: 100-continue\r\n\r\n");
    assert!(send_raw(&server, head.as_bytes()).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test(start_paused = true)]
async fn unfinished_body_for_the_engine_is_a_408() {
    let server = start_with_engine(echo(), |gateway| gateway).await;
    let head = format!("{LIST_TABLES}host: localhost\r\ncontent-length: 9\r\n\r\n{{}}");
    let response = tokio::time::timeout(LONGER_THAN_ANY_LIMIT, send_to(server.address, head)).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 408"), "{response}");
}
