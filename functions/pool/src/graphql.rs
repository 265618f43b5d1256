//! `GET /graphql`, `POST /graphql`: one document of queries or mutations.

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

/// The endpoint. Everybody may read who has a key; a mutation needs the scope `write` as well.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "pool-graphql",
    scope: Scope::Read,
    dialect: &Pool,
    handle: |call| handle(call).boxed(),
};

async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let Some(mut request) = read(call.request)? else { return Ok(error::persisted_query_not_supported()) };
    let asked = match document::inspect(&mut request) {
        Ok(asked) => asked,
        Err(error) => return answer(&Response::from_errors(vec![error]), false),
    };
    if asked.as_ref().is_some_and(|asked| asked.kind == OperationType::Mutation) {
        if call.request.method() == Method::GET {
            return Ok(error::mutation_by_get());
        }
        if !call.caller.scopes.allow(Scope::Write) {
            let error = Error::Forbidden("This API key lacks the scope `write`".into());
            return Ok(error::refusal(StatusCode::OK, error::code(&error), &error::message(&error)));
        }
    }
    let (session, sender) = Session::new(call.store(), call.caller, call.request)?;
    let session = Arc::new(session);
    let execution = SCHEMA.execute(request.data(Arc::clone(&session)));
    let (mut response, ()) = join(execution, sender.forward(call.authorization)).await;
    if let (Value::Object(data), Some(RequestedOperation { fields, .. })) = (&mut response.data, asked) {
        // They are there in the order in which they were done.
        data.sort_by_cached_key(|name, _| fields.iter().position(|field| field == name));
    }
    match session.failure() {
        Some(failure) => Err(failure),
        None => answer(&response, session.is_cut()),
    }
}

/// The document, its variables and the name of the operation, from the body or from the query of the URL.
/// `None` where only the hash of a document is sent, in the hope that it is known ("persisted"): none is.
fn read(request: &Request) -> Result<Option<async_graphql::Request>> {
    let mut body = if request.method() == Method::GET { of_url(request)? } else { request.json_object()? };
    let query = optional_text(&mut body, "query")?.filter(|query| !query.trim().is_empty());
    let operation_name = optional_text(&mut body, "operationName")?;
    let variables = body.remove("variables");
    match query {
        Some(query) => document(query, variables, operation_name).map(Some),
        None if body.get("extensions").is_some_and(|told| told.get("persistedQuery").is_some()) => Ok(None),
        None => Err(Error::invalid("query", "must be a GraphQL document")),
    }
}

/// The query of the URL in the form of a body.
fn of_url(request: &Request) -> Result<Map<String, Json>> {
    let text = |name: &str| request.query(name).map(|text| (name.to_owned(), Json::from(text)));
    let json = |name: &str| {
        let read =
            |text| serde_json::from_str(text).map_err(|_| Error::invalid(name, "must be a JSON object"));
        request.query(name).map(|text| Ok((name.to_owned(), read(text)?))).transpose()
    };
    let members = [text("query"), text("operationName"), json("variables")?, json("extensions")?];
    Ok(members.into_iter().flatten().collect())
}

fn optional_text(body: &mut Map<String, Json>, name: &str) -> Result<Option<String>> {
    match body.remove(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::invalid(name, "must be a text")),
    }
}

fn document(
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

/// What is told beside the data.
#[derive(Serialize)]
struct Extensions {
    /// `gte` where a total is a lower bound: a search proposed more customers than are looked at.
    #[serde(rename = "totalRelation")]
    total_relation: &'static str,
}

fn answer(response: &Response, is_cut: bool) -> Result<Reply> {
    let errors = response.errors.iter().cloned().map(error::with_code).collect();
    let extensions = is_cut.then_some(Extensions { total_relation: "gte" });
    Reply::json(StatusCode::OK, &Body { data: &response.data, errors, extensions })
}
