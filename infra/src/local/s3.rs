//! Local S3 (s3s-fs) with one bucket, backed by a folder and served on the port of the local stack.

use std::path::PathBuf;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use percent_encoding::percent_decode_str;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;

use super::data::Data;

/// Bucket for exports.
pub const BUCKET: &str = "clientele-exports";
/// Folder of the buckets, relative to the data folder.
const FOLDER: &str = "s3";

/// The response to a key that would name a folder outside the bucket, or the bucket itself.
const INVALID_KEY: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>InvalidArgument</Code><Message>\
                           The local stack stores objects as files: a key must not have `.` or `..` between \
                           slashes.</Message></Error>";

/// The local S3 cannot store files.
#[derive(Debug, thiserror::Error)]
#[error("cannot store exports in {}: {reason}; choose another folder with --data DIR", .path.display())]
pub struct S3Error {
    /// The folder.
    path: PathBuf,
    /// Error reported by the operating system or s3s-fs.
    reason: String,
}

/// The local S3.
#[derive(Clone)]
pub struct S3 {
    service: S3Service,
    access: S3Access,
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3").field("access", &self.access).finish_non_exhaustive()
    }
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
    /// Opens the S3 in the folder of `data`, for clients that reach the local stack at `url`.
    ///
    /// # Errors
    ///
    /// Returns [`S3Error`] if the folder cannot be created.
    pub async fn open(data: &Data, url: String) -> Result<Self, S3Error> {
        let folder = data.folder().join(FOLDER).join(BUCKET);
        let no_folder = |reason: String| S3Error { path: folder.clone(), reason };
        tokio::fs::create_dir_all(&folder).await.map_err(|e| no_folder(e.to_string()))?;
        let files = FileSystem::new(data.folder().join(FOLDER)).map_err(|e| no_folder(format!("{e:?}")))?;
        // Fixed credentials suffice: only this machine can reach the port, and it can read the folder anyway.
        let (access_key, secret_key) = ("local".to_owned(), "local".to_owned());
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(access_key.clone(), secret_key.clone()));
        let access = S3Access { url, access_key, secret_key, bucket: BUCKET, folder };
        Ok(Self { service: service.build(), access })
    }

    /// Returns the connection settings.
    #[must_use]
    pub fn access(&self) -> &S3Access {
        &self.access
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request) -> Response {
        if !is_storable(request.uri().path()) {
            let headers = [(header::CONTENT_TYPE, "application/xml")];
            return (StatusCode::BAD_REQUEST, headers, INVALID_KEY).into_response();
        }
        match self.service.call(request.map(s3s::Body::http_body_unsync)).await {
            Ok(response) => response.map(Body::new),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
        }
    }
}

/// Returns whether a path names a file below its bucket. s3s-fs panics at a key that is the bucket's own folder.
fn is_storable(path: &str) -> bool {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    !decoded.split(['/', '\\']).any(|part| matches!(part, "." | ".."))
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

    /// Serves S3 on a port, as the local stack does.
    async fn serve(data: &Data) -> S3Access {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let s3 = S3::open(data, format!("http://{}", listener.local_addr().unwrap())).await.unwrap();
        let access = s3.access().clone();
        let app = axum::Router::new().fallback(async move |request: Request| s3.answer(request).await);
        tokio::spawn(async move { axum::serve(listener, app).await });
        access
    }

    #[tokio::test]
    async fn uploaded_object_is_stored_as_a_file_and_can_be_downloaded() {
        let data = Data::temporary().unwrap();
        let access = serve(&data).await;
        let client = client(&access, &access.secret_key);

        let put = client.put_object().bucket(BUCKET).key("a/b.csv").body(ByteStream::from_static(b"x,y\r\n"));
        put.send().await.unwrap();
        let got = client.get_object().bucket(BUCKET).key("a/b.csv").send().await.unwrap();
        assert_eq!(got.body.collect().await.unwrap().to_vec(), b"x,y\r\n");
        assert_eq!(std::fs::read(access.folder.join("a/b.csv")).unwrap(), b"x,y\r\n");
    }

    #[tokio::test]
    async fn requests_signed_with_another_secret_are_rejected() {
        let data = Data::temporary().unwrap();
        let listed = client(&serve(&data).await, "guess").list_objects_v2().bucket(BUCKET).send().await;
        assert!(listed.is_err());
    }

    #[tokio::test]
    async fn keys_that_leave_the_bucket_are_refused() {
        let data = Data::temporary().unwrap();
        let access = serve(&data).await;
        let client = client(&access, &access.secret_key);
        for key in ["..", ".", "a/../..", "a/./b", "..\\a"] {
            let put =
                client.put_object().bucket(BUCKET).key(key).body(ByteStream::from_static(b"x")).send().await;
            let code = put.unwrap_err().into_service_error().meta().code().map(str::to_owned);
            assert_eq!(code.as_deref(), Some("InvalidArgument"), "{key}");
        }
        client
            .put_object()
            .bucket(BUCKET)
            .key("a..b/.c")
            .body(ByteStream::from_static(b"x"))
            .send()
            .await
            .unwrap();
    }
}
