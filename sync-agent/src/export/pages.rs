//! The customers of an export, some thousand at a time.

use clientele_shared::Result;
use clientele_shared::model::{Customer, CustomerNumber, Tenant};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{CustomerFilter, CustomerPage, Store, Total};

use crate::patience::Patience;

/// How many customers are read at a time.
const PAGE: usize = 1_000;
/// How many customers a search is asked for: as many as it looks at.
const MOST_FOUND: usize = 10_000;

/// A list or search while it is read.
pub(super) struct Pages<'a> {
    store: &'a Store,
    tenant: &'a Tenant,
    filter: &'a CustomerFilter,
    /// What is looked for.
    search: Option<SearchQuery>,
    /// The number of the last customer read.
    after: Option<CustomerNumber>,
    /// How the next customers are read; `None` at the end.
    next: Option<Way>,
}

/// How customers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Ask the index what it finds.
    Search,
    /// Go through the whole list.
    List,
}

/// Some customers, the highest number first.
pub(super) struct Page {
    pub(super) customers: Vec<Customer>,
    /// How many the whole list or search has, as far as it is known.
    pub(super) total: u64,
}

impl<'a> Pages<'a> {
    pub(super) fn new(
        store: &'a Store,
        tenant: &'a Tenant,
        filter: &'a CustomerFilter,
        search: Option<&str>,
    ) -> Self {
        let search = search.and_then(SearchQuery::parse);
        let next = Some(if search.is_some() { Way::Search } else { Way::List });
        Self { store, tenant, filter, search, after: None, next }
    }

    /// The next customers, perhaps none; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Page>> {
        match self.next {
            None => Ok(None),
            Some(Way::Search) => self.found().await.map(Some),
            Some(Way::List) => self.listed().await.map(Some),
        }
    }

    /// Everything that is found. Where that is more than a search looks at, nothing, and the whole list is gone
    /// through instead: an export that is cut off would be worse than a slow one.
    async fn found(&mut self) -> Result<Page> {
        let page = self.read(self.search.as_ref(), MOST_FOUND).await?;
        let total = page.total.count();
        if page.has_more || matches!(page.total, Total::AtLeast(_)) {
            self.next = Some(Way::List);
            return Ok(Page { customers: Vec::new(), total });
        }
        self.next = None;
        Ok(Page { customers: page.customers, total })
    }

    async fn listed(&mut self) -> Result<Page> {
        let CustomerPage { mut customers, total, has_more } = self.read(None, PAGE).await?;
        self.after = customers.last().map(|customer| customer.number);
        self.next = has_more.then_some(Way::List);
        if let Some(query) = &self.search {
            customers.retain(|customer| query.matches(customer));
        }
        Ok(Page { customers, total: total.count() })
    }

    async fn read(&self, search: Option<&SearchQuery>, limit: usize) -> Result<CustomerPage> {
        let mut patience = Patience::default();
        loop {
            let page =
                self.store.customer_list_after(self.tenant, self.filter, search, self.after, limit).await;
            match page {
                Ok(page) => return Ok(page),
                Err(error) => patience.wait(error, self.store.ambient()).await?,
            }
        }
    }
}
