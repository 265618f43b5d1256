//! Totals: how many customers each cell holds, exact after every commit.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::Update;

use super::{CustomerFilter, Item, Store, call, integer_in, key_of, number};
use crate::model::{CounterCell, Tenant};
use crate::table::keys;
use crate::{Error, Result};

/// The attribute of a counter item that grows with each change to it.
const CHANGES: &str = "changes";

/// A tenant's totals at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    cells: BTreeMap<CounterCell, i64>,
    /// Grows whenever any cell changes: two equal generations mean that no list changed between them.
    pub(super) generation: i64,
}

impl Counts {
    /// How many customers a filter is about.
    pub(super) fn total(&self, filter: &CustomerFilter) -> u64 {
        let sum: i64 =
            self.cells.iter().filter(|(cell, _)| filter.holds(**cell)).map(|(_, count)| count).sum();
        u64::try_from(sum).unwrap_or(0)
    }

    fn add(&mut self, item: &Item) -> Result<()> {
        for cell in CounterCell::all() {
            let name = keys::cell_attribute(cell);
            if item.contains_key(&name) {
                *self.cells.entry(cell).or_default() += integer_in(item, &name)?;
            }
        }
        self.generation += integer_in(item, CHANGES)?;
        Ok(())
    }
}

/// How a write changes the totals: what each cell gains or loses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CounterDelta(BTreeMap<CounterCell, i64>);

impl CounterDelta {
    /// A customer moves from one cell to another; `None` stands for not being there.
    pub(super) fn record_move(&mut self, from: Option<CounterCell>, to: Option<CounterCell>) {
        for (cell, by) in [(from, -1), (to, 1)] {
            if let Some(cell) = cell {
                *self.0.entry(cell).or_default() += by;
            }
        }
        self.0.retain(|_, by| *by != 0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The update that makes the change on one of the tenant's counter items.
    pub(super) fn update(&self, table: &str, tenant: &Tenant, shard: u64) -> Result<Update> {
        let mut update = Update::builder()
            .table_name(table)
            .set_key(Some(key_of(&keys::counts(tenant, shard % keys::COUNTER_SHARDS))))
            .expression_attribute_names("#changes", CHANGES)
            .expression_attribute_values(":one", number(1));
        let mut expression = "ADD #changes :one".to_owned();
        for (at, (cell, by)) in self.0.iter().enumerate() {
            expression.push_str(&format!(", #c{at} :c{at}"));
            update = update
                .expression_attribute_names(format!("#c{at}"), keys::cell_attribute(*cell))
                .expression_attribute_values(format!(":c{at}"), number(by));
        }
        update
            .update_expression(expression)
            .build()
            .map_err(|e| Error::internal("building the counters' update", e))
    }
}

impl Store {
    /// The tenant's totals: one strongly consistent query of a few hundred bytes a shard.
    pub(super) async fn counts_get(&self, tenant: &Tenant) -> Result<Counts> {
        let answer = self
            .partition_query(keys::counts_partition(tenant))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| call::failed("reading the counters", e))?;
        let mut counts = Counts::default();
        for item in answer.items() {
            counts.add(item)?;
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CustomerType, Mode, Status};

    fn cell(status: Status) -> CounterCell {
        CounterCell { status, customer_type: CustomerType::Residential, is_vip: false, is_deleted: false }
    }

    #[test]
    fn a_move_within_a_cell_changes_nothing() {
        let mut delta = CounterDelta::default();
        delta.record_move(Some(cell(Status::Active)), Some(cell(Status::Active)));
        assert!(delta.is_empty());
    }

    #[test]
    fn one_update_holds_every_cell_that_changes() {
        let tenant = Tenant::new(&"t".parse().unwrap(), Mode::Live);
        let mut delta = CounterDelta::default();
        delta.record_move(None, Some(cell(Status::Active)));
        delta.record_move(Some(cell(Status::Lead)), Some(cell(Status::Active)));
        let update = delta.update("table", &tenant, 11).unwrap();
        assert_eq!(update.update_expression(), "ADD #changes :one, #c0 :c0, #c1 :c1");
        let values = update.expression_attribute_values().unwrap();
        assert_eq!((&values[":c0"], &values[":c1"]), (&number(2), &number(-1)));
        assert_eq!(update.key()["sk"], crate::store::text("3"));
    }
}
