//! Lists of customers by page number, with remembered page starts.
//!
//! Page N + 1, asked for with the same key right after page N, goes on where page N ended, whatever was
//! inserted or deleted meanwhile: nothing twice, nothing skipped, at the cost of page 1. Every other page is
//! counted from the top, or from a page start that was found before and that no change has moved since.

use serde::{Deserialize, Serialize};

use futures::future::try_join;

use super::counts::Counts;
use super::customer_list::Position;
use super::{CustomerFilter, CustomerPage, Store, Total, call, key_of, text};
use crate::model::{ApiKeyId, CustomerNumber, Tenant, Timestamp};
use crate::rules::search::SearchQuery;
use crate::table::keys::{self, Key, attribute};
use crate::{Error, Result};

/// How long a walk may pause between two pages, in seconds.
const WALK_SECONDS: i64 = 3600;

/// A list as somebody reads it page by page.
struct Walk<'a> {
    tenant: &'a Tenant,
    walker: &'a ApiKeyId,
    /// Names the list: filter, page size and search.
    list: String,
    filter: &'a CustomerFilter,
    limit: usize,
}

/// What is remembered of a walk: the page that was given last, and where it started and ended.
#[derive(Debug, Serialize, Deserialize)]
struct LastPage {
    page: u64,
    start: Option<CustomerNumber>,
    end: CustomerNumber,
    expires_at: i64,
}

/// Where a page starts, as long as the totals' generation is the same.
#[derive(Debug, Serialize, Deserialize)]
struct PageStart {
    start: CustomerNumber,
    generation: i64,
    expires_at: i64,
}

impl LastPage {
    /// Where a page starts, if it is this page again or the one after it.
    fn start_of(&self, page: u64, now: Timestamp) -> Option<Position> {
        match page {
            _ if self.expires_at <= now.as_seconds() => None,
            _ if page == self.page => Some(self.start),
            _ if page == self.page + 1 => Some(Some(self.end)),
            _ => None,
        }
    }
}

impl Store {
    /// Page `page` (from 1) of a list or search, `limit` customers to a page.
    ///
    /// `walker` is the API key that reads; each key's walks are its own. Costs three round trips in sequence
    /// at the most and one write unit when pages are read in order.
    ///
    /// # Errors
    /// Those of the calls it makes.
    pub async fn customer_list_page(
        &self,
        tenant: &Tenant,
        walker: &ApiKeyId,
        filter: &CustomerFilter,
        search: Option<&SearchQuery>,
        page: u64,
        limit: usize,
    ) -> Result<CustomerPage> {
        let list = list_name(filter, search, limit);
        let walk = Walk { tenant, walker, list, filter, limit };
        let (start, given) = match search {
            Some(query) => self.search_page(&walk, query, page).await?,
            None => self.list_page(&walk, page).await?,
        };
        self.walk_remember(&walk, page, start, &given).await?;
        Ok(given)
    }

    async fn list_page(&self, walk: &Walk<'_>, page: u64) -> Result<(Position, CustomerPage)> {
        if page == 1 {
            let (counts, read) = try_join(self.counts_get(walk.tenant), self.read_from(walk, None)).await?;
            return Ok((None, page_of(read, counts.total(walk.filter))));
        }
        let (counts, last) = try_join(self.counts_get(walk.tenant), self.walk_last(walk)).await?;
        let total = counts.total(walk.filter);
        let start = match last.and_then(|last| last.start_of(page, self.ambient.now())) {
            Some(start) => Some(start),
            None => self.jump(walk, page, total, &counts).await?,
        };
        match start {
            Some(start) => Ok((start, page_of(self.read_from(walk, start).await?, total))),
            None => Ok((None, page_of((Vec::new(), false), total))),
        }
    }

    async fn search_page(
        &self,
        walk: &Walk<'_>,
        query: &SearchQuery,
        page: u64,
    ) -> Result<(Position, CustomerPage)> {
        let search = self.customer_search(walk.tenant, walk.filter, query);
        let (found, last) =
            if page == 1 { (search.await?, None) } else { try_join(search, self.walk_last(walk)).await? };
        let start = match last.and_then(|last| last.start_of(page, self.ambient.now())) {
            Some(start) => start,
            None => found.position_before(offset(page, walk.limit)),
        };
        let given = found.page_below(start, walk.limit);
        Ok((start, given))
    }

    async fn read_from(
        &self,
        walk: &Walk<'_>,
        start: Position,
    ) -> Result<(Vec<crate::model::Customer>, bool)> {
        self.customers_below(walk.tenant, walk.filter, start, walk.limit).await
    }

