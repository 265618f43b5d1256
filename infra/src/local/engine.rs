//! DynamoDB inside this process (dynoxide, on SQLite), served on a port of its own to the loopback address only.
//!
//! In one file of the data folder. A file that is kept is in SQLite's write-ahead mode with `synchronous` NORMAL: a
//! write that was answered survives however this process ends. After a power cut the file is whole, but the last
//! writes before it may be missing. A temporary one never waits for the disk. It is a file all the same: a database
//! in memory looks through all its pages at each commit, and an import of 20,000 customers would take twice as long.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::data::Data;

/// The file in the data folder.
const FILE: &str = "clientele.db";
/// How long requests under way may take when the engine is stopped.
const GRACE: Duration = Duration::from_secs(5);

/// Why the engine does not run.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The file cannot be opened.
    #[error("cannot open the table's file {}: {source}. Move it away to begin anew, or name another --data DIR",
        .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the engine says.
        source: DynoxideError,
    },
    /// No port for it.
    #[error("cannot open a port on 127.0.0.1 for the embedded DynamoDB: {0}")]
    NoPort(#[source] std::io::Error),
    /// It ended with an error.
    #[error("the embedded DynamoDB failed: {0}")]
    Failed(String),
}

/// A running engine. It stops when this is dropped, or with [`Engine::stop`], which waits for it.
#[derive(Debug)]
pub struct Engine {
    url: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), String>>,
}

impl Engine {
    /// Starts the engine on that data.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, or no port.
    pub async fn start(data: &Data) -> Result<Self, EngineError> {
        let database = match data {
            Data::Temporary { folder } => {
                open(folder.path().join(FILE), Database::enable_bulk_loading).await?
            }
            Data::Kept { folder, .. } => open(folder.join(FILE), Database::disable_bulk_loading).await?,
        };
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(any_port).await.map_err(EngineError::NoPort)?;
        let url = format!("http://{}", listener.local_addr().map_err(EngineError::NoPort)?);
        let (stop, stopped) = oneshot::channel::<()>();
        // Dropping the sender ends the wait with an error, which is the same word: stop.
        let stopped = async move { drop(stopped.await) };
        let served = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, stopped));
        Ok(Self { url, stop, served })
    }

    /// Where it listens. Any region and credentials will do.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets requests under way end, closes the file and returns.
    ///
    /// # Errors
    ///
    /// When the engine had failed before.
    pub async fn stop(mut self) -> Result<(), EngineError> {
        drop(self.stop);
        match tokio::time::timeout(GRACE, &mut self.served).await {
            Ok(ended) => ended.map_err(|e| EngineError::Failed(e.to_string()))?.map_err(EngineError::Failed),
            Err(_) => {
                // Every answered write is on disk already; what hangs is a client that never finished its request.
                self.served.abort();
                Ok(())
            }
        }
    }
}

/// Opens the file and drops what has expired since: AWS does that in the background, nothing does it here.
async fn open(path: PathBuf, tune: fn(&Database) -> dynoxide::Result<()>) -> Result<Database, EngineError> {
    let opened = path.clone();
    let task = tokio::task::spawn_blocking(move || {
        // `Data` has seen to it that the folder's name is UTF-8.
        let database = Database::new(&opened.to_string_lossy())?;
        // The engine's word for `synchronous` NORMAL. It opens with FULL, and waits for the disk at every item of a
        // batch: 200 ms for a customer with its search terms.
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
    async fn what_is_kept_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let value = AttributeValue::S("1".into());

        let data = Data::kept_in(folder.path()).unwrap();
        let engine = Engine::start(&data).await.unwrap();
        create_table(&client(&engine)).await;
        client(&engine).put_item().table_name("table").item("pk", value.clone()).send().await.unwrap();
        engine.stop().await.unwrap();
        drop(data);

        let data = Data::kept_in(folder.path()).unwrap();
        let engine = Engine::start(&data).await.unwrap();
        let got =
            client(&engine).get_item().table_name("table").key("pk", value.clone()).send().await.unwrap();
        assert_eq!(got.item.unwrap()["pk"], value);
        engine.stop().await.unwrap();
    }

    #[tokio::test]
    async fn temporary_data_begins_empty() {
        let data = Data::temporary().unwrap();
        let engine = Engine::start(&data).await.unwrap();
        assert!(client(&engine).list_tables().send().await.unwrap().table_names().is_empty());
        engine.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_file_that_is_no_table_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "x".repeat(4096)).unwrap();
        let data = Data::kept_in(folder.path()).unwrap();
        let error = Engine::start(&data).await.unwrap_err().to_string();
        assert!(error.contains("clientele.db") && error.contains("--data DIR"), "{error}");
    }
}
