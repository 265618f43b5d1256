//! Local S3 (s3s-fs) with one bucket, backed by a folder and served on the port of the local stack.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use s3s::auth::SimpleAuth;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;

use super::body::TimedBody;
use super::data::Data;
use super::s3_operations::Operations;

/// Bucket for exports.
pub const BUCKET: &str = "clientele-exports";
/// Folder of the buckets, relative to the data folder.
const FOLDER: &str = "s3";

/// Maximum size of a request body in XML, in bytes: enough for the 10,000 parts of an upload.
const MAX_XML: usize = 4 * 1024 * 1024;

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
        service.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config()))));
        service.set_access(Operations);
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
        match self.service.call(request.map(|body| s3s::Body::http_body_unsync(TimedBody::new(body)))).await {
            Ok(response) => response.map(Body::new),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
        }
    }
}

/// Returns the limits for bodies that s3s keeps in memory. Forms (`PostObject`) are among them before any check.
fn config() -> S3Config {
    let mut config = S3Config::default();
    (config.xml_max_body_size, config.post_object_max_file_size, config.form_max_fields_size) =
        (MAX_XML, 0, 0);
    config
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
    use aws_sdk_s3::primitives::ByteStream;
    use aws_sdk_s3::types::{Delete, ObjectIdentifier};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

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

    /// Returns the code of the error with which S3 refuses a request.
    #[track_caller]
    fn code<T: std::fmt::Debug, E: ProvideErrorMetadata>(refused: Result<T, SdkError<E>>) -> String {
        let error = refused.unwrap_err();
        error.code().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn keys_that_are_not_files_of_the_bucket_are_refused() {
        let data = Data::temporary().unwrap();
        let access = serve(&data).await;
        let client = client(&access, &access.secret_key);
        let outside = format!("{}", access.folder.display());
        for key in ["..", ".", "a/../..", "a/./b", "..\\a", &outside] {
            let body = ByteStream::from_static(b"x");
            let put = client.put_object().bucket(BUCKET).key(key).body(body).send().await;
            assert_eq!(code(put), "InvalidArgument", "{key}");
            let delete = client.delete_object().bucket(BUCKET).key(key).send().await;
            assert_eq!(code(delete), "InvalidArgument", "{key}");
        }
        let put = client.put_object().bucket(BUCKET).key("a..b/.c").body(ByteStream::from_static(b"x"));
        put.send().await.unwrap();
    }

    #[tokio::test]
    async fn operations_with_keys_outside_the_path_are_refused() {
        let data = Data::temporary().unwrap();
        let access = serve(&data).await;
        let client = client(&access, &access.secret_key);
        client.put_object().bucket(BUCKET).key("a").body(ByteStream::from_static(b"x")).send().await.unwrap();
        for key in ["..", "a"] {
            let object = ObjectIdentifier::builder().key(key).build().unwrap();
            let delete = Delete::builder().objects(object).build().unwrap();
            let deleted = client.delete_objects().bucket(BUCKET).delete(delete).send().await;
            assert_eq!(code(deleted), "NotImplemented", "{key}");
            let copy =
                client.copy_object().bucket(BUCKET).key("b").copy_source(format!("{BUCKET}/{key}")).send();
            assert_eq!(code(copy.await), "NotImplemented", "{key}");
        }
        let listed = client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
        assert_eq!(listed.contents().iter().map(|object| object.key().unwrap()).collect::<Vec<_>>(), ["a"]);
    }

    #[tokio::test]
    async fn other_buckets_do_not_exist() {
        let data = Data::temporary().unwrap();
        let access = serve(&data).await;
        let client = client(&access, &access.secret_key);
        let put =
            client.put_object().bucket("other").key("a").body(ByteStream::from_static(b"x")).send().await;
        assert_eq!(code(put), "NoSuchBucket");
        let create = client.create_bucket().bucket("other").send().await;
        assert_eq!(code(create), "NotImplemented");
    }

    #[tokio::test]
    async fn only_a_slash_is_a_delimiter() {
        let data = Data::temporary().unwrap();
        let access = serve(&data).await;
        let client = client(&access, &access.secret_key);
        let body = ByteStream::from_static(b"x");
        client.put_object().bucket(BUCKET).key("a/é/b").body(body).send().await.unwrap();
        let listed = client.list_objects_v2().bucket(BUCKET).delimiter("/").send().await.unwrap();
        assert_eq!(listed.common_prefixes()[0].prefix(), Some("a/"));
        for delimiter in ["é", "//"] {
            let listed = client.list_objects_v2().bucket(BUCKET).delimiter(delimiter).send().await;
            assert_eq!(code(listed), "InvalidArgument", "{delimiter}");
            let listed = client.list_objects().bucket(BUCKET).delimiter(delimiter).send().await;
            assert_eq!(code(listed), "InvalidArgument", "{delimiter}");
        }
    }

    #[tokio::test]
    async fn ranges_are_read_or_refused() {
        let data = Data::temporary().unwrap();
        let access = serve(&data).await;
        let client = client(&access, &access.secret_key);
        client
            .put_object()
            .bucket(BUCKET)
            .key("a")
            .body(ByteStream::from_static(b"xyz"))
            .send()
            .await
            .unwrap();
        let got = client.get_object().bucket(BUCKET).key("a").range("bytes=-1").send().await.unwrap();
        assert_eq!(got.body.collect().await.unwrap().to_vec(), b"z");
        let far = format!("bytes=-{}", u64::MAX);
        let got = client.get_object().bucket(BUCKET).key("a").range(far).send().await;
        assert_eq!(code(got), "InvalidRange");
    }

    #[tokio::test]
    async fn form_with_a_file_is_refused_before_the_file_is_read() {
        let data = Data::temporary().unwrap();
        let access = serve(&data).await;
        let part = |head: &str, body: &str| {
            format!("--b\r\ncontent-disposition: form-data; {head}\r\n\r\n{body}\r\n")
        };
        let form = part("name=\"key\"", "a") + &part("name=\"file\"; filename=\"a\"", "x") + "--b--\r\n";
        let head = format!(
            "POST /{BUCKET} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: multipart/form-data; boundary=b\r\ncontent-length: {}\r\n\r\n",
            form.len()
        );
        let mut stream = TcpStream::connect(access.url.trim_start_matches("http://")).await.unwrap();
        stream.write_all((head + &form).as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 400"), "{response}");
        assert!(!access.folder.join("a").exists());
    }
}
