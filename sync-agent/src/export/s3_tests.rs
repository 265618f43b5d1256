//! Uploads to an S3 server backed by a folder: in parts, completed or aborted.

use std::net::Ipv4Addr;
use std::path::Path;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use clientele_shared::model::{ExportFormat, ExportKind, Timestamp};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

use super::*;
use crate::export::{ExportDestination, ExportError};

const BUCKET: &str = "exports";

/// Manifests under this prefix are refused, as a bucket policy would refuse them.
const REFUSED_PREFIX: &str = "/refused/";

async fn respond(State(service): State<S3Service>, request: Request) -> Response {
    if request.uri().path().contains(REFUSED_PREFIX) && request.uri().path().ends_with(".manifest.json") {
        return StatusCode::FORBIDDEN.into_response();
    }
    match service.call(request.map(s3s::Body::http_body_unsync)).await {
        Ok(response) => response.map(Body::new),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
    }
}

/// Starts an S3 server backed by this folder and returns its client.
async fn client(folder: &Path) -> Client {
    std::fs::create_dir_all(folder.join(BUCKET)).unwrap();
    let mut service = S3ServiceBuilder::new(FileSystem::new(folder).unwrap());
    service.set_auth(SimpleAuth::from_single("local", "secret"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(respond).with_state(service.build());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "secret", None, None, "local"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(url)
        .force_path_style(true);
    Client::from_conf(config.build())
}

/// Returns the paths of all files under the folder, including hidden ones.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

fn paths() -> Paths {
    Paths::new(ExportKind::Customers, ExportFormat::Csv, Timestamp::from_millis(0))
}

async fn sink(folder: &Path, paths: &Paths) -> S3Sink {
    let bucket = Bucket { client: client(folder).await, name: BUCKET.into(), prefix: "daily/".into() };
    S3Sink::begin_with_part_size(bucket, paths.clone(), MIN_PART_SIZE).await.unwrap()
}

/// Minimum size of a part in S3, in bytes. Only the last part can be smaller.
const MIN_PART_SIZE: usize = 5 * 1024 * 1024;

#[tokio::test]
async fn object_contains_all_parts_and_appears_only_on_completion() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths();
    let mut sink = sink(folder.path(), &paths).await;
    let pieces = [vec![b'a'; 10], vec![b'b'; 2 * MIN_PART_SIZE], vec![b'c'; 10]];
    for piece in &pieces {
        sink.write(piece).await.unwrap();
    }
    let file = folder.path().join(BUCKET).join("daily").join(paths.file());
    assert_eq!(sink.parts.len(), 2);
    assert!(!file.exists());
    sink.complete().await.unwrap();
    sink.put_manifest(b"{}".to_vec()).await.unwrap();
    assert!(std::fs::read(&file).unwrap() == pieces.concat());
    assert_eq!(
        std::fs::read(folder.path().join(BUCKET).join("daily").join(paths.manifest())).unwrap(),
        b"{}"
    );
}

#[tokio::test]
async fn aborted_upload_leaves_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = sink(folder.path(), &paths()).await;
    sink.write(&vec![b'a'; MIN_PART_SIZE + 1]).await.unwrap();
    assert!(!files(folder.path()).is_empty());
    sink.abort().await.unwrap();
    assert_eq!(files(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn export_whose_manifest_is_refused_leaves_no_object() {
    let folder = tempfile::tempdir().unwrap();
    let destination = ExportDestination::S3(Bucket {
        client: client(folder.path()).await,
        name: BUCKET.into(),
        prefix: REFUSED_PREFIX.trim_start_matches('/').into(),
    });
    let paths = paths();
    let mut sink = destination.begin(&paths).await.unwrap();
    sink.write(b"a\r\n").await.unwrap();
    assert!(matches!(sink.complete(b"{}").await, Err(ExportError::S3 { .. })));
    // The folder keeps hidden notes of objects that are gone.
    let objects: Vec<String> =
        files(folder.path()).into_iter().filter(|name| !name.starts_with('.')).collect();
    assert_eq!(objects, Vec::<String>::new());
}
