//! The messages about a wrong table, address, path or credentials: one line that says what to do next.

use std::net::Ipv4Addr;
use std::process::{Command, Output, Stdio};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use tokio::net::TcpListener;

use crate::engine::Engine;

const EXPORT: [&str; 4] = ["export", "customers", "--to", "out"];
const IMPORT: [&str; 3] = ["import", "customers", "rows.csv"];
const LIST: [&str; 2] = ["schedule", "list"];

/// Runs the command without the credentials, settings and metadata service of this machine.
async fn run(engine: &Engine, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sync-agent"));
    command.args(arguments).current_dir(engine.folder.path()).stdin(Stdio::null());
    for name in ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "ENDPOINT_URL_S3"] {
        command.env_remove(format!("AWS_{name}"));
    }
    for name in ["CONTAINER_CREDENTIALS_RELATIVE_URI", "CONTAINER_CREDENTIALS_FULL_URI", "ENDPOINT_URL"] {
        command.env_remove(format!("AWS_{name}"));
    }
    command.env_remove("AWS_WEB_IDENTITY_TOKEN_FILE").env_remove("TABLE_NAME");
    command.env("AWS_CONFIG_FILE", "absent").env("AWS_SHARED_CREDENTIALS_FILE", "absent");
    command.env("HOME", engine.folder.path());
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_REGION", "us-east-1");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[track_caller]
fn check(arguments: &[&str], output: Output, code: i32, expected: &str) {
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    assert!(stderr.starts_with("error: ") && stderr.contains(expected), "{arguments:?}: {stderr}");
    // The parser adds the usage on lines of its own.
    let lines = stderr.lines().filter(|line| line.starts_with("error")).count();
    assert!(lines == 1 && (code == 2 || stderr.lines().count() == 1), "{arguments:?}: {stderr}");
    assert!(!stderr.contains("service error") && !stderr.contains("SdkError"), "{stderr}");
}

/// Returns the URL of a port that nothing listens on.
fn away() -> String {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_table_address_path_and_credentials_get_one_line_each() {
    let engine = Engine::start().await;
    engine.file("rows.csv", "email\na@b.c\n");
    let (url, table, away) = (engine.url(), engine.table(), away());
    let refused =
        format!("nothing listens at {away}; start the local stack with cargo run, or check --dynamodb");
    let no_url = "invalid value 'nourl' for '--dynamodb <URL>': must be a URL such as http://127.0.0.1:4747";
    for command in [&EXPORT[..], &IMPORT, &LIST] {
        for (more, code, expected) in [
            (&["--dynamodb", url, "--table", "absent"][..], 1, "table absent: does not exist; check --table"),
            (&["--dynamodb", &away], 5, &refused),
            (&["--tenant", "demo"], 1, "no AWS credentials ("),
            (&["--dynamodb", "nourl"], 2, no_url),
        ] {
            let arguments = [command, more].concat();
            check(&arguments, run(&engine, &arguments).await, code, expected);
        }
    }
    let local = ["--dynamodb", url, "--table", table];
    for (command, code, expected) in [
        (&["import", "customers", "absent.csv"][..], 1, "cannot open absent.csv: "),
        (&["import", "customers", "absent.csv"], 1, "; check the path"),
        (&["export", "customers", "--to", "s3://exports"], 1, "no AWS credentials for S3; sign in"),
        (
            &["export", "customers", "--to", "s3://exports", "--s3-endpoint", "nourl"],
            2,
            "'--s3-endpoint <URL>'",
        ),
        (&["export", "customers", "--to", "s3://exports", "--s3-endpoint", "http://a:x"], 2, "must be a URL"),
    ] {
        let arguments = [command, &local].concat();
        check(&arguments, run(&engine, &arguments).await, code, expected);
    }
}

/// Refuses a request with the error code that the bucket is named after.
async fn refuse(request: Request) -> (StatusCode, String) {
    let bucket = request.uri().path().split('/').nth(1).unwrap_or_default().to_owned();
    let code = match bucket.as_str() {
        "wrong-key" => "InvalidAccessKeyId",
        "wrong-secret" => "SignatureDoesNotMatch",
        "expired" => "ExpiredToken",
        _ => "AccessDenied",
    };
    (StatusCode::FORBIDDEN, format!("<Error><Code>{code}</Code><Message>no</Message></Error>"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_of_s3_name_the_credentials_to_check() {
    let engine = Engine::start().await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(refuse)).await });
    for (bucket, expected) in [
        ("wrong-key", "S3 does not know the access key; check AWS_ACCESS_KEY_ID"),
        ("wrong-secret", "check AWS_SECRET_ACCESS_KEY, or the profile in AWS_PROFILE"),
        ("expired", "the credentials have expired; sign in again"),
        (
            "denied",
            "access denied to the credentials in AWS_PROFILE or AWS_ACCESS_KEY_ID; allow s3:GetObject",
        ),
    ] {
        let to = format!("s3://{bucket}/daily");
        let arguments = ["export", "customers", "--to", &to, "--s3-endpoint", &endpoint];
        let mut command = engine.command(&arguments);
        command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.env_remove("AWS_SESSION_TOKEN").env("HOME", engine.folder.path());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        check(&arguments, output, 1, expected);
    }
}
