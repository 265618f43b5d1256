//! GraphQL over HTTP: a document, its variables and the name of its operation, from a body or a URL's query string.

use async_graphql::{Request as GraphqlRequest, Variables};
use http::Method;
use serde_json::{Map, Value as Json};

use clientele_functions_common::Request;
use clientele_shared::{Error, Result};

/// Reads the document, its variables and the name of the operation from the body or from the URL's query
/// string. Returns `None` if the client sent only the hash of a persisted query.
///
/// # Errors
/// Returns [`Error::Invalid`] if the document is missing or a part of the request is malformed.
pub fn read_request(request: &Request) -> Result<Option<GraphqlRequest>> {
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
) -> Result<GraphqlRequest> {
    let variables = match variables {
        None | Some(Json::Null) => Variables::default(),
        Some(object @ Json::Object(_)) => Variables::from_json(object),
        Some(_) => return Err(Error::invalid("variables", "must be a JSON object")),
    };
    let request = GraphqlRequest::new(query).variables(variables);
    Ok(match operation_name.filter(|name| !name.is_empty()) {
        Some(name) => request.operation_name(name),
        None => request,
    })
}
