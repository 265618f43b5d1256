//! `GET /customers/export/csv`: all customers, those with one status, or those that match a search, as a
//! file.
//!
//! The file is streamed while the customers are read. An export estimated to exceed the 200 MB that Lambda
//! streams is refused before it starts.

use futures::FutureExt;
use futures::future::try_join;
use futures::stream;
use http::StatusCode;

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply, StreamingBody};
use clientele_shared::csv::customer_row::{self, TagNames};
use clientele_shared::csv::{FormulaGuard, rows};
use clientele_shared::model::{Customer, Scope, Status, UnknownVariant};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{CustomerFilter, CustomerQuery, CustomerStream, Total};
use clientele_shared::{Error, Result};

use crate::error::{self, PoolFiles};
use crate::file::{self, MAX_BYTES};

/// The endpoint.
pub const ENDPOINT: Endpoint<StreamingBody> = Endpoint {
    name: "pool-customer-export",
    scopes: &[Scope::Export],
    dialect: &PoolFiles,
    handle: |call| handle(call).boxed(),
};

async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply<StreamingBody>> {
    let status = call.request.query("status").map(parse_status).transpose()?;
    let search = call.request.query("search").map(SearchQuery::parse).transpose()?.flatten();
    let filter = CustomerFilter { status, ..CustomerFilter::default() };
    let query = CustomerQuery { filter, search, ..CustomerQuery::default() };
    let customers = call.store().customer_stream(call.tenant(), query);
    let (mut stream, tags) = try_join(customers, call.store().tags_list(call.tenant())).await?;
    let customers = stream.next().await?.unwrap_or_default();
    let guard = file::guard(&call.caller.settings);
    let file = File { stream, tags: tags.into_iter().collect(), guard };
    let first = file.rows(&customers)?;
    if let Some(bytes) = file.estimated_bytes(&customers, first.len()).await?
        && bytes > MAX_BYTES
    {
        return Ok(too_large(file.stream.total(), bytes).map_body(StreamingBody::from));
    }
    let head = [rows([customer_row::COLUMNS])?, first].concat();
    let rest = stream::try_unfold(file, |mut file| async move {
        let part = file.next().await?;
        Ok(part.map(|part| (part, file)))
    });
    Ok(file::reply("customers.csv", head, rest))
}

fn parse_status(text: &str) -> Result<Status> {
    text.parse().map_err(|e: UnknownVariant| Error::invalid("status", e.to_string()))
}

/// An export in progress.
struct File {
    stream: CustomerStream,
    tags: TagNames,
    guard: FormulaGuard,
}

impl File {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        match self.stream.next().await? {
            Some(customers) => self.rows(&customers).map(Some),
            None => Ok(None),
        }
    }

    /// Estimates the size of the whole file in bytes, or returns `None` if no estimate is possible.
    ///
    /// The first rows belong to the newest customers, which might not be typical. If they predict a file that
    /// is too long, or if there are none, the estimate is based on a sample across all customers instead.
    async fn estimated_bytes(&self, first: &[Customer], bytes: usize) -> Result<Option<u64>> {
        let estimate = estimated_bytes(self.stream.total(), first.len(), bytes);
        if estimate.is_some_and(|bytes| bytes <= MAX_BYTES) || self.stream.total().count() == 0 {
            return Ok(estimate);
        }
        let sample = self.stream.sample().await?;
        Ok(estimated_bytes(self.stream.total(), sample.len(), self.rows(&sample)?.len()))
    }

    fn rows(&self, customers: &[Customer]) -> Result<Vec<u8>> {
        rows(customers.iter().map(|customer| customer_row::cells(customer, &self.tags, self.guard)))
    }
}

/// Extrapolates the size of the whole file from the size of some customers' rows. Returns `None` if the total
/// is a lower bound or there are no rows to extrapolate from.
fn estimated_bytes(total: Total, customers: usize, bytes: usize) -> Option<u64> {
    let Total::Exactly(total) = total else { return None };
    (bytes as u64).checked_mul(total)?.checked_div(customers as u64)
}

fn too_large(total: Total, bytes: u64) -> Reply {
    let megabytes = |bytes: u64| bytes / (1024 * 1024);
    let message = format!(
        "{} customers are about {} MB, more than the {} MB that one export can return; narrow the export with \
         `status` or `search`, or ask the operator of this API to run `sync-agent export customers`",
        total.count(),
        megabytes(bytes),
        megabytes(MAX_BYTES)
    );
    error::error_reply(StatusCode::BAD_REQUEST, "EXPORT_TOO_LARGE", &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_is_extrapolated_from_the_rows_read() {
        assert_eq!(estimated_bytes(Total::Exactly(1_000_000), 1_000, 180_000), Some(180_000_000));
        assert_eq!(estimated_bytes(Total::Exactly(0), 0, 0), None);
        assert_eq!(estimated_bytes(Total::AtLeast(10_000), 10, 1_800), None);
    }
}
