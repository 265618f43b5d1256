//! Queries that one response answers.

use serde_json::Value;

use super::super::entity::Entity;
use super::super::error::QuickBooksError;
use super::super::query_text::literal_lists;
use super::{Object, QuickBooks};

/// Most ids of a query.
const MAX_IDS: usize = 100;

/// A response to a query: the objects and the server's time.
pub(super) struct Queried {
    pub(super) objects: Vec<Object>,
    pub(super) time: Option<String>,
}

impl QuickBooks {
    /// Runs a query, such as `SELECT * FROM Customer WHERE DisplayName = 'Ann'`, and returns the objects that
    /// it finds: at most 100, or `MAXRESULTS` up to 1,000. Write texts with [`super::super::quoted`].
    ///
    /// # Errors
    ///
    /// Returns a [`QuickBooksError`] if the call fails.
    pub async fn query(&self, query: &str) -> Result<Vec<Object>, QuickBooksError> {
        Ok(self.run_query(query).await?.objects)
    }

    /// Runs a query that starts with `SELECT COUNT(*)`, and returns the number.
    ///
    /// # Errors
    ///
    /// Returns a [`QuickBooksError`] if the call fails, and [`QuickBooksError::Malformed`] if the query does
    /// not count.
    pub async fn query_count(&self, query: &str) -> Result<u64, QuickBooksError> {
        let response = self.read("query", &[("query", query)]).await?;
        let count = response.get("QueryResponse").and_then(|found| found.get("totalCount"));
        let count = count.and_then(Value::as_u64);
        count.ok_or_else(|| QuickBooksError::malformed("QuickBooks returned no count for the query"))
    }

    /// Returns the objects with these ids, inactive ones included, in no particular order. Ids that no object
    /// has are left out.
    ///
    /// # Errors
    ///
    /// Returns a [`QuickBooksError`] if a call fails.
    pub async fn objects_by_id(
        &self,
        entity: Entity,
        ids: &[String],
    ) -> Result<Vec<Object>, QuickBooksError> {
        let mut objects = Vec::with_capacity(ids.len());
        for list in literal_lists(ids, MAX_IDS) {
            let mut query = format!("SELECT * FROM {entity} WHERE Id IN ({list})");
            if entity.has_active() {
                query.push_str(" AND Active IN (true, false)");
            }
            query.push_str(" MAXRESULTS 1000");
            objects.append(&mut self.run_query(&query).await?.objects);
        }
        Ok(objects)
    }

    pub(super) async fn run_query(&self, query: &str) -> Result<Queried, QuickBooksError> {
        let mut response = self.read("query", &[("query", query)]).await?;
        let time = response.get("time").and_then(Value::as_str).map(str::to_owned);
        match response.remove("QueryResponse") {
            Some(Value::Object(found)) => Ok(Queried { objects: objects(found)?, time }),
            _ => Err(QuickBooksError::malformed("QuickBooks returned no QueryResponse for the query")),
        }
    }
}

/// Returns the objects of a `QueryResponse`, which are under their entity's name, if there are any.
pub(super) fn objects(found: Object) -> Result<Vec<Object>, QuickBooksError> {
    let lists = found.into_iter().filter_map(|(_, value)| match value {
        Value::Array(list) => Some(list),
        _ => None,
    });
    let object = |value| match value {
        Value::Object(object) => Ok(object),
        _ => Err(QuickBooksError::malformed("QuickBooks returned a list with something else than objects")),
    };
    lists.flatten().map(object).collect()
}
