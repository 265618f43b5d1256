//! The port of the local stack: serves the pages and AWS services, and passes all other requests to the functions.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::aws::Services;
use super::gateway::Gateway;
use crate::console::api::Console;
use crate::console::guard;
use crate::console::pages::{PageError, pages};

/// Time limit for a client to send the head of a request, also on a connection that stays open after a
/// response.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// How long a shutdown waits for requests in flight.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a shutdown waits for the last response to reach its client.
const FLUSH_TIME: Duration = Duration::from_millis(200);

/// The reason why the port is not served.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Another program is using the port.
    #[error("port {0} is in use; choose another with --port N, or let the system choose with --port 0")]
    PortInUse(u16),
    /// The operating system does not allow the port.
    #[error("cannot listen on 127.0.0.1:{port}: {source}; choose a port above 1023 with --port N")]
    NoPort {
        /// Requested port.
        port: u16,
        /// Error reported by the operating system.
        source: io::Error,
    },
    /// The pages cannot be served.
    #[error(transparent)]
    Pages(#[from] PageError),
}

/// A bound port that is not served yet. Connections wait in its queue.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

/// Everything that the server serves.
#[derive(Debug)]
pub struct Site {
    /// The routes and their functions.
    pub gateway: Gateway,
    /// The local replacements of AWS services.
    pub services: Services,
    /// The pages and the console's own routes.
    pub console: Console,
}

/// State shared by all requests.
struct Shared {
    gateway: Gateway,
    services: Services,
    address: SocketAddr,
    /// Number of requests in flight to functions and AWS services.
    in_flight: watch::Sender<usize>,
}

/// Counts a request as in flight until dropped.
struct InFlight<'a>(&'a watch::Sender<usize>);

impl<'a> InFlight<'a> {
    fn count(in_flight: &'a watch::Sender<usize>) -> Self {
        in_flight.send_modify(|n| *n += 1);
        Self(in_flight)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}

impl Server {
    /// Binds a port of the loopback address. Port 0 selects a free port.
    ///
    /// # Errors
    ///
    /// Returns [`ServerError::PortInUse`] if another program is using the port, and [`ServerError::NoPort`]
    /// if it cannot be bound for another reason.
    pub async fn bind(port: u16) -> Result<Self, ServerError> {
        let no_port = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ServerError::PortInUse(port),
            _ => ServerError::NoPort { port, source },
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(no_port)?;
        let address = listener.local_addr().map_err(no_port)?;
        Ok(Self { listener, address })
    }

    /// Returns the base URL, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until `stop` resolves, then waits for requests in flight for at most 5 seconds.
    ///
    /// # Errors
    ///
    /// Returns [`ServerError::Pages`] if the pages cannot be served.
    pub async fn serve(
        self,
        site: Site,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServerError> {
        let Site { gateway, services, console } = site;
        let (in_flight, receiver) = watch::channel(0);
        let shared = Arc::new(Shared { gateway, services, address: self.address, in_flight });
        let app = app(shared, pages(&console)?);
        self.serve_app(app, stop, drain(receiver)).await;
        Ok(())
    }

    /// Serves until `stop` resolves. Open connections are served until `drained` resolves after that.
    pub(crate) async fn serve_app(
        self,
        app: Router,
        stop: impl Future<Output = ()> + Send + 'static,
        drained: impl Future<Output = ()>,
    ) {
        // Dropping the set closes the connections that are still open.
        let mut connections = JoinSet::new();
        let accepting = async {
            loop {
                let (stream, peer) = accept(&self.listener).await;
                connections.spawn(connection(stream, peer, app.clone()));
                while connections.try_join_next().is_some() {}
            }
        };
        tokio::select! {
            () = accepting => {}
            () = stop => {}
        }
        drop(self.listener);
        drained.await;
    }
}

/// Accepts the next connection. Fails if the client has disconnected or the process has too many open files;
/// both pass, and open connections are served meanwhile.
#[expect(clippy::disallowed_methods, reason = "without a pause, repeated failures would occupy a CPU")]
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves one connection. It is closed if the client does not send the head of its next request in time.
async fn connection(stream: TcpStream, peer: SocketAddr, app: Router) {
    // Sends small responses without delay. If the option cannot be set, responses are only slower.
    drop(stream.set_nodelay(true));
    let service = TowerToHyperService::new(app.layer(Extension(ConnectInfo(peer))));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // Fails if the client disconnects, violates the protocol or is too slow. None of these can be reported to the client.
    drop(served.await);
}

/// Waits until no request is in flight. Idle connections are not awaited: browsers keep connections open for
/// requests that they might never send.
#[expect(clippy::disallowed_methods, reason = "lets the last bytes reach their clients")]
async fn drain(mut in_flight: watch::Receiver<usize>) {
    // Both outcomes end the wait: a closed channel has no requests, and slower requests are abandoned.
    drop(tokio::time::timeout(SHUTDOWN_TIMEOUT, in_flight.wait_for(|n| *n == 0)).await);
    tokio::time::sleep(FLUSH_TIME).await;
}

fn app(shared: Arc<Shared>, pages: Router) -> Router {
    let functions = Router::new().fallback(functions).with_state(Arc::clone(&shared));
    functions.merge(pages).layer(middleware::from_fn_with_state(shared, aws_services))
}

/// Passes a request that is signed for an AWS service to its local replacement. A page of a browser cannot sign one
/// without being allowed to send the header, which takes a preflight request that is never answered.
async fn aws_services(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    match shared.services.find(request.headers()) {
        Some(_) if !guard::is_own(request.headers()) => guard::refusal(),
        Some(service) => {
            let _in_flight = InFlight::count(&shared.in_flight);
            service.answer(request, shared.gateway.bodies()).await
        }
        None => next.run(request).await,
    }
}

async fn functions(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let _in_flight = InFlight::count(&shared.in_flight);
    shared.gateway.answer(request, shared.address, peer).await
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "server_limits_tests.rs"]
mod limits_tests;
