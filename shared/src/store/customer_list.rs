//! Lists of customers, the highest number first, by cursor: a merge of a few index partitions.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::FutureExt;
use futures::future::{BoxFuture, try_join};

use super::customer_gather::{From, Wanted};
use super::filter::Partition;
use super::merge::{Fetched, Merge};
use super::{CustomerFilter, Store, call, item, number, text};
use crate::Result;
use crate::model::{Customer, CustomerNumber, Tenant};
use crate::rules::search::SearchQuery;
use crate::table::keys::attribute;

/// How many customers a list or search has in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// Exactly so many.
    Exactly(u64),
    /// So many or more: the search proposed more customers than are looked at.
    AtLeast(u64),
}

impl Total {
    /// The number, exact or not.
    #[must_use]
    pub fn count(self) -> u64 {
        match self {
            Self::Exactly(count) | Self::AtLeast(count) => count,
        }
    }
}

/// A stretch of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerPage {
    /// The customers, the highest number first.
    pub customers: Vec<Customer>,
    /// How many the whole list has.
    pub total: Total,
    /// Whether the list goes on after this stretch.
    pub has_more: bool,
}

/// Where DynamoDB goes on with a query.
pub(super) type Resume = HashMap<String, AttributeValue>;

/// Reads one partition on, from its start or from where it was left.
pub(super) type PartitionReader =
    Box<dyn Fn(Partition, Option<Resume>) -> BoxFuture<'static, Result<Fetched<Resume>>> + Send + Sync>;

/// Where a list is read from: below this number, or from its top.
pub(super) type Position = Option<CustomerNumber>;

impl Store {
    /// The customers of a list or search after a cursor: those with a number below `after`.
    ///
    /// Costs two round trips at the most for a list (records and total side by side), three for a search.
    ///
    /// # Errors
    /// Those of the calls it makes.
    pub async fn customer_list_after(
        &self,
        tenant: &Tenant,
        filter: &CustomerFilter,
        search: Option<&SearchQuery>,
        after: Option<CustomerNumber>,
        limit: usize,
    ) -> Result<CustomerPage> {
        if let Some(query) = search {
            let found = self.customer_search(tenant, filter, query).await?;
            return Ok(found.page_below(after, limit));
        }
        if !filter.conditions.is_empty() {
            let from = From::Below(after);
            let wanted = Wanted { from, limit, total: true };
            return Ok(self.customers_gather(tenant, filter, wanted).await?.page);
        }
        let (counts, (customers, has_more)) =
            try_join(self.counts_get(tenant), self.customers_below(tenant, filter, after, limit)).await?;
        Ok(CustomerPage { customers, total: Total::Exactly(counts.total(filter)), has_more })
    }

    /// The same without the total, which saves reading what only counts: the customers, and whether there are
    /// more.
    ///
    /// # Errors
    /// Those of the calls it makes.
    pub async fn customers_after(
        &self,
        tenant: &Tenant,
        filter: &CustomerFilter,
        search: Option<&SearchQuery>,
        after: Option<CustomerNumber>,
        limit: usize,
    ) -> Result<(Vec<Customer>, bool)> {
        let page = if let Some(query) = search {
            self.customer_search(tenant, filter, query).await?.page_below(after, limit)
        } else if filter.conditions.is_empty() {
            return self.customers_below(tenant, filter, after, limit).await;
        } else {
            let wanted = Wanted { from: From::Below(after), limit, total: false };
            self.customers_gather(tenant, filter, wanted).await?.page
        };
        Ok((page.customers, page.has_more))
    }

    /// Up to `limit` customers below a position, and whether there are more.
    pub(super) async fn customers_below(
        &self,
        tenant: &Tenant,
        filter: &CustomerFilter,
        position: Position,
        limit: usize,
    ) -> Result<(Vec<Customer>, bool)> {
        let mut merge = self.merge(tenant, filter, position, limit + 1);
        let mut customers = Vec::with_capacity(limit);
        while let Some(customer) = merge.next().await? {
            if !filter.matches(&customer) {
                continue;
            }
            if customers.len() == limit {
                return Ok((customers, true));
            }
            customers.push(customer);
        }
        Ok((customers, false))
    }

    /// The number of the last of the next `count` customers below a position, if there are so many.
    pub(super) async fn position_after(
        &self,
        tenant: &Tenant,
        filter: &CustomerFilter,
        position: Position,
        count: u64,
    ) -> Result<Option<Position>> {
        if count == 0 {
            return Ok(Some(position));
        }
        let at_once = usize::try_from(count).unwrap_or(usize::MAX).min(1000);
        let mut merge = self.merge(tenant, filter, position, at_once);
        let mut passed = 0;
        while let Some(customer) = merge.next().await? {
            if filter.matches(&customer) {
                passed += 1;
                if passed == count {
                    return Ok(Some(Some(customer.number)));
                }
            }
        }
        Ok(None)
    }

    pub(super) fn merge(
        &self,
        tenant: &Tenant,
        filter: &CustomerFilter,
        position: Position,
        at_once: usize,
    ) -> Merge<Partition, Resume, PartitionReader> {
        let store = self.clone();
        let read: PartitionReader = Box::new(move |partition, resume| {
            let store = store.clone();
            async move { store.partition_read(&partition, position, resume, at_once).await }.boxed()
        });
        Merge::new(filter.partitions(tenant), read)
    }

    /// The next customers of one index partition.
    async fn partition_read(
        &self,
        partition: &Partition,
        position: Position,
        resume: Option<Resume>,
        at_once: usize,
    ) -> Result<Fetched<Resume>> {
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(partition.index.name())
            .expression_attribute_names("#pk", partition.index.partition_attribute())
            .expression_attribute_values(":pk", text(&partition.key))
            .scan_index_forward(false)
            .set_exclusive_start_key(resume)
            .limit(i32::try_from(at_once).unwrap_or(i32::MAX));
        query = match position {
            None => query.key_condition_expression("#pk = :pk"),
            Some(below) => query
                .key_condition_expression("#pk = :pk AND #number < :below")
                .expression_attribute_names("#number", attribute::NUMBER)
                .expression_attribute_values(":below", number(below)),
        };
        let answer = query.send().await.map_err(|e| call::failed("listing customers", e))?;
        let resume = answer.last_evaluated_key;
        let customers =
            answer.items.unwrap_or_default().into_iter().map(item::to_customer).collect::<Result<_>>()?;
        Ok(Fetched { customers, resume })
    }
}
