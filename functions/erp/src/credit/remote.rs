//! The credit provider over HTTP: one `POST` on a connection of its own, and a score or a failure, which is never retried here.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::RootCertStore;
use tokio::time::{Instant, timeout_at};

use clientele_functions_common::RemoteService;
use clientele_shared::rules::credit::{Applicant, Score};
use clientele_shared::table::http::{root_store, tls};
use clientele_shared::{Error, Result};

use super::CreditProvider;
use super::types::{ScoreRequest, ScoreResponse};

/// The largest response that is read, in bytes.
const MAX_RESPONSE: usize = 16 * 1024;

/// The time that is left to store the result before the request is due.
const STORE_TIME: Duration = Duration::from_millis(500);

/// How long a client should wait after a failure. A check that fails spends a permit, so that ten failures use up a minute.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// A credit provider that is called over HTTP.
#[derive(Debug)]
pub(super) struct HttpProvider<'a> {
    service: &'a RemoteService,
    deadline: Option<Instant>,
}

/// The reason why a provider gave no score, for the log. It holds nothing that the provider sent but its status.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("no response within {} ms", .0.as_millis())]
    Timeout(Duration),
    #[error("the root certificates cannot be used: {0}")]
    Roots(String),
    #[error("the request cannot be written")]
    Request(#[source] http::Error),
    #[error("the request cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    #[error("the request failed")]
    Connection(#[source] hyper_util::client::legacy::Error),
    #[error("the status is {0} instead of 200")]
    Status(StatusCode),
    #[error("the response is longer than {MAX_RESPONSE} bytes")]
    TooLong,
    #[error("the response ended early")]
    Cut,
    #[error("the response is not a JSON object whose `credit_score` is a whole number from 300 to 850")]
    Malformed,
}

impl CreditProvider for HttpProvider<'_> {
    fn score<'a>(&'a self, applicant: &'a Applicant<'a>) -> BoxFuture<'a, Result<Score>> {
        async move {
            let limit = self.time_limit();
            let asked = timeout_at(Instant::now() + limit, self.ask(applicant)).await;
            asked.unwrap_or(Err(Failure::Timeout(limit))).map_err(|failure| Error::ServiceUnavailable {
                service: "The credit provider",
                retry_after: RETRY_AFTER,
                source: Box::new(failure),
            })
        }
        .boxed()
    }
}

impl<'a> HttpProvider<'a> {
    /// Returns the provider at this service, for a request that is due at this moment.
    pub(super) fn new(service: &'a RemoteService, deadline: Option<Instant>) -> Self {
        Self { service, deadline }
    }

    fn time_limit(&self) -> Duration {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let left = left.map(|left| left.saturating_sub(STORE_TIME));
        left.unwrap_or(Duration::MAX).min(self.service.time_limit)
    }

    async fn ask(&self, applicant: &Applicant<'_>) -> Result<Score, Failure> {
        let body = serde_json::to_vec(&ScoreRequest::of(applicant)).map_err(Failure::Json)?;
        let mut request = Request::post(self.service.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "clientele");
        if let Some(authorization) = &self.service.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(Failure::Request)?;
        let client = client(self.service)?;
        let response = client.request(request).await.map_err(Failure::Connection)?;
        // A redirect is a failure too: it could lead to a host that must not see the customer's data.
        if response.status() != StatusCode::OK {
            return Err(Failure::Status(response.status()));
        }
        let body = Limited::new(response.into_body(), MAX_RESPONSE)
            .collect()
            .await
            .map_err(|error| if error.is::<LengthLimitError>() { Failure::TooLong } else { Failure::Cut })?;
        // The text of the error could quote what the provider knows of the customer.
        let response: ScoreResponse =
            serde_json::from_slice(&body.to_bytes()).map_err(|_| Failure::Malformed)?;
        Ok(response.credit_score)
    }
}

/// Returns a client for one request. A connection that waited for the next one could be closed by then, and the request, which
/// must not be sent twice, would fail.
fn client(service: &RemoteService) -> Result<Client<HttpsConnector<HttpConnector>, Full<Bytes>>, Failure> {
    let roots = match &service.ca_bundle {
        _ if !service.is_encrypted() => RootCertStore::empty(),
        Some(bundle) => root_store(bundle).map_err(|error| Failure::Roots(error.to_string()))?,
        None => system_roots()?.clone(),
    };
    let tls = tls(roots).map_err(|error| Failure::Roots(error.to_string()))?;
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_max_idle_per_host(0).retry_canceled_requests(false);
    Ok(builder.build(https.wrap_connector(tcp)))
}

/// Returns the root certificates of the system, read once.
fn system_roots() -> Result<&'static RootCertStore, Failure> {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots
    });
    if roots.is_empty() {
        return Err(Failure::Roots("the system has none".to_owned()));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use clientele_shared::model::{Customer, CustomerFields, CustomerNumber, Figures, Timestamp};

    use super::*;

    /// Asks a provider that accepts connections and never answers, and returns how long that took.
    async fn time_of_silence(left: Option<Duration>) -> Duration {
        let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/", silent.local_addr().unwrap());
        let service = RemoteService::new(&url, None).unwrap();
        let at = Timestamp::from_millis(0);
        let customer = Customer {
            number: CustomerNumber::MAX,
            uuid: uuid::Uuid::nil(),
            version: 1,
            created_at: at,
            updated_at: at,
            deleted_at: None,
            fields: CustomerFields::default(),
        };
        let applicant = Applicant { customer: &customer, figures: &Figures::default(), at };
        let started = Instant::now();
        let provider = HttpProvider::new(&service, left.map(|left| started + left));
        let error = provider.score(&applicant).await.unwrap_err();
        assert!(error.chain().contains("no response within"), "{}", error.chain());
        started.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn provider_has_five_seconds_or_what_the_request_has_left() {
        let milliseconds = async |left: Option<u64>| {
            let time = time_of_silence(left.map(Duration::from_millis)).await.as_millis();
            // The clock has a resolution of a millisecond.
            time.saturating_sub(time % 10)
        };
        assert_eq!(milliseconds(None).await, 5_000);
        assert_eq!(milliseconds(Some(9_000)).await, 5_000);
        assert_eq!(milliseconds(Some(2_000)).await, 1_500);
        assert_eq!(milliseconds(Some(100)).await, 0);
    }
}
