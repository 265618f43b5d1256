//! `GET /customers/export/csv`: all customers, those of one status, or those that a search finds, as a file.
//!
//! The file is sent while it is read, whatever its size. One that would not fit into what Lambda sends is refused
//! before it begins.

use futures::FutureExt;
use futures::future::try_join;
use futures::stream;
use http::StatusCode;

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply, StreamingBody};
use clientele_shared::csv::customer_row::{self, TagNames};
use clientele_shared::csv::{FormulaGuard, rows};
use clientele_shared::model::{Customer, Scope, Status, UnknownVariant};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{CustomerWalk, Total};
use clientele_shared::{Error, Result};

use crate::error::{self, PoolFiles};
use crate::file::{self, MAX_BYTES};

/// The endpoint.
pub const ENDPOINT: Endpoint<StreamingBody> = Endpoint {
    name: "pool-customer-export",
    scope: Scope::Export,
    dialect: &PoolFiles,
    handle: |call| handle(call).boxed(),
};

async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply<StreamingBody>> {
    let status = call.request.query("status").map(status).transpose()?;
    let search = call.request.query("search").and_then(SearchQuery::parse);
    let walk = call.store().customer_walk(call.tenant(), status, search);
    let (mut walk, tags) = try_join(walk, call.store().tags_list(call.tenant())).await?;
    let customers = walk.next().await?.unwrap_or_default();
    let guard = file::guard(&call.caller.settings);
    let file = File { walk, tags: tags.into_iter().collect(), guard };
    let first = file.rows(&customers)?;
    if let Some(bytes) = file.bytes_expected(&customers, first.len()).await?
        && bytes > MAX_BYTES
    {
        return Ok(too_large(file.walk.total(), bytes).map_body(StreamingBody::from));
    }
    let begin = [rows([customer_row::COLUMNS])?, first].concat();
    let rest = stream::try_unfold(file, |mut file| async move {
        let next = file.next().await?;
        Ok(next.map(|part| (part, file)))
    });
    Ok(file::reply("customers.csv", begin, rest))
}

fn status(text: &str) -> Result<Status> {
    text.parse().map_err(|e: UnknownVariant| Error::invalid("status", e.to_string()))
}

/// The file while it is made.
struct File {
    walk: CustomerWalk,
    tags: TagNames,
    guard: FormulaGuard,
}

impl File {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        match self.walk.next().await? {
            Some(customers) => self.rows(&customers).map(Some),
            None => Ok(None),
        }
    }

    /// How long the whole file will be, where that can be told from some of it. The first rows are the newest
    /// customers', who may be unlike the others: only where they make it too long, or there are none, are customers
    /// from all over looked at.
    async fn bytes_expected(&self, first: &[Customer], bytes: usize) -> Result<Option<u64>> {
        let expected = bytes_expected(self.walk.total(), first.len(), bytes);
        if expected.is_some_and(|bytes| bytes <= MAX_BYTES) || self.walk.total().count() == 0 {
            return Ok(expected);
        }
        let sample = self.walk.sample().await?;
        Ok(bytes_expected(self.walk.total(), sample.len(), self.rows(&sample)?.len()))
    }

    fn rows(&self, customers: &[Customer]) -> Result<Vec<u8>> {
        rows(customers.iter().map(|customer| customer_row::cells(customer, &self.tags, self.guard)))
    }
}

/// How long the whole file will be if all rows are like these; `None` where that cannot be told.
fn bytes_expected(total: Total, customers: usize, bytes: usize) -> Option<u64> {
    let Total::Exactly(total) = total else { return None };
    (bytes as u64).checked_mul(total)?.checked_div(customers as u64)
}

fn too_large(total: Total, bytes: u64) -> Reply {
    let megabytes = |bytes: u64| bytes / (1024 * 1024);
    let message = format!(
        "{} customers are about {} MB, and this API answers {} MB at the most: ask for less with `status` or \
         `search`, or have whoever runs it take them from the scheduled export to S3 (`sync-agent export customers`)",
        total.count(),
        megabytes(bytes),
        megabytes(MAX_BYTES)
    );
    error::refusal(StatusCode::BAD_REQUEST, "EXPORT_TOO_LARGE", &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_told_by_the_first_rows() {
        assert_eq!(bytes_expected(Total::Exactly(1_000_000), 1_000, 180_000), Some(180_000_000));
        assert_eq!(bytes_expected(Total::Exactly(0), 0, 0), None);
        assert_eq!(bytes_expected(Total::AtLeast(10_000), 10, 1_800), None);
    }
}
