//! A streaming function in a separate process, as on Lambda. If its response is interrupted, the process
//! exits and its connection closes, so that Lambda closes the client's connection.
//!
//! This test program starts itself as that process and emulates Lambda's Runtime API.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::walks::{COUNT, customers};
use crate::support::{Stack, lambda};

/// Environment variable with the address of the Runtime API; it is set in the function's process.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

#[test]
#[ignore = "the other tests in this file start it as a process"]
fn function() {
    assert!(
        std::env::var_os(RUNTIME_API).is_some(),
        "not a test: the other tests in this file start it as a process"
    );
    clientele_functions_common::serve_streamed(&clientele_functions_pool::customer_export::ENDPOINT).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn complete_response_ends_with_the_last_chunk_and_the_process_continues() {
    let stack = Stack::start().await;
    customers(&stack).await;
    let mut lambda = Lambda::start(&stack);
    let response = lambda.invoke();
    assert_eq!(response.matches("\r\ncust_").count(), COUNT as usize);
    assert!(
        response.contains("Transfer-Encoding: chunked") || response.contains("transfer-encoding: chunked")
    );
    assert!(response.ends_with("\r\n0\r\n\r\n"));
    // The number of chunks depends on the speed of the reads.
    let again = lambda.invoke();
    assert_eq!(again.matches("\r\ncust_").count(), COUNT as usize);
    assert!(again.ends_with("\r\n0\r\n\r\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_response_has_no_last_chunk_and_the_process_exits() {
    let stack = Stack::start().await;
    customers(&stack).await;
    stack.damage(7).await;
    let mut lambda = Lambda::start(&stack);
    let response = lambda.invoke();
    assert!(response.contains("id,firstName") && response.contains(&format!("cust_{COUNT},")));
    assert!(!response.contains("cust_7,"));
    assert!(!response.ends_with("0\r\n\r\n"), "the response looks complete");
    assert_eq!(lambda.process.wait().unwrap().code(), Some(1));
    let mut log = String::new();
    lambda.process.stdout.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("the response stream failed") && log.contains("pool-customer-export"), "{log}");
}

/// The function's process, and the Runtime API from which it gets events.
struct Lambda {
    process: Child,
    runtime_api: TcpListener,
    event: String,
}

impl Lambda {
    fn start(stack: &Stack) -> Self {
        let runtime_api = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = runtime_api.local_addr().unwrap().to_string();
        let environment = lambda::environment("pool-customer-export", address, &stack.url, &stack.table);
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "pool::streamed_process::function", "--ignored", "--nocapture"])
            .envs(environment)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let headers = json!({"X-API-Key": stack.acme.secret});
        let context = json!({"requestId": "r", "httpMethod": "GET", "path": "/customers/export/csv",
            "stage": "$default", "identity": {"sourceIp": "192.0.2.1"}});
        let event = json!({"resource": "/customers/export/csv", "path": "/customers/export/csv",
            "httpMethod": "GET", "headers": headers, "multiValueHeaders": {"X-API-Key": [stack.acme.secret]},
            "requestContext": context, "body": null, "isBase64Encoded": false});
        Self { process, runtime_api, event: event.to_string() }
    }

    /// Sends the event to the function; returns the function's response as sent over the connection.
    fn invoke(&mut self) -> String {
        let mut next = self.connection();
        assert!(head(&mut next).starts_with("GET /2018-06-01/runtime/invocation/next"));
        let deadline = std::time::SystemTime::now() + std::time::Duration::from_secs(900);
        let deadline = deadline.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        let headers = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nlambda-runtime-aws-request-id: 1\r\n\
             lambda-runtime-deadline-ms: {deadline}\r\nlambda-runtime-invoked-function-arn: arn\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n",
            self.event.len()
        );
        next.get_mut().write_all((headers + &self.event).as_bytes()).unwrap();
        drop(next);
        let mut response = self.connection();
        let head = head(&mut response);
        assert!(head.starts_with("POST /2018-06-01/runtime/invocation/1/response"), "{head}");
        let mut body = Vec::new();
        let mut buffer = [0; 65_536];
        // Read up to the last chunk, or until the connection closes.
        while !body.ends_with(b"\r\n0\r\n\r\n") {
            match response.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(length) => body.extend_from_slice(&buffer[..length]),
            }
        }
        // Fails if the process has exited.
        drop(
            response
                .get_mut()
                .write_all(b"HTTP/1.1 202 Accepted\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
        );
        head + &String::from_utf8(body).unwrap()
    }

    /// Accepts the function's next connection; panics if the function exits instead.
    fn connection(&mut self) -> BufReader<TcpStream> {
        self.runtime_api.set_nonblocking(true).unwrap();
        loop {
            match self.runtime_api.accept() {
                Ok((connection, _)) => {
                    connection.set_nonblocking(false).unwrap();
                    return BufReader::new(connection);
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
            }
            assert_eq!(self.process.try_wait().unwrap(), None, "the function exited");
            std::thread::yield_now();
        }
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        // Fails if the process has already exited.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Reads the lines before a body.
fn head(connection: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(connection.read_line(&mut head).unwrap(), 0, "{head}");
    }
    head
}