    /// Where a page starts that is not read in order: counted from the nearest start that still holds.
    async fn jump(
        &self,
        walk: &Walk<'_>,
        page: u64,
        total: u64,
        counts: &Counts,
    ) -> Result<Option<Position>> {
        if offset(page, walk.limit) >= total {
            return Ok(None);
        }
        let (known_page, known) = match self.nearest_start(walk, page, counts.generation).await? {
            Some((known_page, start)) => (known_page, Some(start)),
            None => (1, None),
        };
        let count = offset(page, walk.limit) - offset(known_page, walk.limit);
        let start = self.position_after(walk.tenant, walk.filter, known, count).await?;
        if let Some(Some(start)) = start
            && known_page != page
        {
            let generation = counts.generation;
            let expires_at = self.ambient.now().plus_seconds(WALK_SECONDS).as_seconds();
            let key = keys::page_start(walk.tenant, walk.walker, &walk.list, page);
            self.item_put(&key, &PageStart { start, generation, expires_at }).await?;
        }
        Ok(start)
    }

    async fn nearest_start(
        &self,
        walk: &Walk<'_>,
        page: u64,
        generation: i64,
    ) -> Result<Option<(u64, CustomerNumber)>> {
        let first = keys::page_start(walk.tenant, walk.walker, &walk.list, 0);
        let last = keys::page_start(walk.tenant, walk.walker, &walk.list, page);
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
            .expression_attribute_names("#pk", attribute::PK)
            .expression_attribute_names("#sk", attribute::SK)
            .expression_attribute_values(":pk", text(first.pk))
            .expression_attribute_values(":first", text(first.sk))
            .expression_attribute_values(":last", text(last.sk))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(1)
            .send()
            .await
            .map_err(|e| call::failed("looking for a page start", e))?;
        let Some(item) = answer.items.unwrap_or_default().pop() else { return Ok(None) };
        let page = keys::page_of_start(super::text_in(&item, attribute::SK)?);
        let known: PageStart =
            serde_dynamo::from_item(item).map_err(|e| Error::internal("reading a page start", e))?;
        let holds = known.generation == generation && known.expires_at > self.ambient.now().as_seconds();
        Ok(page.filter(|_| holds).map(|page| (page, known.start)))
    }

    async fn walk_last(&self, walk: &Walk<'_>) -> Result<Option<LastPage>> {
        let key = keys::walk(walk.tenant, walk.walker, &walk.list);
        let item = self.item_get(&key, "reading where a walk is").await?;
        item.map(serde_dynamo::from_item)
            .transpose()
            .map_err(|e| Error::internal("reading where a walk is", e))
    }

    /// Remembers where the page ended, unless nothing can follow it. A page of a walk that came out empty, for
    /// the list ended meanwhile, ended where it started: what follows is not counted from the top again.
    async fn walk_remember(
        &self,
        walk: &Walk<'_>,
        page: u64,
        start: Position,
        given: &CustomerPage,
    ) -> Result<()> {
        let Some(end) = given.customers.last().map(|customer| customer.number).or(start) else {
            return Ok(());
        };
        if page == 1 && !given.has_more {
            return Ok(());
        }
        let expires_at = self.ambient.now().plus_seconds(WALK_SECONDS).as_seconds();
        let key = keys::walk(walk.tenant, walk.walker, &walk.list);
        self.item_put(&key, &LastPage { page, start, end, expires_at }).await
    }

    async fn item_put<T: Serialize>(&self, key: &Key, value: &T) -> Result<()> {
        let mut item: super::Item =
            serde_dynamo::to_item(value).map_err(|e| Error::internal("writing a page start", e))?;
        item.extend(key_of(key));
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .send()
            .await
            .map_err(|e| call::failed("remembering a page start", e))?;
        Ok(())
    }
}

fn page_of((customers, has_more): (Vec<crate::model::Customer>, bool), total: u64) -> CustomerPage {
    CustomerPage { customers, total: Total::Exactly(total), has_more }
}

/// How many customers come before a page.
fn offset(page: u64, limit: usize) -> u64 {
    (page - 1).saturating_mul(limit as u64)
}

/// A short name for a list, that a search's words do not show in.
fn list_name(filter: &CustomerFilter, search: Option<&SearchQuery>, limit: usize) -> String {
    let search = search.map(|query| super::once::digest(&[&query.canonical()])).unwrap_or_default();
    format!("{}/{limit}/{search}", filter.canonical())
}
