//! The schema, built once per process, and the limits on one document.

use std::sync::LazyLock;

use clientele_functions_graphql::{ApiSchema, schema};

use crate::graphql::FunnelsApi;
use crate::mutation::Mutation;
use crate::query::Query;

/// Maximum complexity of one document. A field costs 1, and the fields under a list of customers cost that much for each
/// customer that the list can return. A page of 250 customers with all their own fields and both addresses fits.
const MAX_COMPLEXITY: usize = 20_000;

/// Complexity of a field that writes one record.
pub(crate) const WRITE: usize = 100;

/// Complexity of a field that reads a customer's orders: the orders of about 50 customers fit in a document.
pub(crate) const ORDERS: usize = 400;

/// This dialect's schema.
pub(crate) static SCHEMA: LazyLock<ApiSchema<FunnelsApi>> =
    LazyLock::new(|| schema::executing(Query, Mutation, MAX_COMPLEXITY));

/// The schema for documents that are executed in another form than they were sent, which alone has to keep the limits.
pub(crate) static VALIDATION: LazyLock<ApiSchema<FunnelsApi>> =
    LazyLock::new(|| schema::validating(Query, Mutation));

/// Builds the schema now instead of on first use.
pub fn build_schema() {
    LazyLock::force(&SCHEMA);
}

/// Returns the schema in GraphQL's schema definition language.
#[must_use]
pub fn sdl() -> String {
    SCHEMA.sdl()
}
