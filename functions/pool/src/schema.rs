//! The schema, built once for each process, and the limits of what one document may ask for.

use std::sync::LazyLock;

use async_graphql::{EmptySubscription, Schema};

use crate::mutation::Mutation;
use crate::query::Query;

/// How deep fields may stand in each other: the introspection queries in use have up to 15 levels.
const MAX_DEPTH: usize = 20;

/// What one document may cost: a field costs 1, and what is under a list of customers as often as there may be
/// customers. Four pages of 100 customers with all their fields are within it.
const MAX_COMPLEXITY: usize = 10_000;

/// What a field that writes costs.
pub(crate) const WRITE: usize = 100;

/// What a field that writes many customers costs.
pub(crate) const WRITE_MANY: usize = 2_000;

/// This dialect's schema.
pub(crate) static SCHEMA: LazyLock<Schema<Query, Mutation, EmptySubscription>> = LazyLock::new(|| {
    Schema::build(Query, Mutation, EmptySubscription)
        .limit_depth(MAX_DEPTH)
        .limit_complexity(MAX_COMPLEXITY)
        .finish()
});

/// Builds the schema, which otherwise happens when it is first used.
pub fn build_schema() {
    LazyLock::force(&SCHEMA);
}

/// The schema in GraphQL's own language.
#[must_use]
pub fn sdl() -> String {
    SCHEMA.sdl()
}
