//! `GET /api/v2`, `POST /api/v2`: runs one GraphQL document.

use async_graphql::ServerError;
use async_graphql::parser::types::ExecutableDocument;
use futures::FutureExt;

use clientele_functions_common::{Endpoint, Reply};
use clientele_functions_graphql::variables::drop_unused_variables;
use clientele_functions_graphql::{Api, ApiSchema, Interfaces, Reads, Refusal, api};
use clientele_shared::Error;
use clientele_shared::model::Scope;

use crate::error::{self, BodyError, Funnels};
use crate::language::QUERY;
use crate::mutation::Mutation;
use crate::query::Query;
use crate::schema::{SCHEMA, VALIDATION};

/// The endpoint. Every request needs the scope `read`; a mutation also needs the scope `write`.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "funnels-graphql",
    scopes: &[Scope::Read],
    dialect: &Funnels,
    handle: |call| api::handle::<FunnelsApi>(call).boxed(),
};

/// The differences of this dialect from other GraphQL dialects.
pub(crate) struct FunnelsApi;

impl Api for FunnelsApi {
    type Query = Query;
    type Mutation = Mutation;
    type BodyError = BodyError;

    const READS: Reads = Reads {
        lists: &["customers"],
        selections: &[],
        conditions: &[QUERY],
        // Each can then examine at least 500 records.
        max_narrowed: 20,
        narrowed: "lists",
    };

    const INTERFACES: Interfaces = &[("node", "Customer")];

    fn schema() -> &'static ApiSchema<Self> {
        &SCHEMA
    }

    fn validation() -> &'static ApiSchema<Self> {
        &VALIDATION
    }

    /// The funnels API documents queries that declare variables and do not use them.
    fn adapt(document: &mut ExecutableDocument) {
        drop_unused_variables(document);
    }

    fn field_error(error: &Error) -> async_graphql::Error {
        error::to_field_error(error)
    }

    fn body_errors(error: ServerError) -> Vec<BodyError> {
        error::body_errors(error)
    }

    fn refuse(refusal: &Refusal) -> Reply {
        error::refuse(refusal)
    }
}
