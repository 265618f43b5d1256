//! The customers of an export, page by page, with retries while the table is throttled or unavailable.

use clientele_shared::csv::customer_row::TagNames;
use clientele_shared::model::{Customer, Tenant};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{CustomerFilter, CustomerQuery, CustomerStream, Store};
use clientele_shared::{Ambient, Result};

use super::ExportOptions;
use crate::retry::Retry;

/// The pages of a list or search.
pub(super) struct Pages {
    stream: CustomerStream,
    ambient: Ambient,
    /// Names of the customers' tags.
    pub(super) tags: TagNames,
}

impl Pages {
    pub(super) async fn begin(store: &Store, tenant: &Tenant, options: &ExportOptions) -> Result<Self> {
        let search = options.search.as_deref().map(SearchQuery::parse).transpose()?.flatten();
        let ambient = store.ambient().clone();
        let filter = CustomerFilter { status: options.status, ..CustomerFilter::default() };
        let query = CustomerQuery { filter, search, ..CustomerQuery::default() };
        let begin = || store.customer_stream(tenant, query.clone());
        let stream = Retry::default().run(&ambient, begin).await?;
        let tags = Retry::default().run(&ambient, || store.tags_list(tenant)).await?;
        Ok(Self { stream, ambient, tags: tags.into_iter().collect() })
    }

    /// Returns the number of customers; for a search with too many matches, a lower bound.
    pub(super) fn total(&self) -> u64 {
        self.stream.total().count()
    }

    /// Returns the next page, which can be empty, or `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Customer>>> {
        let mut retry = Retry::default();
        loop {
            match self.stream.next().await {
                Ok(page) => return Ok(page),
                Err(error) => retry.back_off(error, &self.ambient).await?,
            }
        }
    }
}
