//! The `clientele` command against AWS: the calls that it makes, the proxy that it uses, and its errors. A
//! server in this process takes the place of AWS and of the proxy.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers that only tests use are test code, too")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;

use serde_json::{Value, json};

/// Runs the command with the credentials of a person, or without any.
fn clientele(arguments: &[&str], has_credentials: bool, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clientele"));
    command.args(arguments).stdin(Stdio::null()).env_clear().env("AWS_REGION", "eu-central-1");
    // No file and no metadata service of this machine is asked.
    command.envs([
        ("HOME", "/nonexistent"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_MAX_ATTEMPTS", "1"),
    ]);
    if has_credentials {
        command.envs([("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "example")]);
    }
    command.envs(environment.iter().copied()).output().unwrap()
}

/// One request: its first line, its `X-Amz-Target` and its body.
struct Received {
    line: String,
    target: String,
    body: Value,
}

/// Answers requests, one per connection, until one is not DynamoDB's. Returns them all.
fn serve(listener: TcpListener, respond: fn(&Received) -> (u16, Value)) -> JoinHandle<Vec<Received>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let request = read(&stream);
            if request.line.is_empty() {
                return all;
            }
            let (status, body) = respond(&request);
            let body = body.to_string();
            let head =
                format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            (&stream).write_all((head + &body).as_bytes()).unwrap();
            all.push(request);
        }
        all
    })
}

fn read(stream: &TcpStream) -> Received {
    let mut reader = BufReader::new(stream);
    let (mut line, mut target, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut line).unwrap();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        match header.trim_end().split_once(": ") {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("x-amz-target") => target = value.to_owned(),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap();
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Received { line, target, body: serde_json::from_slice(&body).unwrap_or_default() }
}

/// Ends a server by a connection without a request.
fn finish(address: &str, server: JoinHandle<Vec<Received>>) -> Vec<Received> {
    drop(TcpStream::connect(address).unwrap());
    server.join().unwrap()
}

#[test]
fn table_on_aws_is_protected_and_can_be_recovered() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = serve(listener, |request| match request.target.rsplit('.').next().unwrap() {
        "DescribeTable" => (200, json!({"Table": {"TableStatus": "ACTIVE"}})),
        _ => (200, json!({})),
    });
    let endpoint = format!("http://{address}");
    let output =
        clientele(&["table", "create", "--table", "t"], true, &[("AWS_ENDPOINT_URL_DYNAMODB", &endpoint)]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.stdout, b"Created table t.\n");
    let calls = finish(&address, server);
    let operations: Vec<&str> = calls.iter().map(|call| call.target.rsplit('.').next().unwrap()).collect();
    assert_eq!(operations, ["CreateTable", "DescribeTable", "UpdateTimeToLive", "UpdateContinuousBackups"]);
    assert_eq!(calls[0].body["DeletionProtectionEnabled"], true);
    assert_eq!(calls[3].body["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
}

#[test]
fn proxy_of_the_environment_is_used_and_its_error_is_printed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = serve(listener, |_| (403, json!("no")));
    let proxy = format!("http://{address}");
    let output = clientele(&["tenant", "list"], true, &[("HTTPS_PROXY", &proxy)]);
    let calls = finish(&address, server);
    assert!(
        calls[0].line.starts_with("CONNECT dynamodb.eu-central-1.amazonaws.com:443 "),
        "{}",
        calls[0].line
    );
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains("tunnel error"), "{error}");
}

#[test]
fn error_for_missing_credentials_has_its_cause() {
    let output = clientele(&["tenant", "list"], false, &[]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with("error: no AWS credentials (") && error.contains("--dynamodb URL"), "{error}");
    let login = "[profile p]\nlogin_session = arn:aws:iam::111122223333:user/a\nregion = us-east-1\n";
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, login).unwrap();
    let environment = [("AWS_CONFIG_FILE", config.to_str().unwrap()), ("AWS_PROFILE", "p")];
    let output = clientele(&["tenant", "list"], false, &environment);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("login"), "{error}");
    assert!(!error.contains("credentials-login"), "the command cannot use `aws login`: {error}");
}
