//! A bucket on an S3 server of this process, which can be away.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The bucket's name.
pub(crate) const BUCKET: &str = "exports";

/// A bucket.
pub(crate) struct Bucket {
    folder: TempDir,
    url: String,
    /// The status of every response, or 0 if the server works.
    status: Arc<AtomicU16>,
}

#[derive(Clone)]
struct Server {
    service: S3Service,
    status: Arc<AtomicU16>,
}

async fn respond(State(server): State<Server>, request: Request) -> Response {
    if let Ok(status) = StatusCode::from_u16(server.status.load(Ordering::SeqCst)) {
        let body = "<Error><Code>NoSuchBucket</Code><Message>missing</Message></Error>";
        return (status, if status == StatusCode::NOT_FOUND { body } else { "" }).into_response();
    }
    match server.service.call(request.map(s3s::Body::http_body_unsync)).await {
        Ok(response) => response.map(Body::new),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
    }
}

impl Bucket {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single("local", "secret"));
        let status = Arc::<AtomicU16>::default();
        let server = Server { service: service.build(), status: Arc::clone(&status) };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(respond).with_state(server);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { folder, url, status }
    }

    /// Lets every response have this status; 0 lets the server work again.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// Returns a client that does not retry.
    pub(crate) fn client(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("local", "secret", None, None, "local"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled())
            .endpoint_url(&self.url)
            .force_path_style(true);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// Returns the paths of the objects, without the notes that the server keeps in hidden files.
    pub(crate) fn objects(&self) -> Vec<String> {
        let root = self.folder.path().join(BUCKET);
        let relative = |path: PathBuf| path.strip_prefix(&root).unwrap().display().to_string();
        super::files(&root).into_iter().map(relative).filter(|path| !path.contains("/.")).collect()
    }

    /// Returns an object's content.
    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(BUCKET).join(path)).unwrap()
    }
}
