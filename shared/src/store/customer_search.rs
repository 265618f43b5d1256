//! Search: the index proposes, the record decides.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;
use futures::stream::TryStreamExt;

use super::customer_list::Position;
use super::{CustomerFilter, CustomerPage, Store, Total, call, item, text, text_in};
use crate::Result;
use crate::model::{Customer, CustomerNumber, Tenant};
use crate::rules::search::SearchQuery;
use crate::table::keys::{self, Index, Key, attribute};

/// How many customers a search looks at; it says so when the index proposes more.
pub(super) const MAX_CANDIDATES: usize = 10_000;

/// What a search found.
pub(super) struct Found {
    /// The highest number first.
    customers: Vec<Customer>,
    /// Whether there were more proposals than are looked at.
    cut: bool,
}

impl Found {
    /// Up to `limit` customers below a position.
    pub(super) fn page_below(&self, position: Position, limit: usize) -> CustomerPage {
        let from = position.map_or(0, |below| self.customers.partition_point(|c| c.number >= below));
        let count = self.customers.len() as u64;
        CustomerPage {
            customers: self.customers[from..].iter().take(limit).cloned().collect(),
            total: if self.cut { Total::AtLeast(count) } else { Total::Exactly(count) },
            has_more: self.customers.len() > from + limit,
        }
    }

    /// The position after so many customers; past the end, the position after the last.
    pub(super) fn position_before(&self, offset: u64) -> Position {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(self.customers.len());
        offset.checked_sub(1).map(|last| self.customers[last].number)
    }
}

impl Store {
    /// Every customer that matches a query and a filter, of the first 10,000 that the index proposes.
    pub(super) async fn customer_search(
        &self,
        tenant: &Tenant,
        filter: &CustomerFilter,
        query: &SearchQuery,
    ) -> Result<Found> {
        let mut numbers = self.proposed(tenant, query.probes()).await?;
        numbers.extend(query.number());
        let cut = numbers.len() > MAX_CANDIDATES;
        let keys: Vec<Key> = numbers
            .into_iter()
            .rev()
            .take(MAX_CANDIDATES)
            .map(|n| keys::customer(tenant, tenant.customer_uuid(n)))
            .collect();
        let mut customers: Vec<Customer> = Vec::new();
        let mut batches = self.item_batches(&keys);
        while let Some(items) = batches.try_next().await? {
            for item in items {
                let customer = item::to_customer(item)?;
                if filter.matches(&customer) && query.matches(&customer) {
                    customers.push(customer);
                }
            }
        }
        customers.sort_unstable_by_key(|customer| std::cmp::Reverse(customer.number));
        Ok(Found { customers, cut })
    }

    /// Every customer that matches a query and a filter, the highest number first; `None` where the index proposes
    /// more than a search looks at.
    pub(super) async fn customers_found(
        &self,
        tenant: &Tenant,
        filter: &CustomerFilter,
        query: &SearchQuery,
    ) -> Result<Option<Vec<Customer>>> {
        let found = self.customer_search(tenant, filter, query).await?;
        Ok((!found.cut).then_some(found.customers))
    }

    /// The customers that have a term which begins with one of the probes: of each up to one more than are
    /// looked at.
    pub(super) async fn proposed(
        &self,
        tenant: &Tenant,
        probes: Vec<String>,
    ) -> Result<BTreeSet<CustomerNumber>> {
        let proposals = probes.into_iter().map(|probe| self.proposals(tenant, probe));
        Ok(try_join_all(proposals).await?.into_iter().flatten().collect())
    }

    /// The customers that have a term which begins with the probe: up to one more than are looked at.
    async fn proposals(&self, tenant: &Tenant, probe: String) -> Result<BTreeSet<CustomerNumber>> {
        let mut numbers = BTreeSet::new();
        let mut resume: Option<HashMap<String, AttributeValue>> = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(Index::BySearch.name())
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :probe)")
                .expression_attribute_names("#pk", attribute::SEARCH_PK)
                .expression_attribute_names("#sk", attribute::SEARCH_SK)
                .expression_attribute_values(":pk", text(keys::search_partition(tenant, &probe)))
                .expression_attribute_values(":probe", text(&probe))
                .set_exclusive_start_key(resume)
                .send()
                .await
                .map_err(|e| call::failed("searching customers", e))?;
            for item in answer.items() {
                let sort = text_in(item, attribute::SEARCH_SK)?;
                numbers.extend(keys::search_number(sort));
            }
            resume = answer.last_evaluated_key;
            if resume.is_none() || numbers.len() > MAX_CANDIDATES {
                return Ok(numbers);
            }
        }
    }
}
