//! GraphQL over HTTP for any schema: reads the document from the request, checks it, executes it, and returns the response.
//! A dialect supplies its schema and the format of its errors.

use std::sync::Arc;

use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{
    EmptySubscription, ObjectType, Request as GraphqlRequest, Response, Schema, ServerError, Value,
};
use futures::future::join;
use http::{Method, StatusCode};
use serde::Serialize;

use clientele_functions_common::{AuthenticatedRequest, Caller, Reply};
use clientele_shared::model::Scope;
use clientele_shared::rules::size::json_length;
use clientele_shared::{Error, Result};

use crate::document::{self, RequestedOperation, RootField};
use crate::field_order::FieldOrder;
use crate::merge::Interfaces;
use crate::response_size::{self, ResponseSize};
use crate::schema::request_to_validate;
use crate::session::Session;
use crate::transport::read_request;

/// The schema of a dialect.
pub type ApiSchema<A> = Schema<<A as Api>::Query, <A as Api>::Mutation, EmptySubscription>;

/// The differences between the GraphQL dialects.
pub trait Api: 'static {
    /// The queries.
    type Query: ObjectType + 'static;
    /// The mutations.
    type Mutation: ObjectType + 'static;
    /// An error of the response's body.
    type BodyError: Serialize;

    /// The reads that share the read budget of a document.
    const READS: Reads;

    /// The fields whose type is an interface, each with the only type that implements it.
    const INTERFACES: Interfaces = &[];

    /// Returns the schema, with the limits on one document.
    fn schema() -> &'static ApiSchema<Self>
    where
        Self: Sized;

    /// Returns the schema for documents that are executed in another form than they were sent, which alone has to keep the
    /// limits: it only validates.
    fn validation() -> &'static ApiSchema<Self>
    where
        Self: Sized;

    /// Changes a document before it is checked, if this dialect accepts documents that GraphQL does not.
    fn adapt(_document: &mut ExecutableDocument) {}

    /// Adds what the fields of this dialect need to the request's data.
    ///
    /// # Errors
    /// Returns [`Error::Internal`] if the tenant's settings cannot be read.
    fn with_data(request: GraphqlRequest, _caller: &Caller) -> Result<GraphqlRequest> {
        Ok(request)
    }

    /// Converts an error to a GraphQL error of one field of the document.
    fn field_error(error: &Error) -> async_graphql::Error;

    /// Returns an error as the body of a response has it; it can take several there.
    fn body_errors(error: ServerError) -> Vec<Self::BodyError>;

    /// Returns the reply to a request that is not executed, or whose response is not sent.
    fn refuse(refusal: &Refusal) -> Reply;
}

/// The root fields that read records.
#[derive(Debug)]
pub struct Reads {
    /// Those that read lists.
    pub lists: &'static [&'static str],
    /// Those that can select one record by a condition.
    pub selections: &'static [&'static str],
    /// The arguments that narrow a list. Records must be read to decide about them and to count the matches.
    pub conditions: &'static [&'static str],
    /// Maximum number of narrowed lists in one document: each can then examine at least a share of the budget.
    pub max_narrowed: usize,
    /// The narrowed lists in words, such as `lists with a filter`.
    pub narrowed: &'static str,
}

/// Reasons why a request has no GraphQL response.
#[derive(Debug)]
pub enum Refusal {
    /// The request contains only the hash of a document. Clients recognise the message and send the whole document.
    PersistedQuery,
    /// A mutation was sent by GET.
    MutationByGet,
    /// The API key lacks the scope for mutations.
    MissingScope(Error),
    /// The document asks for more than a function can return. The writes of a mutation took effect all the same.
    ResponseTooLarge {
        /// Whether the document is a mutation.
        is_mutation: bool,
    },
}

