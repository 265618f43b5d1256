//! The schema, built once per process, and the limits on one document.

use std::sync::LazyLock;

use clientele_functions_graphql::{ApiSchema, schema};

use crate::graphql::PoolApi;
use crate::mutation::Mutation;
use crate::query::Query;

/// Maximum complexity of one document. A field costs 1, and the fields under a list of customers cost that
/// much for each customer that the list can return. Four pages of 100 customers with all their fields fit.
const MAX_COMPLEXITY: usize = 10_000;

/// Complexity of a field that writes one record.
pub(crate) const WRITE: usize = 100;

/// Complexity of a field that writes many customers.
pub(crate) const WRITE_MANY: usize = 2_000;

/// This dialect's schema.
pub(crate) static SCHEMA: LazyLock<ApiSchema<PoolApi>> =
    LazyLock::new(|| schema::executing(Query, Mutation, MAX_COMPLEXITY));

/// The schema for documents that are executed in another form than they were sent, which alone has to keep the limits.
pub(crate) static VALIDATION: LazyLock<ApiSchema<PoolApi>> =
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
