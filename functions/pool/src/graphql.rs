//! `GET /graphql`, `POST /graphql`: runs one GraphQL document.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, ServerError, Value, Variables};
use futures::FutureExt;
use futures::future::join;
use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply, Request};
use clientele_shared::model::Scope;
use clientele_shared::{Error, Result};

use crate::document::{self, RequestedOperation};
use crate::error::{self, Pool};
use crate::schema::SCHEMA;
use crate::session::Session;

/// The endpoint. Every request needs the scope `read`; a mutation also needs the scope `write`.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "pool-graphql",
    scope: Scope::Read,
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
    let (session, sender) = Session::new(call.store(), call.caller, call.request)?;
    let session = Arc::new(session);
    let execution = SCHEMA.execute(request.data(Arc::clone(&session)));
    let (mut response, ()) = join(execution, sender.forward(call.authorization)).await;
    if let (Value::Object(data), Some(RequestedOperation { fields, .. })) = (&mut response.data, operation) {
        // Fields arrive in the order in which they were resolved; GraphQL requires the order of the document.
        data.sort_by_cached_key(|name, _| fields.iter().position(|field| field == name));
    }
    match session.failure() {
        Some(failure) => Err(failure),
        None => reply(&response, session.has_lower_bound_total()),
    }
}

/// Reads the document, its variables and the name of the operation from the body or from the URL's query
/// string. Returns `None` if the client sent only the hash of a persisted query.
///
/// # Errors
/// Returns [`Error::Invalid`] if the document is missing or a part of the request is malformed.
fn read_request(request: &Request) -> Result<Option<async_graphql::Request>> {
    let mut body =
        if request.method() == Method::GET { query_parameters(request)? } else { request.json_object()? };
    let query = take_string(&mut body, "query")?.filter(|query| !query.trim().is_empty());
    let operation_name = take_string(&mut body, "operationName")?;
    let variables = body.remove("variables");
    match query {
        Some(query) => build_request(query, variables, operation_name).map(Some),
        None if body
            .get("extensions")
            .is_some_and(|extensions| extensions.get("persistedQuery").is_some()) =>
        {
            Ok(None)
        }
        None => Err(Error::invalid("query", "must contain a GraphQL document")),
    }
}

/// Returns the URL's query parameters in the format of a request body.
fn query_parameters(request: &Request) -> Result<Map<String, Json>> {
    let text = |name: &str| request.query(name).map(|text| (name.to_owned(), Json::from(text)));
    let json = |name: &str| {
        let parse =
            |text| serde_json::from_str(text).map_err(|_| Error::invalid(name, "must be a JSON object"));
        request.query(name).map(|text| Ok((name.to_owned(), parse(text)?))).transpose()
    };
    let fields = [text("query"), text("operationName"), json("variables")?, json("extensions")?];
    Ok(fields.into_iter().flatten().collect())
}

fn take_string(body: &mut Map<String, Json>, name: &str) -> Result<Option<String>> {
    match body.remove(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::invalid(name, "must be a string")),
    }
}

fn build_request(
    query: String,
    variables: Option<Json>,
    operation_name: Option<String>,
) -> Result<async_graphql::Request> {
    let variables = match variables {
        None | Some(Json::Null) => Variables::default(),
        Some(object @ Json::Object(_)) => Variables::from_json(object),
        Some(_) => return Err(Error::invalid("variables", "must be a JSON object")),
    };
    let request = async_graphql::Request::new(query).variables(variables);
    Ok(match operation_name.filter(|name| !name.is_empty()) {
        Some(name) => request.operation_name(name),
        None => request,
    })
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
