//! Cells: how a commit changes the number of customers of each status, type, vip mark and deletion.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::builders::UpdateBuilder;

use crate::Result;
use crate::model::CounterCell;
use crate::store::CustomerFilter;
use crate::store::items::{Item, integer_in, number};
use crate::table::keys;

/// The number of customers in each cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::store) struct CellCounts(BTreeMap<CounterCell, i64>);

impl CellCounts {
    /// The number of customers in the cells that a filter selects.
    pub(in crate::store) fn total(&self, filter: &CustomerFilter) -> u64 {
        let selected = self.0.iter().filter(|(cell, _)| filter.selects_cell(**cell));
        u64::try_from(selected.map(|(_, count)| count).sum::<i64>()).unwrap_or(0)
    }

    /// Adds the cells of a slot or rank.
    pub(in crate::store) fn add_item(&mut self, item: &Item) -> Result<()> {
        for name in item.keys() {
            if let Some(cell) = keys::cell_of(name) {
                *self.0.entry(cell).or_default() += integer_in(item, name)?;
            }
        }
        Ok(())
    }
}

/// The gain or loss of each cell in a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::store) struct CellDelta(BTreeMap<CounterCell, i64>);

impl CellDelta {
    /// Records that a customer moves from one cell to another. `None` means that it does not exist on that side.
    pub(in crate::store) fn record_move(&mut self, from: Option<CounterCell>, to: Option<CounterCell>) {
        for (cell, by) in [(from, -1), (to, 1)] {
            if let Some(cell) = cell {
                *self.0.entry(cell).or_default() += by;
            }
        }
        self.0.retain(|_, by| *by != 0);
    }

    pub(in crate::store) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ADD clause of an update, with its names and values; empty if nothing changes.
    pub(in crate::store) fn add_to(&self, mut update: UpdateBuilder) -> (UpdateBuilder, String) {
        let mut clause = String::new();
        for (at, (cell, by)) in self.0.iter().enumerate() {
            clause.push_str(if at == 0 { "ADD " } else { ", " });
            clause.push_str(&format!("#c{at} :c{at}"));
            update = update
                .expression_attribute_names(format!("#c{at}"), keys::cell_attribute(*cell))
                .expression_attribute_values(format!(":c{at}"), number(by));
        }
        (update, clause)
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::Update;

    use super::*;
    use crate::model::{CustomerType, Status};

    fn cell(status: Status) -> CounterCell {
        CounterCell { status, customer_type: CustomerType::Residential, is_vip: false, is_deleted: false }
    }

    #[test]
    fn move_within_a_cell_changes_nothing() {
        let mut delta = CellDelta::default();
        delta.record_move(Some(cell(Status::Active)), Some(cell(Status::Active)));
        assert!(delta.is_empty());
    }

    #[test]
    fn one_clause_holds_every_cell_that_changes() {
        let mut delta = CellDelta::default();
        delta.record_move(None, Some(cell(Status::Active)));
        delta.record_move(Some(cell(Status::Lead)), Some(cell(Status::Active)));
        let (update, clause) = delta.add_to(Update::builder());
        assert_eq!(clause, "ADD #c0 :c0, #c1 :c1");
        let values = update.get_expression_attribute_values().clone().unwrap();
        assert_eq!((&values[":c0"], &values[":c1"]), (&number(2), &number(-1)));
    }
}
