//! A function that streams, as the process that Lambda runs: an answer that breaks off ends the process and its
//! connection, so that Lambda breaks the caller's.
//!
//! This test program starts itself as that process, and plays Lambda's Runtime API to it.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use clientele_shared::table::keys::{self, attribute};

use super::walks::{COUNT, customers};
use crate::support::Stack;

/// Tells this program to be the function, and at which address its Runtime API is.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

#[test]
#[ignore = "the process that the tests of this file start"]
fn function() {
    assert!(std::env::var_os(RUNTIME_API).is_some(), "this is no test: it is started by those of this file");
    clientele_functions_common::serve_streamed(&clientele_functions_pool::customer_export::ENDPOINT).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_ends_with_the_last_part_and_the_process_goes_on() {
    let stack = Stack::start().await;
    customers(&stack).await;
    let mut lambda = Lambda::start(&stack);
    let answer = lambda.invoke();
    assert_eq!(answer.matches("\r\ncust_").count(), COUNT as usize);
    assert!(answer.contains("Transfer-Encoding: chunked") || answer.contains("transfer-encoding: chunked"));
    assert!(answer.ends_with("\r\n0\r\n\r\n"));
    assert_eq!(lambda.invoke().len(), answer.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_ends_the_process_and_has_no_last_part() {
    let stack = Stack::start().await;
    customers(&stack).await;
    damage(&stack, 7).await;
    let mut lambda = Lambda::start(&stack);
    let answer = lambda.invoke();
    assert!(answer.contains("id,firstName") && answer.contains(&format!("cust_{COUNT},")));
    assert!(!answer.contains("cust_7,"));
    assert!(!answer.ends_with("0\r\n\r\n"), "it looks whole");
    assert_eq!(lambda.process.wait().unwrap().code(), Some(1));
    let mut log = String::new();
    lambda.process.stdout.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("the answer broke off") && log.contains("pool-customer-export"), "{log}");
}

/// Makes a record that cannot be read.
async fn damage(stack: &Stack, number: u32) {
    let tenant = stack.tenant();
    let key = keys::customer(&tenant, tenant.customer_uuid(number.try_into().unwrap()));
    let update = stack
        .client
        .update_item()
        .table_name(&stack.table)
        .key(attribute::PK, AttributeValue::S(key.pk))
        .key(attribute::SK, AttributeValue::S(key.sk))
        .update_expression("SET #fields = :damaged")
        .expression_attribute_names("#fields", "fields")
        .expression_attribute_values(":damaged", AttributeValue::S("?".into()));
    update.send().await.unwrap();
}

/// The function's process, and the Runtime API that it asks for events.
struct Lambda {
    process: Child,
    runtime_api: TcpListener,
    event: String,
}

impl Lambda {
    fn start(stack: &Stack) -> Self {
        let runtime_api = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "pool::streamed_process::function", "--ignored", "--nocapture"])
            .env(RUNTIME_API, runtime_api.local_addr().unwrap().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "pool-customer-export")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_ENDPOINT_URL_DYNAMODB", &stack.url)
            .env("TABLE_NAME", &stack.table)
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

    /// Hands out the event; returns all that the function sends as its answer, as it stands on the wire.
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
        let mut answer = self.connection();
        let head = head(&mut answer);
        assert!(head.starts_with("POST /2018-06-01/runtime/invocation/1/response"), "{head}");
        let mut body = Vec::new();
        let mut part = [0; 65_536];
        // Until the last part, or the end of a connection that breaks.
        while !body.ends_with(b"\r\n0\r\n\r\n") {
            match answer.read(&mut part) {
                Ok(0) | Err(_) => break,
                Ok(length) => body.extend_from_slice(&part[..length]),
            }
        }
        // A process that is gone hears no more.
        drop(
            answer
                .get_mut()
                .write_all(b"HTTP/1.1 202 Accepted\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
        );
        head + &String::from_utf8(body).unwrap()
    }

    /// The function's next connection; a function that ends instead is no reason to wait forever.
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
            assert_eq!(self.process.try_wait().unwrap(), None, "the function ended");
            std::thread::yield_now();
        }
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The lines before a body.
fn head(connection: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(connection.read_line(&mut head).unwrap(), 0, "{head}");
    }
    head
}
