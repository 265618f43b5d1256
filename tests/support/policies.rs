//! Enforces the permissions of `template.yaml` in every test: a function's call that its policies do not allow
//! fails, as on AWS.

use std::sync::Arc;

use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use clientele_functions_common::invoke::StreamedResponse;
use clientele_infra::local::function::{Invoke, InvokeResponse};
use futures::stream::{StreamExt as _, poll_fn};

use super::access::accesses_of;
use crate::guards;

tokio::task_local! {
    /// Name of the function that makes the calls of this task.
    static FUNCTION: Arc<str>;
}

/// Returns the function with a name under which its calls are checked.
pub(super) fn under_its_policies(name: &str, function: Invoke) -> Invoke {
    let name: Arc<str> = name.into();
    Arc::new(move |event| {
        let (name, running) = (Arc::clone(&name), function(event));
        Box::pin(FUNCTION.scope(Arc::clone(&name), async move {
            running.await.map(|response| match response {
                InvokeResponse::Buffered(_) => response,
                InvokeResponse::Streamed(streamed) => InvokeResponse::Streamed(stream(name, streamed)),
            })
        }))
    })
}

/// Returns the response with a body whose calls are checked, too.
fn stream(name: Arc<str>, response: StreamedResponse) -> StreamedResponse {
    let mut body = response.body;
    let checked =
        poll_fn(move |context| FUNCTION.sync_scope(Arc::clone(&name), || body.poll_next_unpin(context)));
    StreamedResponse { body: checked.boxed(), ..response }
}

/// Fails calls that the policies of the calling function do not allow. Other callers may do everything.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    /// The function that makes all calls, in any task; `None` is the function whose task it is.
    function: Option<Arc<str>>,
}

impl Policies {
    /// Returns the check of a client that only this function has.
    pub(crate) fn of(function: &str) -> Self {
        Self { function: Some(function.into()) }
    }
}

impl Intercept for Policies {
    fn name(&self) -> &'static str {
        "Policies"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let of_task = || FUNCTION.try_with(Arc::clone).ok();
        let Some(function) = self.function.clone().or_else(of_task) else { return Ok(()) };
        let accesses = accesses_of(context.input()).ok_or("support/access.rs does not know this call")?;
        match accesses.iter().find(|access| !guards::allows(&function, access)) {
            None => Ok(()),
            Some(access) => {
                let refusal = format!("template.yaml does not allow {function} {access:?}");
                // The response contains no cause, so that the test's output is the place to find it.
                eprintln!("{refusal}");
                Err(refusal.into())
            }
        }
    }
}
