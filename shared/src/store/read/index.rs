//! Reads of the indexes: keys of by-search, and copies of records from by-status and by-type.

use std::collections::VecDeque;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::query::{Direction, Position};
use crate::model::{Customer, CustomerNumber, Tenant};
use crate::rules::condition::Period;
use crate::rules::entries::{Mark, Sort, SortValue};
use crate::store::Store;
use crate::store::calls::failed;
use crate::store::items::record::{RECORD_ATTRIBUTES, Unreadable, to_customer_or};
use crate::store::items::{Item, number, projection, text, text_in};
use crate::table::keys::{self, Index, attribute};
use crate::{Error, Result};

/// How many ranges of keys are read concurrently.
pub(super) const MAX_CONCURRENT_RANGES: usize = 16;

/// A range of sort keys in one partition of by-search.
#[derive(Debug, Clone)]
pub(super) struct KeyRange {
    partition: String,
    bounds: Bounds,
}

#[derive(Debug, Clone)]
enum Bounds {
    Prefix(String),
    Between(String, String),
}

impl KeyRange {
    /// The terms that begin with a text.
    pub(super) fn terms(tenant: &Tenant, prefix: &str) -> Self {
        Self { partition: keys::search_partition(tenant, prefix), bounds: Bounds::Prefix(prefix.to_owned()) }
    }

    /// The customers with a mark, after a position.
    pub(super) fn mark(
        tenant: &Tenant,
        mark: &Mark,
        direction: Direction,
        after: Option<CustomerNumber>,
    ) -> Self {
        let after = after.map(|number| (mark.value.as_str(), number));
        let (first, last) = (keys::value_sort(&mark.value, 0), keys::value_sort_end(&mark.value));
        Self {
            partition: keys::mark_partition(tenant, mark.kind),
            bounds: after_position(first, last, direction, after),
        }
    }

    /// The entries of a sort order, all or those of a period of change, after a position. `None` if the order has none.
    pub(super) fn sorted(
        tenant: &Tenant,
        sort: Sort,
        period: Option<Period>,
        direction: Direction,
        after: Option<&Position>,
    ) -> Option<Self> {
        let period = period.unwrap_or_default();
        let first = period.from.map(|from| SortValue::moment(from).as_str().to_owned());
        // DynamoDB refuses an empty text, and the separator comes before every key.
        let first = first.unwrap_or_else(|| keys::VALUE_SEPARATOR.to_string());
        // A period includes the whole second in which it ends.
        let last = period.to.map(|to| keys::value_sort_end(SortValue::moment(to.plus_seconds(1)).as_str()));
        let last = last.unwrap_or_else(|| char::MAX.to_string());
        let after = after.and_then(|after| Some((after.value.as_ref()?.as_str(), after.number)));
        Some(Self {
            partition: keys::sort_partition(tenant, sort.entry_name()?),
            bounds: after_position(first, last, direction, after),
        })
    }
}

fn after_position(
    first: String,
    last: String,
    direction: Direction,
    after: Option<(&str, CustomerNumber)>,
) -> Bounds {
    match (after, direction) {
        (None, _) => Bounds::Between(first, last),
        (Some((value, number)), Direction::Descending) => {
            Bounds::Between(first, keys::value_sort(value, u64::from(number.get()) - 1))
        }
        (Some((value, number)), Direction::Ascending) => {
            Bounds::Between(keys::value_sort(value, u64::from(number.get()) + 1), last)
        }
    }
}

/// A range while it is read.
#[derive(Debug)]
pub(super) struct KeyCursor {
    range: KeyRange,
    direction: Direction,
    start_key: Option<Item>,
    /// The keys that were read and not taken yet: position and number.
    pub(super) keys: VecDeque<Position>,
    /// Whether the range has no more keys than these.
    pub(super) is_done: bool,
}

impl KeyCursor {
    pub(super) fn new(range: KeyRange, direction: Direction) -> Self {
        // A position at the edge of the range leaves nothing of it.
        let is_done = matches!(&range.bounds, Bounds::Between(first, last) if first > last);
        Self { range, direction, start_key: None, keys: VecDeque::new(), is_done }
    }
}

