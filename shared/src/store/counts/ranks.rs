//! Ranks: cells counted for each 1,024 consecutive customer numbers, in the same transaction as the change, so that
//! any page of a list is found without reading what comes before it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use super::cells::CellDelta;
use crate::model::{CounterCell, CustomerNumber, Tenant};
use crate::store::Store;
use crate::store::items::key_item;
use crate::table::keys::{self, RankBlock, Slot};
use crate::{Error, Result};

/// The gain or loss of each block of numbers in a commit.
#[derive(Debug, Default)]
pub(in crate::store) struct RankDelta(BTreeMap<RankBlock, CellDelta>);

impl RankDelta {
    /// Records that a customer moves from one cell to another.
    pub(in crate::store) fn record_move(
        &mut self,
        number: CustomerNumber,
        from: Option<CounterCell>,
        to: Option<CounterCell>,
    ) {
        if from != to {
            self.0.entry(RankBlock::of(number)).or_default().record_move(from, to);
        }
    }

    /// How many rank items the commit updates.
    pub(in crate::store) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many rank items it would update with this number too.
    pub(in crate::store) fn len_with(&self, number: CustomerNumber) -> usize {
        self.0.len() + usize::from(!self.0.contains_key(&RankBlock::of(number)))
    }

    /// The cells of all blocks together.
    pub(in crate::store) fn blocks(&self) -> impl Iterator<Item = (&RankBlock, &CellDelta)> {
        self.0.iter()
    }
}

impl Store {
    /// The updates of the ranks. The slot is part of a rank's key, so that commits of different slots seldom meet.
    pub(in crate::store) fn rank_updates(
        &self,
        tenant: &Tenant,
        slot: Slot,
        delta: &RankDelta,
    ) -> Result<Vec<TransactWriteItem>> {
        let changed = delta.blocks().filter(|(_, cells)| !cells.is_empty());
        changed
            .map(|(block, cells)| {
                let key = key_item(&keys::rank(tenant, *block, slot));
                let (update, clause) =
                    cells.add_to(Update::builder().table_name(&*self.table).set_key(Some(key)));
                let update = update
                    .update_expression(clause)
                    .build()
                    .map_err(|e| Error::internal("building the update of a rank", e))?;
                Ok(TransactWriteItem::builder().update(update).build())
            })
            .collect()
    }
}
