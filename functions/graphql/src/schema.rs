//! The two forms of a dialect's schema: one executes documents within the limits, one only validates them.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::{EmptySubscription, ObjectType, Request, Response, Schema, ServerError, async_trait};

/// Maximum nesting depth of fields. Common introspection queries have up to 15 levels.
const MAX_DEPTH: usize = 20;

/// Builds a schema that executes documents up to this complexity.
pub fn executing<Query, Mutation>(
    query: Query,
    mutation: Mutation,
    max_complexity: usize,
) -> Schema<Query, Mutation, EmptySubscription>
where
    Query: ObjectType + 'static,
    Mutation: ObjectType + 'static,
{
    Schema::build(query, mutation, EmptySubscription)
        .limit_depth(MAX_DEPTH)
        .limit_complexity(max_complexity)
        .finish()
}

/// Builds a schema that validates documents without executing them. A valid document has an empty response. There are no
/// limits, because the form in which the document is executed has to keep them.
pub fn validating<Query, Mutation>(
    query: Query,
    mutation: Mutation,
) -> Schema<Query, Mutation, EmptySubscription>
where
    Query: ObjectType + 'static,
    Mutation: ObjectType + 'static,
{
    Schema::build(query, mutation, EmptySubscription).extension(ValidateOnly).finish()
}

struct ValidateOnly;

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

/// Returns the request to validate: one with the same document, variables and operation.
///
/// # Errors
/// Returns a [`ServerError`] if the document cannot be parsed.
pub(crate) fn request_to_validate(request: &mut Request) -> Result<Request, ServerError> {
    let document = request.parsed_query()?.clone();
    let mut copy = Request::new(&request.query).variables(request.variables.clone());
    copy.set_parsed_query(document);
    Ok(match &request.operation_name {
        Some(name) => copy.operation_name(name),
        None => copy,
    })
}
