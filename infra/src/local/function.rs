//! The interface to one function: takes API Gateway's event as JSON and returns Lambda's response, buffered
//! or streamed. `lambda_http` and the handler run in between, as they do on Lambda.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clientele_functions_common::invoke::StreamedResponse;
use futures::future::BoxFuture;
use lambda_http::Context;
use uuid::Uuid;

/// Time limit of a function with a buffered response: API Gateway stops waiting after 29 seconds.
pub const TIME_LIMIT: Duration = Duration::from_secs(29);

/// Time limit of a function with a streamed response, as in `template.yaml`.
pub const STREAM_TIME_LIMIT: Duration = Duration::from_secs(300);

/// Runs a function once: takes the event as JSON and returns the response. `Err` holds the reason why the
/// function itself failed; it is logged, and the client receives a 502, as from API Gateway.
pub type Invoke = Arc<dyn Fn(String) -> BoxFuture<'static, Result<InvokeResponse, String>> + Send + Sync>;

/// The response of a function.
pub enum InvokeResponse {
    /// The complete response, as JSON.
    Buffered(String),
    /// A response whose body is streamed.
    Streamed(StreamedResponse),
}

/// The functions linked into this process, by the name of their binary (`trades-customer-get`).
#[derive(Clone, Default)]
pub struct Functions(BTreeMap<String, Invoke>);

impl Functions {
    /// Returns the function with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Invoke> {
        self.0.get(name)
    }

    /// Returns the names of all functions, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl FromIterator<(String, Invoke)> for Functions {
    fn from_iter<T: IntoIterator<Item = (String, Invoke)>>(functions: T) -> Self {
        Self(functions.into_iter().collect())
    }
}

impl Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Returns the context of an invocation: a new request id, and a deadline `time_limit` from now.
#[must_use]
pub fn context(time_limit: Duration) -> Context {
    let mut context = Context::default();
    context.request_id = Uuid::new_v4().to_string();
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + time_limit;
    context.deadline = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_have_unique_ids_and_a_deadline() {
        let (first, second) = (context(TIME_LIMIT), context(TIME_LIMIT));
        assert_ne!(first.request_id, second.request_id);
        let remaining = first.deadline().duration_since(SystemTime::now()).unwrap();
        assert!(remaining <= TIME_LIMIT && remaining > TIME_LIMIT / 2, "{remaining:?}");
    }
}
