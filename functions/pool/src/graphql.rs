//! `GET /graphql`, `POST /graphql`: runs one GraphQL document.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, ServerError, Value};
use futures::FutureExt;
use futures::future::join;
use http::{Method, StatusCode};
use serde::Serialize;

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_functions_graphql::document::{self, RequestedOperation, RootField};
use clientele_functions_graphql::response_size::{self, ResponseSize};
use clientele_functions_graphql::transport::read_request;
use clientele_functions_graphql::validation::request_to_validate;
use clientele_shared::model::Scope;
use clientele_shared::rules::size::json_length;
use clientele_shared::{Error, Result};

use crate::error::{self, Pool};
use crate::schema::{self, SCHEMA, VALIDATION};
use crate::session::Session;

/// The endpoint. Every request needs the scope `read`; a mutation also needs the scope `write`.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "pool-graphql",
    scopes: &[Scope::Read],
    dialect: &Pool,
    handle: |call| handle(call).boxed(),
};

async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let Some(mut request) = read_request(call.request)? else {
        return Ok(error::persisted_query_not_supported());
    };
    let operation = match document::inspect(&mut request) {
        Ok(operation) => operation,
        Err(error) => return reply(&Response::from_errors(vec![error]), false),
    };
    if operation.as_ref().is_some_and(|operation| operation.kind == OperationType::Mutation) {
        if call.request.method() == Method::GET {
            return Ok(error::mutation_by_get());
        }
        if !call.caller.scopes.allow(Scope::Write) {
            let error = Error::Forbidden("This API key lacks the scope `write`".into());
            return Ok(error::error_reply(StatusCode::OK, error::code(&error), &error::message(&error)));
        }
    }
    let (mut fields, mut is_mutation) = (Vec::new(), false);
    if let Some(RequestedOperation { kind, fields: root_fields, merged }) = operation {
        (fields, is_mutation) = (root_fields, kind == OperationType::Mutation);
        if let Some(merged) = merged {
            let validated = VALIDATION.execute(request_to_validate(&request)).await;
            if validated.is_err() {
                return reply(&validated, false);
            }
            request.set_parsed_query(merged);
            request.operation_name = None;
        }
    }
    execute(call, request, &fields, is_mutation).await
}

async fn execute(
    call: AuthenticatedRequest<'_>,
    request: async_graphql::Request,
    fields: &[RootField],
    is_mutation: bool,
) -> Result<Reply> {
    let lists: Vec<_> = fields.iter().filter(|field| schema::LISTS.contains(&field.name.as_str())).collect();
    let selections = fields.iter().filter(|field| field.name == schema::SELECTION).count();
    if lists.iter().filter(|list| is_narrowed(list)).count() > schema::MAX_NARROWED {
        let message = format!(
            "The document has more than {} lists with a search or a filter; send them in several documents",
            schema::MAX_NARROWED
        );
        return reply(&Response::from_errors(vec![document::validation_error(message)]), false);
    }
    let (session, sender) = Session::new(call.store(), call.caller, call.request, (lists.len(), selections))?;
    let session = Arc::new(session);
    let size = Arc::new(ResponseSize::default());
    let request = request.data(Arc::clone(&session)).data(Arc::clone(&size));
    let (mut response, ()) = join(SCHEMA.execute(request), sender.forward(call.authorization)).await;
    if let Value::Object(data) = &mut response.data {
        // Fields arrive in the order in which they were resolved; GraphQL requires the order of the document.
        data.sort_by_cached_key(|name, _| fields.iter().position(|field| field.response_key == *name));
    }
    if let Some(failure) = session.failure() {
        return Err(failure);
    }
    let reply = reply(&response, session.has_lower_bound_total())?;
    let fits = !size.is_exceeded() && json_length(reply.body()) <= response_size::MAX_BYTES;
    Ok(if fits { reply } else { error::response_too_large(is_mutation) })
}

fn is_narrowed(list: &RootField) -> bool {
    list.arguments.iter().any(|argument| schema::CONDITIONS.contains(&argument.as_str()))
}

#[derive(Serialize)]
struct Body<'a> {
    data: &'a Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ServerError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<Extensions>,
}

/// Information about the data, next to it in the response.
#[derive(Serialize)]
struct Extensions {
    /// `gte` if a total is a lower bound, because a search has more candidates than it examines.
    #[serde(rename = "totalRelation")]
    total_relation: &'static str,
}

fn reply(response: &Response, has_lower_bound_total: bool) -> Result<Reply> {
    let errors = response.errors.iter().cloned().map(error::with_code).collect();
    let extensions = has_lower_bound_total.then_some(Extensions { total_relation: "gte" });
    Reply::json(StatusCode::OK, &Body { data: &response.data, errors, extensions })
}
