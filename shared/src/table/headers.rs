//! Leaves out the headers by which the SDK tells AWS about itself: its name and version, the number of the attempt
//! and an id of the invocation. DynamoDB does nothing with them (its answers carry an id of their own), and making,
//! signing and sending them takes a fifteenth of the instructions of a call.

use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::user_agent::UserAgentInterceptor;
use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::{disable_interceptor, dyn_dispatch_hint};

const WHY: &str = "DynamoDB does nothing with what it says";

/// Switches the SDK's own interceptors off that add those headers.
#[derive(Debug)]
pub(super) struct WithoutTelemetry;

#[dyn_dispatch_hint]
impl Intercept for WithoutTelemetry {
    fn name(&self) -> &'static str {
        "WithoutTelemetry"
    }

    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let layer = config.interceptor_state();
        layer.store_put(disable_interceptor::<UserAgentInterceptor>(WHY));
        layer.store_put(disable_interceptor::<RequestInfoInterceptor>(WHY));
        layer.store_put(disable_interceptor::<InvocationIdInterceptor>(WHY));
        Ok(())
    }
}
