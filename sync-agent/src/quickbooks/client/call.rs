//! One call, repeated until it succeeds, fails permanently, or has no attempts left.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::backoff::{Backoff, Failure};
use super::super::error::QuickBooksError;
use super::super::fault::{Fault, FaultKind};
use super::super::transport::TransportError;
use super::{Inner, Object};

/// The only version of the API that has an effect.
const MINOR_VERSION: &str = "75";
/// Characters that a URL escapes. A space becomes `%20`, which every server reads.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request, the same in each attempt but for its token.
#[derive(Debug)]
pub(super) struct Call {
    uri: Uri,
    /// The body and the number of objects of a batch.
    batch: Option<(Bytes, u64)>,
}

/// The end of one attempt.
enum Attempt {
    Done(Object),
    Failed(Failure, QuickBooksError),
    /// The API rejects the token.
    Rejected,
    Refused(QuickBooksError),
}

impl Call {
    pub(super) fn read(
        client: &Inner,
        resource: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Self, QuickBooksError> {
        Ok(Self { uri: uri(client, resource, parameters)?, batch: None })
    }

    pub(super) fn batch(
        client: &Inner,
        request_id: &str,
        body: Bytes,
        objects: u64,
    ) -> Result<Self, QuickBooksError> {
        Ok(Self { uri: uri(client, "batch", &[("requestid", request_id)])?, batch: Some((body, objects)) })
    }

    fn request(&self, token: &str) -> Result<Request<Bytes>, QuickBooksError> {
        let method = if self.batch.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder()
            .method(method)
            .uri(self.uri.clone())
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "clientele");
        let body = self.batch.as_ref().map(|(body, _)| body.clone());
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(body.unwrap_or_default());
        request.map_err(|_| QuickBooksError::malformed("the access token is not valid in a header"))
    }
}

impl Inner {
    /// Runs a call.
    pub(super) async fn run(&self, call: &Call) -> Result<Object, QuickBooksError> {
        let mut backoff = Backoff::new(self.pace);
        let mut token = self.access.token().await?;
        let mut is_renewed = false;
        loop {
            match self.attempt(call, &token).await? {
                Attempt::Done(object) => return Ok(object),
                Attempt::Refused(error) => return Err(error),
                Attempt::Rejected if is_renewed => return Err(QuickBooksError::AuthorizationEnded),
                Attempt::Rejected => {
                    token = self.access.renew(&token).await?;
                    is_renewed = true;
                }
                Attempt::Failed(failure, error) => {
                    if !backoff.wait(failure, &self.ambient).await {
                        return Err(error);
                    }
                    // The token can have ended during the wait.
                    token = self.access.token().await?;
                }
            }
        }
    }

    async fn attempt(&self, call: &Call, token: &str) -> Result<Attempt, QuickBooksError> {
        let request = call.request(token)?;
        let admitted = self.limits.admit(call.batch.is_some()).await;
        let sent = self.transport.send(request).await;
        drop(admitted);
        if sent.as_ref().err() != Some(&TransportError::Unreachable) {
            self.count(call);
        }
        Ok(match sent {
            Ok(response) => outcome(&response),
            Err(TransportError::Unreachable) => {
                Attempt::Failed(Failure::Unreachable, QuickBooksError::Offline)
            }
            Err(TransportError::Lost) => Attempt::Failed(Failure::Lost, QuickBooksError::Offline),
        })
    }

    fn count(&self, call: &Call) {
        match &call.batch {
            Some((_, objects)) => {
                self.calls.batches.fetch_add(1, Ordering::Relaxed);
                self.calls.writes.fetch_add(*objects, Ordering::Relaxed);
            }
            None => {
                self.calls.reads.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

fn uri(client: &Inner, resource: &str, parameters: &[(&str, &str)]) -> Result<Uri, QuickBooksError> {
    let escape = |text| utf8_percent_encode(text, ESCAPED);
    let mut uri = format!("{}/v3/company/{}/{resource}?", client.addresses.api, escape(&client.realm_id));
    for (name, value) in parameters {
        // Writing to a text cannot fail.
        write!(uri, "{name}={}&", escape(value)).unwrap_or_default();
    }
    uri.push_str("minorversion=");
    uri.push_str(MINOR_VERSION);
    uri.parse().map_err(|_| QuickBooksError::Malformed(format!("{} is not a URL", client.addresses.api)))
}

/// Finds out how an attempt ended. The body is read before the status counts: a fault can come with HTTP 200.
fn outcome(response: &Response<Bytes>) -> Attempt {
    let status = response.status().as_u16();
    let tid = text(response.headers(), "intuit_tid");
    let is_success = response.status().is_success();
    let fault = Fault::find(status, response.body());
    if let Some(fault) = fault.or_else(|| (!is_success).then(|| Fault::of_status(status))) {
        return refusal(Fault { tid, ..fault }, response.headers());
    }
    match serde_json::from_slice(response.body()) {
        Ok(object) => Attempt::Done(object),
        Err(_) => {
            let tid = tid.map(|tid| format!(" (intuit_tid {tid})")).unwrap_or_default();
            let text = format!("the response of QuickBooks with HTTP {status} is not a JSON object{tid}");
            Attempt::Refused(QuickBooksError::Malformed(text))
        }
    }
}

fn refusal(fault: Fault, headers: &HeaderMap) -> Attempt {
    match fault.kind() {
        FaultKind::TokenExpired => Attempt::Rejected,
        FaultKind::Throttled => {
            Attempt::Failed(Failure::Throttled(retry_after(headers)), QuickBooksError::Throttled)
        }
        FaultKind::Transient => Attempt::Failed(Failure::Transient, QuickBooksError::Unavailable(fault)),
        FaultKind::AccessLost => Attempt::Refused(QuickBooksError::AccessLost),
        FaultKind::WrongCompany => Attempt::Refused(QuickBooksError::WrongCompany),
        FaultKind::SubscriptionLapsed => Attempt::Refused(QuickBooksError::SubscriptionLapsed(fault)),
        FaultKind::MonthlyReads => Attempt::Refused(QuickBooksError::ReadsExhausted),
        FaultKind::Stale | FaultKind::NameTaken | FaultKind::NotFound | FaultKind::Invalid => {
            Attempt::Refused(QuickBooksError::Refused(fault))
        }
    }
}

/// Returns the wait that the header `Retry-After` names in seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    text(headers, header::RETRY_AFTER.as_str())?.trim().parse().ok().map(Duration::from_secs)
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(|text| text.chars().take(100).collect())
}
