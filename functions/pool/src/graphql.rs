//! `GET /graphql`, `POST /graphql`: runs one GraphQL document.

use async_graphql::{Request, ServerError};
use futures::FutureExt;
use http::StatusCode;

use clientele_functions_common::{Caller, Endpoint, Reply};
use clientele_functions_graphql::{Api, ApiSchema, Reads, Refusal, api};
use clientele_shared::model::Scope;
use clientele_shared::{Error, Result};

use crate::error::{self, Pool};
use crate::mutation::Mutation;
use crate::query::Query;
use crate::schema::{SCHEMA, VALIDATION};
use crate::settings::PoolSettings;

/// The endpoint. Every request needs the scope `read`; a mutation also needs the scope `write`.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "pool-graphql",
    scopes: &[Scope::Read],
    dialect: &Pool,
    handle: |call| api::handle::<PoolApi>(call).boxed(),
};

/// The differences of this dialect from other GraphQL dialects.
pub(crate) struct PoolApi;

impl Api for PoolApi {
    type Query = Query;
    type Mutation = Mutation;
    type BodyError = ServerError;

    const READS: Reads = Reads {
        lists: &["infiniteCustomers", "paginatedCustomers"],
        selections: &["customer"],
        conditions: &["filter", "search", "selector"],
        // Each can then examine at least 500 records.
        max_narrowed: 20,
        narrowed: "lists with a search or a filter",
    };

    fn schema() -> &'static ApiSchema<Self> {
        &SCHEMA
    }

    fn validation() -> &'static ApiSchema<Self> {
        &VALIDATION
    }

    fn with_data(request: Request, caller: &Caller) -> Result<Request> {
        Ok(request.data(caller.settings.dialect::<PoolSettings>()?))
    }

    fn field_error(error: &Error) -> async_graphql::Error {
        error::to_field_error(error)
    }

    fn body_errors(error: ServerError) -> Vec<ServerError> {
        vec![error::with_code(error)]
    }

    fn refuse(refusal: &Refusal) -> Reply {
        match refusal {
            Refusal::PersistedQuery => error::persisted_query_not_supported(),
            Refusal::MutationByGet => error::mutation_by_get(),
            Refusal::MissingScope(error) => {
                error::error_reply(StatusCode::OK, error::code(error), &error::message(error))
            }
            Refusal::ResponseTooLarge { is_mutation } => error::response_too_large(*is_mutation),
        }
    }
}
