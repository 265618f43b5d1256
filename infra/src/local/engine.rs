//! Embedded DynamoDB (dynoxide, on SQLite), served on a separate loopback port and stored in one file of the
//! data folder.
//!
//! A persistent file uses SQLite's write-ahead log with `synchronous` NORMAL. An acknowledged write survives
//! any exit of this process. A power cut leaves the file intact, but the most recent writes might be lost.
//!
//! A temporary file never waits for the disk. An in-memory database would be slower: it scans all its pages
//! at each commit, which doubles the time for importing 20,000 customers.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::data::Data;

/// File name, relative to the data folder.
const FILE: &str = "clientele.db";
/// How long a shutdown waits for requests in flight.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

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
    /// No port can be bound.
    #[error("cannot open a port on 127.0.0.1 for the embedded DynamoDB: {0}")]
    NoPort(#[source] std::io::Error),
    /// The engine ended with an error.
    #[error("the embedded DynamoDB failed: {0}")]
    Failed(String),
}

/// A running engine. Dropping it stops the engine; [`Engine::stop`] also waits for it.
#[derive(Debug)]
pub struct Engine {
    url: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), String>>,
}

impl Engine {
    /// Starts the engine on a file in the folder of `data`.
    ///
    /// # Errors
    ///
    /// Returns [`EngineError::Unreadable`] if the file cannot be opened, and [`EngineError::NoPort`] if no
    /// port can be bound.
    pub async fn start(data: &Data) -> Result<Self, EngineError> {
        let database = match data {
            Data::Temporary { folder } => {
                open(folder.path().join(FILE), Database::enable_bulk_loading).await?
            }
            Data::Persistent { folder, .. } => {
                open(folder.join(FILE), Database::disable_bulk_loading).await?
            }
        };
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(any_port).await.map_err(EngineError::NoPort)?;
        let url = format!("http://{}", listener.local_addr().map_err(EngineError::NoPort)?);
        let (stop, stopped) = oneshot::channel::<()>();
        // Dropping the sender is the stop signal, so the receiver's error is expected.
        let stopped = async move { drop(stopped.await) };
        let served = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, stopped));
        Ok(Self { url, stop, served })
    }

    /// Returns the base URL. The engine accepts any region and credentials.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits for requests in flight, for at most 5 seconds, and closes the file.
    ///
    /// # Errors
    ///
    /// Returns [`EngineError::Failed`] if the engine has ended with an error.
    pub async fn stop(mut self) -> Result<(), EngineError> {
        drop(self.stop);
        match tokio::time::timeout(SHUTDOWN_TIMEOUT, &mut self.served).await {
            Ok(ended) => ended.map_err(|e| EngineError::Failed(e.to_string()))?.map_err(EngineError::Failed),
            Err(_) => {
                // Acknowledged writes are in the file. Only a client with an unfinished request can cause this.
                self.served.abort();
                Ok(())
            }
        }
    }
}

/// Opens the file and deletes expired items, which DynamoDB does in the background and the engine does not.
async fn open(path: PathBuf, tune: fn(&Database) -> dynoxide::Result<()>) -> Result<Database, EngineError> {
    let file = path.clone();
    let task = tokio::task::spawn_blocking(move || {
        // `Data` guarantees that the folder's path is UTF-8.
        let database = Database::new(&file.to_string_lossy())?;
        // Sets `synchronous`: OFF for a temporary file, NORMAL for a persistent one. The default, FULL, waits
        // for the disk at every item of a batch: 200 ms for a customer with its search terms.
        tune(&database)?;
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
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(engine.url());
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
        let engine = Engine::start(&data).await.unwrap();
        create_table(&client(&engine)).await;
        client(&engine).put_item().table_name("table").item("pk", value.clone()).send().await.unwrap();
        engine.stop().await.unwrap();
        drop(data);

        let data = Data::persistent(folder.path()).unwrap();
        let engine = Engine::start(&data).await.unwrap();
        let got =
            client(&engine).get_item().table_name("table").key("pk", value.clone()).send().await.unwrap();
        assert_eq!(got.item.unwrap()["pk"], value);
        engine.stop().await.unwrap();
    }

    #[tokio::test]
    async fn temporary_data_starts_empty() {
        let data = Data::temporary().unwrap();
        let engine = Engine::start(&data).await.unwrap();
        assert!(client(&engine).list_tables().send().await.unwrap().table_names().is_empty());
        engine.stop().await.unwrap();
    }

    #[tokio::test]
    async fn error_for_a_corrupt_file_names_the_file_and_the_option() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "x".repeat(4096)).unwrap();
        let data = Data::persistent(folder.path()).unwrap();
        let error = Engine::start(&data).await.unwrap_err().to_string();
        assert!(error.contains("clientele.db") && error.contains("--data DIR"), "{error}");
    }
}
