//! Lists of customers by page number, with remembered page starts.
//!
//! Page N + 1, asked for with the same key right after page N, goes on where page N ended, whatever was
//! inserted or deleted meanwhile: nothing twice, nothing skipped, at the cost of page 1. Every other page is
//! counted from the top, or from a page start that was found before and that no change has moved since.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use futures::future::try_join;

use super::counts::Counts;
use super::customer_gather::{From, Gathered, Wanted};
use super::customer_list::Position;
use super::{CustomerFilter, CustomerPage, Store, Total, call, key_of, number, text};
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

/// A page that was read, and what of the walk it was read on.
struct Turn {
    start: Position,
    given: CustomerPage,
    /// What an eventually consistent read showed, if the page goes on from that: to be proven.
    unproven: Option<LastPage>,
}

/// How the walk is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Consistency {
    /// At half the cost; what it shows may be out of date.
    Eventual,
    Strong,
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
        let turn = match search {
            Some(query) => self.search_page(&walk, query, page).await?,
            None if !filter.conditions.is_empty() => self.gathered_page(&walk, page).await?,
            None => self.list_page(&walk, page, Consistency::Eventual).await?,
        };
        if self.walk_remember(&walk, page, &turn).await? {
            return Ok(turn.given);
        }
        let turn = self.list_page(&walk, page, Consistency::Strong).await?;
        self.walk_remember(&walk, page, &turn).await?;
        Ok(turn.given)
    }

    async fn list_page(&self, walk: &Walk<'_>, page: u64, consistency: Consistency) -> Result<Turn> {
        if page == 1 {
            let (counts, read) = try_join(self.counts_get(walk.tenant), self.read_from(walk, None)).await?;
            let given = page_of(read, counts.total(walk.filter));
            return Ok(Turn { start: None, given, unproven: None });
        }
        let (counts, last) =
            try_join(self.counts_get(walk.tenant), self.walk_last(walk, consistency)).await?;
        let total = counts.total(walk.filter);
        let (start, unproven) = match self.goes_on(last, page) {
            Some((start, last)) => (Some(start), (consistency == Consistency::Eventual).then_some(last)),
            None => (self.jump(walk, page, total, &counts).await?, None),
        };
        let read = match start {
            Some(start) => self.read_from(walk, start).await?,
            None => (Vec::new(), false),
        };
        Ok(Turn { start: start.flatten(), given: page_of(read, total), unproven })
    }

    async fn search_page(&self, walk: &Walk<'_>, query: &SearchQuery, page: u64) -> Result<Turn> {
        let search = self.customer_search(walk.tenant, walk.filter, query);
        if page == 1 {
            let given = search.await?.page_below(None, walk.limit);
            return Ok(Turn { start: None, given, unproven: None });
        }
        let (found, last) = try_join(search, self.walk_last(walk, Consistency::Strong)).await?;
        let start = match self.goes_on(last, page) {
            Some((start, _)) => start,
            None => found.position_before(offset(page, walk.limit)),
        };
        Ok(Turn { start, given: found.page_below(start, walk.limit), unproven: None })
    }

    /// A page of those for whom conditions hold.
    async fn gathered_page(&self, walk: &Walk<'_>, page: u64) -> Result<Turn> {
        let last = match page {
            1 => None,
            _ => self.walk_last(walk, Consistency::Strong).await?,
        };
        let from = match self.goes_on(last, page) {
            Some((start, _)) => From::Below(start),
            None => From::Offset(offset(page, walk.limit)),
        };
        let wanted = Wanted { from, limit: walk.limit, total: true };
        let Gathered { page: given, start } = self.customers_gather(walk.tenant, walk.filter, wanted).await?;
        Ok(Turn { start, given, unproven: None })
    }

    /// Where a page starts that follows what was given last, and what that was.
    fn goes_on(&self, last: Option<LastPage>, page: u64) -> Option<(Position, LastPage)> {
        let last = last?;
        Some((last.start_of(page, self.ambient.now())?, last))
    }

    async fn read_from(
        &self,
        walk: &Walk<'_>,
        start: Position,
    ) -> Result<(Vec<crate::model::Customer>, bool)> {
        self.customers_below(walk.tenant, walk.filter, start, walk.limit).await
    }

    /// Where a page starts that, as far as an eventually consistent read shows, is not read in order: where a
    /// strongly consistent one says, else counted from the nearest start that still holds.
    async fn jump(
        &self,
        walk: &Walk<'_>,
        page: u64,
        total: u64,
        counts: &Counts,
    ) -> Result<Option<Position>> {
        let (last, nearest) = try_join(
            self.walk_last(walk, Consistency::Strong),
            self.nearest_start(walk, page, counts.generation),
        )
        .await?;
        if let Some((start, _)) = self.goes_on(last, page) {
            return Ok(Some(start));
        }
        if offset(page, walk.limit) >= total {
            return Ok(None);
        }
        let (known_page, known) = match nearest {
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

    async fn walk_last(&self, walk: &Walk<'_>, consistency: Consistency) -> Result<Option<LastPage>> {
        let key = keys::walk(walk.tenant, walk.walker, &walk.list);
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key_of(&key)))
            .consistent_read(consistency == Consistency::Strong)
            .send()
            .await
            .map_err(|e| call::failed("reading where a walk is", e))?;
        answer
            .item
            .map(serde_dynamo::from_item)
            .transpose()
            .map_err(|e| Error::internal("reading where a walk is", e))
    }

    /// Remembers where the page ended, unless nothing can follow it. A page of a walk that came out empty, for
    /// the list ended meanwhile, ended where it started: what follows is not counted from the top again.
    ///
    /// The same write proves what is unproven of the walk; `false` when it was out of date, and the page wrong.
    async fn walk_remember(&self, walk: &Walk<'_>, page: u64, turn: &Turn) -> Result<bool> {
        let given = &turn.given;
        let Some(end) = given.customers.last().map(|customer| customer.number).or(turn.start) else {
            return Ok(true);
        };
        if page == 1 && !given.has_more {
            return Ok(true);
        }
        let expires_at = self.ambient.now().plus_seconds(WALK_SECONDS).as_seconds();
        let key = keys::walk(walk.tenant, walk.walker, &walk.list);
        let put = self.put(&key, &LastPage { page, start: turn.start, end, expires_at })?;
        let put = match &turn.unproven {
            Some(last) => put
                .condition_expression("#page = :page AND #start = :start AND #end = :end")
                .expression_attribute_names("#page", "page")
                .expression_attribute_names("#start", "start")
                .expression_attribute_names("#end", "end")
                .expression_attribute_values(":page", number(last.page))
                .expression_attribute_values(":start", last.start.map_or(AttributeValue::Null(true), number))
                .expression_attribute_values(":end", number(last.end)),
            None => put,
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_refused_condition(&error) => Ok(false),
            Err(error) => Err(call::failed("remembering where a walk is", error)),
        }
    }

    async fn item_put<T: Serialize>(&self, key: &Key, value: &T) -> Result<()> {
        let put = self.put(key, value)?;
        put.send().await.map_err(|e| call::failed("remembering a page start", e))?;
        Ok(())
    }

    fn put<T: Serialize>(&self, key: &Key, value: &T) -> Result<PutItemFluentBuilder> {
        let mut item: super::Item =
            serde_dynamo::to_item(value).map_err(|e| Error::internal("writing a page start", e))?;
        item.extend(key_of(key));
        Ok(self.client.put_item().table_name(&self.table).set_item(Some(item)))
    }
}

fn is_refused_condition(error: &SdkError<PutItemError>) -> bool {
    error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception)
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
    let search = search.map(|query| super::idempotency::digest(&[&query.canonical()])).unwrap_or_default();
    format!("{}/{limit}/{search}", filter.canonical())
}
