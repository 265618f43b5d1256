//! One function as the local stack sees it: API Gateway's event in as JSON, Lambda's answer out, whole or as a
//! stream. What is in between, `lambda_http` and the handler, is what runs on Lambda.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clientele_functions_common::invoke::StreamedResponse;
use futures::future::BoxFuture;
use lambda_http::Context;
use uuid::Uuid;

/// How long a function may take: API Gateway gives up after 29 seconds, so a function has no use for more.
pub const TIME_LIMIT: Duration = Duration::from_secs(29);

/// How long a function may take whose answer is sent while it is made: Lambda's longest.
pub const STREAM_TIME_LIMIT: Duration = Duration::from_secs(15 * 60);

/// Runs a function once: the event's JSON in, its answer out. `Err` says why the function itself failed;
/// the caller then sees a 502, as from API Gateway, and the text goes to the log.
pub type Invoke = Arc<dyn Fn(String) -> BoxFuture<'static, Result<InvokeResponse, String>> + Send + Sync>;

/// What a function answers.
pub enum InvokeResponse {
    /// All of it, as JSON.
    Buffered(String),
    /// Sent while it is made.
    Streamed(StreamedResponse),
}

/// The functions linked into this process, by the name of their binary (`trades-customer-get`).
#[derive(Clone, Default)]
pub struct Functions(BTreeMap<String, Invoke>);

impl Functions {
    /// The function of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Invoke> {
        self.0.get(name)
    }

    /// The names of all functions, in order.
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

/// The context Lambda would hand over beside the event: an id, and a deadline so long from now.
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
    fn a_context_has_an_id_of_its_own_and_a_deadline() {
        let (one, other) = (context(TIME_LIMIT), context(TIME_LIMIT));
        assert_ne!(one.request_id, other.request_id);
        let left = one.deadline().duration_since(SystemTime::now()).unwrap();
        assert!(left <= TIME_LIMIT && left > TIME_LIMIT / 2, "{left:?}");
    }
}
