//! A client: one connection that sends a request after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use clientele_shared::model::{CustomerNumber, Tenant};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::Failure;
use crate::customers::Numbers;
use crate::operation::{Call, Operation};
use crate::report::Record;
use crate::rng::Rng;
use crate::stack::Stack;

/// How long a response can take before the request counts as an error: longer than the stack waits for a function.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A client with customers of its own.
pub(crate) struct Client {
    http: hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>,
    url: String,
    key: Arc<str>,
    tenant: Tenant,
    numbers: Numbers,
    rng: Rng,
    sent: u64,
    record: Record,
}

impl Client {
    /// Creates client `nth`.
    pub(crate) fn new(stack: &Stack, numbers: Numbers, seed: u64, nth: u32) -> Self {
        Self {
            http: hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http(),
            url: stack.url.clone(),
            key: Arc::clone(&stack.key),
            tenant: stack.tenant.clone(),
            numbers,
            rng: Rng::for_step(seed, nth as usize),
            sent: 0,
            record: Record::default(),
        }
    }

    /// Sends requests until a moment; returns the measurements.
    pub(crate) async fn run_until(mut self, end: Instant) -> Record {
        while Instant::now() < end {
            let mut next = Some(Operation::draw(&mut self.rng));
            self.sent += 1;
            let number = match self.numbers.draw(&mut self.rng) {
                Ok(number) => number,
                Err(error) => {
                    self.record.fail(Operation::Get, error.to_string());
                    break;
                }
            };
            while let Some(operation) = next {
                self.measure(operation, number).await;
                next = operation.next();
            }
        }
        self.record
    }

    async fn measure(&mut self, operation: Operation, number: CustomerNumber) {
        let call = Call::new(operation, &self.tenant, number, self.sent, &mut self.rng);
        let started = Instant::now();
        let sent = tokio::time::timeout(TIME_LIMIT, self.send(&call)).await;
        let elapsed = started.elapsed();
        match sent.unwrap_or_else(|elapsed| Err(elapsed.into())) {
            Ok((status, body)) if call.accepts(status, &body) => self.record.add(operation, elapsed),
            Ok((status, body)) => {
                let body = String::from_utf8_lossy(&body[..body.len().min(500)]).into_owned();
                self.record.fail(operation, format!("{call:?}: {status}: {body}"));
            }
            Err(error) => self.record.fail(operation, format!("{call:?}: {error}")),
        }
    }

    async fn send(&self, call: &Call) -> Result<(StatusCode, Bytes), Failure> {
        let body = call.body.as_ref().map(ToString::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(call.method.clone())
            .uri(format!("{}{}", self.url, call.path))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .body(Full::from(body))?;
        let (parts, body) = self.http.request(request).await?.into_parts();
        Ok((parts.status, body.collect().await?.to_bytes()))
    }
}