/// Handles one request.
///
/// # Errors
/// Returns an error that fails the whole request: a malformed body or header, or a failure that is not the client's fault.
pub async fn handle<A: Api>(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let Some(mut request) = read_request(call.request)? else {
        return Ok(A::refuse(&Refusal::PersistedQuery));
    };
    let operation = match document::inspect(&mut request, A::INTERFACES, A::adapt) {
        Ok(operation) => operation,
        Err(error) => return reply::<A>(&Response::from_errors(vec![error]), None),
    };
    if operation.as_ref().is_some_and(|operation| operation.kind == OperationType::Mutation) {
        if call.request.method() == Method::GET {
            return Ok(A::refuse(&Refusal::MutationByGet));
        }
        if !call.caller.scopes.allow(Scope::Write) {
            let error = Error::Forbidden("This API key lacks the scope `write`".into());
            return Ok(A::refuse(&Refusal::MissingScope(error)));
        }
    }
    let mut requested = Requested::default();
    if let Some(RequestedOperation { kind, fields, order, merged }) = operation {
        requested = Requested { fields, order, is_mutation: kind == OperationType::Mutation };
        if let Some(merged) = merged {
            let validated = match request_to_validate(&mut request) {
                Ok(request) => A::validation().execute(request).await,
                Err(error) => Response::from_errors(vec![error]),
            };
            if validated.is_err() {
                return reply::<A>(&validated, None);
            }
            request.set_parsed_query(merged);
            request.operation_name = None;
        }
    }
    execute::<A>(call, request, &requested).await
}

/// The operation that is executed; nothing if the document has no operation with the requested name.
#[derive(Default)]
struct Requested {
    fields: Vec<RootField>,
    order: FieldOrder,
    is_mutation: bool,
}

async fn execute<A: Api>(
    call: AuthenticatedRequest<'_>,
    request: GraphqlRequest,
    Requested { fields, order, is_mutation }: &Requested,
) -> Result<Reply> {
    let count = |names: &[&str]| fields.iter().filter(|field| names.contains(&field.name.as_str())).count();
    let (lists, selections) = (count(A::READS.lists), count(A::READS.selections));
    if fields.iter().filter(|field| is_narrowed(&A::READS, field)).count() > A::READS.max_narrowed {
        let message = format!(
            "The document has more than {} {}; send them in several documents",
            A::READS.max_narrowed,
            A::READS.narrowed
        );
        return reply::<A>(&Response::from_errors(vec![document::validation_error(message)]), None);
    }
    let (session, sender) = Session::new::<A>(&call, (lists, selections))?;
    let session = Arc::new(session);
    let size = Arc::new(ResponseSize::default());
    let request = A::with_data(request, call.caller)?.data(Arc::clone(&session)).data(Arc::clone(&size));
    let (mut response, ()) = join(A::schema().execute(request), sender.forward(call.authorization)).await;
    order.apply(&mut response.data);
    if let Some(failure) = session.failure() {
        return Err(failure);
    }
    let reply = reply::<A>(&response, Extensions::of(&session))?;
    let fits = !size.is_exceeded() && json_length(reply.body()) <= response_size::MAX_BYTES;
    Ok(if fits { reply } else { A::refuse(&Refusal::ResponseTooLarge { is_mutation: *is_mutation }) })
}

fn is_narrowed(reads: &Reads, field: &RootField) -> bool {
    reads.lists.contains(&field.name.as_str())
        && field.arguments.iter().any(|argument| reads.conditions.contains(&argument.as_str()))
}

#[derive(Serialize)]
struct Body<'a, E> {
    data: &'a Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<E>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<Extensions>,
}

/// Information about the data, next to it in the response.
#[derive(Serialize)]
struct Extensions {
    /// `gte` if a total is a lower bound, because a search has more candidates than it examines.
    #[serde(rename = "totalRelation", skip_serializing_if = "Option::is_none")]
    total_relation: Option<&'static str>,
    /// Parts of the request that were ignored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl Extensions {
    fn of(session: &Session) -> Option<Self> {
        let total_relation = session.has_lower_bound_total().then_some("gte");
        let warnings = session.take_warnings();
        (total_relation.is_some() || !warnings.is_empty()).then_some(Self { total_relation, warnings })
    }
}

fn reply<A: Api>(response: &Response, extensions: Option<Extensions>) -> Result<Reply> {
    let errors = response.errors.iter().cloned().flat_map(A::body_errors).collect();
    Reply::json(StatusCode::OK, &Body { data: &response.data, errors, extensions })
}