impl Store {
    /// Reads the next keys of several ranges, concurrently.
    pub(super) async fn ranges_read<'c>(
        &self,
        cursors: impl Iterator<Item = &'c mut KeyCursor>,
        limit: Option<usize>,
    ) -> Result<()> {
        let reads: Vec<_> = cursors.map(|cursor| self.keys_read(cursor, limit)).collect();
        stream::iter(reads).buffer_unordered(MAX_CONCURRENT_RANGES).try_collect().await
    }

    /// Reads the next keys of a range: at most `limit`, or as many as fit in 1 MB.
    async fn keys_read(&self, cursor: &mut KeyCursor, limit: Option<usize>) -> Result<()> {
        if cursor.is_done {
            return Ok(());
        }
        let query = self
            .index_query(Index::BySearch, &cursor.range.partition, cursor.direction, limit)
            .expression_attribute_names("#sk", attribute::SEARCH_SK)
            .set_exclusive_start_key(cursor.start_key.take());
        let query = match &cursor.range.bounds {
            Bounds::Prefix(prefix) => query
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
                .expression_attribute_values(":prefix", text(prefix)),
            Bounds::Between(first, last) => query
                .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
                .expression_attribute_values(":first", text(first))
                .expression_attribute_values(":last", text(last)),
        };
        let response = query.send().await.map_err(|e| failed("reading the search index", e))?;
        for item in response.items() {
            let sort = text_in(item, attribute::SEARCH_SK)?;
            let number = keys::search_number(sort)
                .ok_or_else(|| Error::broken("a key of the search index has no number"))?;
            let value = keys::search_value(sort).map(SortValue::from_key);
            cursor.keys.push_back(Position { value, number });
        }
        cursor.start_key = response.last_evaluated_key;
        cursor.is_done = cursor.start_key.is_none();
        Ok(())
    }

    /// Reads up to `limit` copies of records from a partition of by-status or by-type, after a number.
    pub(super) async fn copies_read(
        &self,
        (index, partition): (Index, &str),
        direction: Direction,
        after: Option<CustomerNumber>,
        limit: usize,
    ) -> Result<(Vec<Customer>, bool)> {
        let (expression, names) = projection(&RECORD_ATTRIBUTES);
        let query =
            self.index_query(index, partition, direction, Some(limit)).projection_expression(expression);
        let query = names
            .into_iter()
            .fold(query, |query, (name, value)| query.expression_attribute_names(name, value));
        let query = match after {
            None => query.key_condition_expression("#pk = :pk"),
            Some(after) => {
                let compare = if direction == Direction::Descending { "<" } else { ">" };
                query
                    .key_condition_expression(format!("#pk = :pk AND #number {compare} :after"))
                    .expression_attribute_names("#number", attribute::NUMBER)
                    .expression_attribute_values(":after", number(after))
            }
        };
        let response = query.send().await.map_err(|e| failed("listing customers", e))?;
        let is_done = response.last_evaluated_key.is_none();
        let items = response.items.unwrap_or_default().into_iter();
        let customers = items.filter_map(|item| to_customer_or(item, Unreadable::LeaveOut).transpose());
        Ok((customers.collect::<Result<_>>()?, is_done))
    }

    fn index_query(
        &self,
        index: Index,
        partition: &str,
        direction: Direction,
        limit: Option<usize>,
    ) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&*self.table)
            .index_name(index.name())
            .expression_attribute_names("#pk", index.partition_attribute())
            .expression_attribute_values(":pk", text(partition))
            .scan_index_forward(direction == Direction::Ascending)
            .set_limit(limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Mode;

    #[test]
    fn no_bound_of_a_range_is_empty() {
        let tenant = Tenant::new(&"t".parse().unwrap(), Mode::Live);
        for direction in [Direction::Ascending, Direction::Descending] {
            let sorted = KeyRange::sorted(&tenant, Sort::Email, None, direction, None).unwrap();
            let mark = Mark { kind: crate::rules::entries::MarkKind::Vip, value: String::new() };
            for range in [sorted, KeyRange::mark(&tenant, &mark, direction, None)] {
                let Bounds::Between(first, last) = range.bounds else { panic!("not a range") };
                assert!(!first.is_empty() && first < last);
                assert!(first.as_str() <= keys::value_sort("", 1).as_str());
            }
        }
    }
}
