//! A stand-in for the QuickBooks Online Accounting API: an HTTP server for tests and for the local stack.
//!
//! [`Server::start`] opens the state ([`state`]) and binds the port; [`Server::run`] answers requests
//! ([`server`]). The API is in [`protocol`], which reads and writes the [`company`] by the [`rules`].
//! [`oauth`] and [`webhooks`] complete what an app sees; [`control`] and [`page`] are for tests and for
//! people.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Serialize;
use tokio::sync::Notify;
use tokio::task::JoinError;

pub mod clock;
pub mod company;
pub mod control;
pub mod entities;
pub mod fault;
pub mod injection;
pub mod oauth;
pub mod page;
pub mod protocol;
pub mod query;
pub mod random;
pub mod rules;
pub mod server;
pub mod state;
pub mod storage;
pub mod switches;
pub mod value;
pub mod webhooks;

pub use server::{Options, Server, ServerError};
pub use state::State;

/// A running stand-in: its state, and what wakes the delivery of webhooks.
#[derive(Debug)]
pub struct StandIn {
    url: String,
    state: Mutex<State>,
    in_flight: AtomicUsize,
    changed: Notify,
}

/// The address and credentials that a client needs: the one line that the command prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields are named after what they hold")]
pub struct Ready {
    pub url: String,
    pub realm_id: String,
    pub client_id: String,
    pub client_secret: String,
    pub access_token: String,
    pub refresh_token: String,
    pub verifier_token: String,
}

impl StandIn {
    /// Creates a stand-in that is reached at `url`.
    #[must_use]
    pub fn new(url: String, state: State) -> Arc<Self> {
        let (in_flight, changed) = (AtomicUsize::new(0), Notify::new());
        Arc::new(Self { url, state: Mutex::new(state), in_flight, changed })
    }

    /// Returns the base URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Locks the state.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what a client needs to connect.
    #[must_use]
    pub fn ready(&self) -> Ready {
        let state = self.lock();
        Ready {
            url: self.url.clone(),
            realm_id: state.app.realm_id.clone(),
            client_id: state.app.client_id.clone(),
            client_secret: state.app.client_secret.clone(),
            access_token: state.ready.access_token.clone(),
            refresh_token: state.ready.refresh_token.clone(),
            verifier_token: state.app.verifier_token.clone(),
        }
    }

    /// Runs work that locks the state on a thread that can block: the lock is held while a commit waits for the
    /// disk. A panic of the work gives HTTP 500.
    pub(crate) async fn respond(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Response + Send + 'static,
    ) -> Response {
        let response = self.run(work).await;
        response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }

    /// Runs work that locks the state on a thread that can block.
    ///
    /// # Errors
    ///
    /// Returns [`JoinError`] if the work panics.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let stand_in = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&stand_in)).await
    }

    /// Wakes the delivery of webhooks: there are new events, or the clock was moved.
    pub fn wake_webhooks(&self) {
        self.changed.notify_waiters();
    }

    /// Completes at the next call of [`StandIn::wake_webhooks`] after this one.
    fn webhooks_changed(&self) -> impl Future<Output = ()> + '_ {
        self.changed.notified()
    }

    /// Counts a request of the API for as long as the returned value lives.
    fn enter(&self) -> (usize, InFlight<'_>) {
        (self.in_flight.fetch_add(1, Ordering::SeqCst) + 1, InFlight(&self.in_flight))
    }
}

/// A request that is being answered.
struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
