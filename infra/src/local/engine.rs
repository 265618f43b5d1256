//! Embedded DynamoDB (dynoxide, on SQLite), called in this process and stored in one file.
//!
//! No port leads to it except that of the local stack, which checks who calls: a web page that a browser has open could
//! otherwise read and change the records.
//!
//! A persistent file is in the data folder and uses SQLite's write-ahead log with `synchronous` NORMAL. An acknowledged write
//! survives any exit of this process. A power cut leaves the file intact, but the most recent writes might be lost.
//!
//! A temporary database has no name. SQLite keeps it in a file that it deletes as soon as it is open, so that not even a killed
//! process leaves it behind. It needs no log, and a commit writes no page until a quarter of the cache has changed. Each commit
//! visits all changed pages of the cache, so a large cache, or a database in memory, is slower. `.cargo/config.toml` sets the size of the
//! cache, and keeps the journal of a transaction in memory. A build in another folder does not read that file; its temporary
//! database works in the same way and writes half as fast.

use std::path::PathBuf;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use http::{StatusCode, header};

use super::body::{Bodies, BodyError};
use super::data::Data;
use super::engine_calls;

/// Name of the persistent file, relative to the data folder.
const FILE: &str = "clientele.db";

/// The path that stands for a temporary database, see <https://sqlite.org/inmemorydb.html#temp_db>.
pub const TEMPORARY: &str = "";

/// Maximum size of a request, in bytes: DynamoDB's own limit.
const MAX_REQUEST: usize = 16 * 1024 * 1024;

/// The content type of DynamoDB's protocol.
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// The reason why the engine is not running.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The file cannot be opened.
    #[error(
        "cannot open the table file {}: {source}; move the file away to start empty, or choose another folder \
         with --data DIR",
        .path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Error reported by the engine.
        source: DynoxideError,
    },
    /// The engine ended with an error.
    #[error("the embedded DynamoDB failed: {0}")]
    Failed(String),
}

/// An open engine. Clones share it; the file is closed with the last of them.
#[derive(Clone)]
pub struct Engine {
    database: Database,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens the engine's file in the folder of `data`, or a temporary database.
    ///
    /// # Errors
    ///
    /// Returns [`EngineError::Unreadable`] if the file cannot be opened, and [`EngineError::Failed`] if a temporary database cannot.
    pub async fn open(data: &Data) -> Result<Self, EngineError> {
        let database = match data {
            Data::Temporary { .. } => {
                Database::new(TEMPORARY).map_err(|error| EngineError::Failed(error.to_string()))?
            }
            Data::Persistent { folder, .. } => open(folder.join(FILE)).await?,
        };
        Ok(Self { database })
    }

    /// Returns an HTTP client for the AWS SDK that calls this engine whatever the endpoint is.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// Answers a request in DynamoDB's protocol. Its signature is not checked: any credentials are accepted.
    pub async fn answer(&self, request: Request, bodies: &Bodies) -> Response {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = operation_of(target);
        let (body, _memory) = match bodies.read(request.into_body(), MAX_REQUEST).await {
            Ok(read) => read,
            Err(error) => return refusal(error),
        };
        match self.call(operation, String::from_utf8_lossy(&body).into_owned()).await {
            Ok((status, body)) => {
                (status, [(header::CONTENT_TYPE, CONTENT_TYPE)], Body::from(body)).into_response()
            }
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }

    /// Executes a call on a thread that may block.
    async fn call(&self, operation: String, body: String) -> Result<(StatusCode, String), EngineError> {
        let database = self.database.clone();
        let call = tokio::task::spawn_blocking(move || engine_calls::execute(&database, &operation, &body));
        let called = call.await.map_err(|error| EngineError::Failed(error.to_string()))?;
        Ok(match called {
            Ok(response) => (StatusCode::OK, response),
            Err(error) => {
                let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST);
                (status, error.to_json())
            }
        })
    }
}

/// Returns the response to a request whose body is not read. The SDKs send it again if memory was short.
fn refusal(error: BodyError) -> Response {
    let status = match error {
        BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TimedOut => StatusCode::REQUEST_TIMEOUT,
        BodyError::NoMemory => StatusCode::SERVICE_UNAVAILABLE,
        BodyError::Interrupted => StatusCode::BAD_REQUEST,
    };
    (status, error.to_string()).into_response()
}

