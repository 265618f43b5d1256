//! The customers of an export, some thousand at a time, with retry for a table that is throttled or away.

use clientele_shared::csv::customer_row::TagNames;
use clientele_shared::model::{Customer, Tenant};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{CustomerWalk, Store};
use clientele_shared::{Ambient, Result};

use super::ExportOptions;
use crate::retry::Retry;

/// A list or search while it is read.
pub(super) struct Pages {
    walk: CustomerWalk,
    ambient: Ambient,
    /// What the customers' tags are called.
    pub(super) tags: TagNames,
}

impl Pages {
    pub(super) async fn begin(store: &Store, tenant: &Tenant, options: &ExportOptions) -> Result<Self> {
        let search = options.search.as_deref().and_then(SearchQuery::parse);
        let ambient = store.ambient().clone();
        let begin = || store.customer_walk(tenant, options.status, search.clone());
        let walk = Retry::default().run(&ambient, begin).await?;
        let tags = Retry::default().run(&ambient, || store.tags_list(tenant)).await?;
        Ok(Self { walk, ambient, tags: tags.into_iter().collect() })
    }

    /// How many there are, as far as it is known.
    pub(super) fn total(&self) -> u64 {
        self.walk.total().count()
    }

    /// The next customers, perhaps none; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Customer>>> {
        let mut retry = Retry::default();
        loop {
            match self.walk.next().await {
                Ok(page) => return Ok(page),
                Err(error) => retry.back_off(error, &self.ambient).await?,
            }
        }
    }
}
