//! Validation without execution, for documents that are not executed as they were sent.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::{Request, Response, ServerError, async_trait};

/// Makes a schema validate documents without executing them. A valid document has an empty response.
#[derive(Debug)]
pub struct ValidateOnly;

impl ExtensionFactory for ValidateOnly {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for ValidateOnly {
    async fn execute(&self, _: &ExtensionContext<'_>, _: Option<&str>, _: NextExecute<'_>) -> Response {
        Response::default()
    }
}

/// Returns a request with the same document, variables and operation.
///
/// # Errors
/// Returns a [`ServerError`] if the document cannot be parsed.
pub fn request_to_validate(request: &mut Request) -> Result<Request, ServerError> {
    let document = request.parsed_query()?.clone();
    let mut copy = Request::new(&request.query).variables(request.variables.clone());
    copy.set_parsed_query(document);
    Ok(match &request.operation_name {
        Some(name) => copy.operation_name(name),
        None => copy,
    })
}
