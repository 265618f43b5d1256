//! Local S3 (s3s-fs) with one bucket, backed by a folder and served on a separate loopback port.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::data::Data;

/// Bucket for exports.
pub const BUCKET: &str = "clientele-exports";
/// Folder of the buckets, relative to the data folder.
const FOLDER: &str = "s3";
/// How long a shutdown waits for requests in flight.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// The reason why the local S3 is not running.
#[derive(Debug, thiserror::Error)]
pub enum S3Error {
    /// The folder cannot be created or read.
    #[error("cannot store exports in {}: {reason}", .path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
        /// Error reported by the operating system or s3s-fs.
        reason: String,
    },
    /// No port can be bound.
    #[error("cannot open a port on 127.0.0.1 for the local S3: {0}")]
    NoPort(#[source] io::Error),
    /// The server ended with an error.
    #[error("the local S3 failed: {0}")]
    Failed(String),
}

/// A running S3 server. Dropping it stops the server; [`S3::stop`] also waits for it.
#[derive(Debug)]
pub struct S3 {
    access: S3Access,
    stop: oneshot::Sender<()>,
    served: JoinHandle<io::Result<()>>,
}

/// Connection settings for a client, which must put the bucket in the path, not in the host name.
#[derive(Clone)]
pub struct S3Access {
    /// Base URL. Any region is accepted.
    pub url: String,
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
    /// Name of the bucket.
    pub bucket: &'static str,
    /// Folder of the bucket.
    pub folder: PathBuf,
}

impl std::fmt::Debug for S3Access {
    /// Omits the credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Access")
            .field("url", &self.url)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl S3 {
    /// Starts S3 in the folder of `data`.
    ///
    /// # Errors
    ///
    /// Returns [`S3Error::NoFolder`] if the folder cannot be created, and [`S3Error::NoPort`] if no port can
    /// be bound.
    pub async fn start(data: &Data) -> Result<Self, S3Error> {
        let folder = data.folder().join(FOLDER).join(BUCKET);
        let no_folder = |reason: String| S3Error::NoFolder { path: folder.clone(), reason };
        tokio::fs::create_dir_all(&folder).await.map_err(|e| no_folder(e.to_string()))?;
        let files = FileSystem::new(data.folder().join(FOLDER)).map_err(|e| no_folder(format!("{e:?}")))?;
        // Fixed credentials suffice: only this machine can reach the port, and it can read the folder anyway.
        let (access_key, secret_key) = ("local".to_owned(), "local".to_owned());
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(access_key.clone(), secret_key.clone()));

        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(any_port).await.map_err(S3Error::NoPort)?;
        let url = format!("http://{}", listener.local_addr().map_err(S3Error::NoPort)?);
        let (stop, stopped) = oneshot::channel::<()>();
        let app = Router::new().fallback(handle).with_state(service.build());
        // Dropping the sender is the stop signal, so the receiver's error is expected.
        let served = axum::serve(listener, app).with_graceful_shutdown(async move { drop(stopped.await) });
        let served = tokio::spawn(async move { served.await });
        let access = S3Access { url, access_key, secret_key, bucket: BUCKET, folder };
        Ok(Self { access, stop, served })
    }

    /// Returns the connection settings.
    #[must_use]
    pub fn access(&self) -> &S3Access {
        &self.access
    }

    /// Waits for requests in flight, for at most 5 seconds, and stops the server.
    ///
    /// # Errors
    ///
    /// Returns [`S3Error::Failed`] if the server has ended with an error.
    pub async fn stop(mut self) -> Result<(), S3Error> {
        drop(self.stop);
        match tokio::time::timeout(SHUTDOWN_TIMEOUT, &mut self.served).await {
            Ok(ended) => {
                let ended = ended.map_err(|e| S3Error::Failed(e.to_string()))?;
                ended.map_err(|e| S3Error::Failed(e.to_string()))
            }
            Err(_) => {
                self.served.abort();
                Ok(())
            }
        }
    }
}

async fn handle(State(service): State<S3Service>, request: Request) -> Response {
    match service.call(request.map(s3s::Body::http_body_unsync)).await {
        Ok(response) => response.map(Body::new),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_s3::primitives::ByteStream;

    use super::*;

    fn client(access: &S3Access, secret: &str) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new(&access.access_key, secret, None, None, "local"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&access.url)
            .force_path_style(true);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    #[tokio::test]
    async fn uploaded_object_is_stored_as_a_file_and_can_be_downloaded() {
        let data = Data::temporary().unwrap();
        let s3 = S3::start(&data).await.unwrap();
        let access = s3.access().clone();
        let client = client(&access, &access.secret_key);

        let put = client.put_object().bucket(BUCKET).key("a/b.csv").body(ByteStream::from_static(b"x,y\r\n"));
        put.send().await.unwrap();
        let got = client.get_object().bucket(BUCKET).key("a/b.csv").send().await.unwrap();
        assert_eq!(got.body.collect().await.unwrap().to_vec(), b"x,y\r\n");
        assert_eq!(std::fs::read(access.folder.join("a/b.csv")).unwrap(), b"x,y\r\n");
        s3.stop().await.unwrap();
    }

    #[tokio::test]
    async fn requests_signed_with_another_secret_are_rejected() {
        let data = Data::temporary().unwrap();
        let s3 = S3::start(&data).await.unwrap();
        let listed = client(s3.access(), "guess").list_objects_v2().bucket(BUCKET).send().await;
        assert!(listed.is_err());
        s3.stop().await.unwrap();
    }
}
