//! The QuickBooks stand-in, on a port of its own. Its webhooks go to the stack, and the demo tenant is connected to its company.

use std::sync::Arc;

use clientele_infra_quickbooks::storage::StorageError;
use clientele_infra_quickbooks::webhooks::Endpoint;
use clientele_infra_quickbooks::{Options, Ready, Server, ServerError, StandIn};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::DynamoDb;
use super::connection::DemoConnection;
use super::data::Data;

/// Subfolder of the data folder.
const FOLDER: &str = "quickbooks";

/// Path of the webhook, below the URL of the API.
const WEBHOOK: &str = "/quickbooks/webhook";

/// The reason why the stand-in does not start.
#[derive(Debug, thiserror::Error)]
#[error("the QuickBooks stand-in does not start: {0}; leave it out with --no-quickbooks")]
pub struct QuickBooksError(#[from] ServerError);

/// Returns lines with the address and the credentials, for the terminal.
#[must_use]
pub fn describe(ready: &Ready) -> String {
    let Ready { url, realm_id, client_id, client_secret, access_token, refresh_token, verifier_token } =
        ready;
    format!(
        "\n  QuickBooks {url}   (a stand-in; company {realm_id})\n    Client id      {client_id}\n    \
         Client secret  {client_secret}\n    Access token   {access_token}\n    \
         Refresh token  {refresh_token}\n    \
         Webhook key    {verifier_token}"
    )
}

/// The running stand-in.
#[derive(Debug)]
pub struct QuickBooks {
    ready: Ready,
    stand_in: Arc<StandIn>,
    demo: Option<DemoConnection>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl QuickBooks {
    /// Starts the stand-in on the port after `port`, or on a free one if that is taken or `port` is 0. Its data is
    /// persistent if `data` is.
    ///
    /// # Errors
    ///
    /// Returns [`QuickBooksError`] if no port can be bound or the data cannot be used.
    pub async fn start(port: u16, data: &Data) -> Result<Self, QuickBooksError> {
        let port = if port == 0 { 0 } else { port.wrapping_add(1) };
        let data = data.is_persistent().then(|| data.folder().join(FOLDER));
        let server = match Server::start(&Options { port, data: data.clone() }).await {
            Err(ServerError::Bind { .. }) if port != 0 => Server::start(&Options { port: 0, data }).await?,
            started => started?,
        };
        let stand_in = Arc::clone(server.stand_in());
        let ready = stand_in.ready();
        let (stop, stopped) = oneshot::channel::<()>();
        // The stand-in also stops if the sender is dropped.
        let task = tokio::spawn(server.run(async move { drop(stopped.await) }));
        Ok(Self { ready, stand_in, demo: None, stop, task })
    }

    /// Returns its address and credentials.
    #[must_use]
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Returns the company and its controls.
    #[must_use]
    pub fn stand_in(&self) -> Arc<StandIn> {
        Arc::clone(&self.stand_in)
    }

    /// Sends webhooks to the API at `url`, which includes the stage. Webhooks that an earlier run left over go there, too.
    ///
    /// # Errors
    ///
    /// Returns [`QuickBooksError`] if the address cannot be stored with the data of the stand-in.
    pub fn send_webhooks_to(&self, url: &str) -> Result<(), QuickBooksError> {
        let endpoint = Endpoint { url: format!("{url}{WEBHOOK}"), format: None };
        let mut state = self.stand_in.lock();
        state.webhooks.set_endpoint(Some(endpoint));
        let stored = state.commit();
        drop(state);
        self.stand_in.wake_webhooks();
        stored.map_err(|error: StorageError| QuickBooksError(error.into()))
    }

    /// Connects the demo tenant to the company, unless the records outlive the company. If that fails, the stack runs all the
    /// same, and logs the reason.
    pub async fn connect_demo(&mut self, dynamodb: &DynamoDb, data: &Data) {
        if matches!(dynamodb, DynamoDb::External { .. }) && !data.is_persistent() {
            return;
        }
        match DemoConnection::make(dynamodb, &self.stand_in, data.is_persistent()).await {
            Ok(demo) => self.demo = Some(demo),
            Err(error) => {
                tracing::warn!("the demo tenant is not connected to the QuickBooks stand-in: {error}");
            }
        }
    }

    /// Stops the stand-in and waits for its end.
    pub async fn stop(self) {
        if let Some(demo) = self.demo {
            demo.end().await;
        }
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::error!("the QuickBooks stand-in has stopped early: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[tokio::test]
    async fn taken_port_is_replaced_by_a_free_one() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let data = Data::temporary().unwrap();
        let running = QuickBooks::start(port - 1, &data).await.unwrap();
        assert!(!running.ready().url.ends_with(&format!(":{port}")), "{}", running.ready().url);
        running.stop().await;
    }
}