/// Returns the operation that the header `X-Amz-Target` names: `GetItem` in `DynamoDB_20120810.GetItem`.
fn operation_of(target: Option<&str>) -> String {
    target.and_then(|target| target.strip_prefix("DynamoDB_20120810.")).unwrap_or_default().to_owned()
}

impl HttpClient for Engine {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Engine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = operation_of(request.headers().get("x-amz-target"));
        let body = request.body().bytes().map(|body| String::from_utf8_lossy(body).into_owned());
        let engine = self.clone();
        HttpConnectorFuture::new(async move {
            let body = body.ok_or_else(|| ConnectorError::user("the SDK streamed a request".into()))?;
            let (status, body) = Self::call(&engine, operation, body)
                .await
                .map_err(|e| ConnectorError::other(e.into(), None))?;
            let mut response = HttpResponse::new(status.into(), SdkBody::from(body));
            response.headers_mut().insert("content-type", CONTENT_TYPE);
            Ok(response)
        })
    }
}

/// Opens the file and deletes expired items, which DynamoDB does in the background and the engine does not.
async fn open(path: PathBuf) -> Result<Database, EngineError> {
    let file = path.clone();
    let task = tokio::task::spawn_blocking(move || {
        // `Data` guarantees that the folder's path is UTF-8.
        let database = Database::new(&file.to_string_lossy())?;
        // Sets `synchronous` to NORMAL. FULL waits for the disk at every item of a batch: 200 ms for a customer with its search
        // terms.
        database.disable_bulk_loading()?;
        database.sweep_ttl()?;
        Ok(database)
    });
    task.await
        .map_err(|e| EngineError::Failed(e.to_string()))?
        .map_err(|source| EngineError::Unreadable { path, source })
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    };

    use super::*;

    fn client(engine: &Engine) -> Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .http_client(engine.http_client());
        Client::from_conf(config.build())
    }

    async fn create_table(client: &Client) {
        let attribute =
            AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
        client
            .create_table()
            .table_name("table")
            .attribute_definitions(attribute.build().unwrap())
            .key_schema(key.build().unwrap())
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn persistent_data_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let value = AttributeValue::S("1".into());

        let data = Data::persistent(folder.path()).unwrap();
        let engine = Engine::open(&data).await.unwrap();
        create_table(&client(&engine)).await;
        client(&engine).put_item().table_name("table").item("pk", value.clone()).send().await.unwrap();
        drop(engine);
        drop(data);

        let data = Data::persistent(folder.path()).unwrap();
        let engine = Engine::open(&data).await.unwrap();
        let got =
            client(&engine).get_item().table_name("table").key("pk", value.clone()).send().await.unwrap();
        assert_eq!(got.item.unwrap()["pk"], value);
    }

    #[tokio::test]
    async fn unknown_operations_and_malformed_requests_are_errors() {
        let data = Data::temporary().unwrap();
        let engine = Engine::open(&data).await.unwrap();
        for (operation, body) in [("ExportTable", "{}"), ("", "{}"), ("GetItem", ""), ("GetItem", "[1]")] {
            let (status, body) = engine.call(operation.into(), body.into()).await.unwrap();
            assert_eq!(status, StatusCode::BAD_REQUEST, "{operation}: {body}");
            assert!(body.contains("__type"), "{body}");
        }
    }

    #[tokio::test]
    async fn temporary_data_starts_empty() {
        let data = Data::temporary().unwrap();
        let engine = Engine::open(&data).await.unwrap();
        assert!(client(&engine).list_tables().send().await.unwrap().table_names().is_empty());
    }

    #[tokio::test]
    async fn error_for_a_corrupt_file_names_the_file_and_the_option() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "x".repeat(4096)).unwrap();
        let data = Data::persistent(folder.path()).unwrap();
        let error = Engine::open(&data).await.unwrap_err().to_string();
        assert!(error.contains("clientele.db") && error.contains("--data DIR"), "{error}");
    }
}
