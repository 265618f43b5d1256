//! Reading the ranks: where page N starts, and which blocks of numbers hold no customer of a filter.

use std::collections::BTreeMap;

use super::CustomerFilter;
use super::query::Direction;
use crate::model::{CustomerNumber, Tenant};
use crate::store::Store;
use crate::store::counts::cells::CellCounts;
use crate::store::items::record::{CELL_ATTRIBUTES, to_number_and_cell};
use crate::store::items::text_in;
use crate::table::keys::{self, Key, RankBlock, attribute};
use crate::{Error, Result};

/// How many customers of a filter each block of numbers holds; blocks without one are absent.
#[derive(Debug, Clone, Default)]
pub(super) struct Ranks(BTreeMap<RankBlock, u64>);

impl Ranks {
    /// The next number, in this direction and from this one on, whose block holds a customer of the filter.
    pub(super) fn next_occupied(&self, number: u32, direction: Direction) -> Option<u32> {
        let block = RankBlock::of(CustomerNumber::new(number.max(1).into())?);
        match direction {
            Direction::Descending => {
                let (occupied, _) = self.0.range(..=block).next_back()?;
                Some(number.min(occupied.last_number()))
            }
            Direction::Ascending => {
                let (occupied, _) = self.0.range(block..).next()?;
                Some(number.max(occupied.first_number()))
            }
        }
    }
}

impl Store {
    /// Reads how many customers of a filter's cells each block of numbers holds, strongly consistent.
    pub(super) async fn ranks_read(&self, tenant: &Tenant, filter: &CustomerFilter) -> Result<Ranks> {
        let mut blocks: BTreeMap<RankBlock, CellCounts> = BTreeMap::new();
        for item in self.partition_items(&keys::ranks_partition(tenant), "reading the ranks").await? {
            let block = keys::rank_block(text_in(&item, attribute::SK)?)
                .ok_or_else(|| Error::broken("the key of a rank has no block"))?;
            blocks.entry(block).or_default().add_item(&item)?;
        }
        let totals = blocks.into_iter().map(|(block, counts)| (block, counts.total(filter)));
        Ok(Ranks(totals.filter(|(_, total)| *total > 0).collect()))
    }

    /// Finds the customer after `offset` others in the cells of a filter, the highest number first: the last one that
    /// comes before the page. `None` if there are fewer.
    pub(super) async fn number_at(
        &self,
        tenant: &Tenant,
        filter: &CustomerFilter,
        ranks: &Ranks,
        offset: u64,
    ) -> Result<Option<CustomerNumber>> {
        let mut before = 0;
        for (block, total) in ranks.0.iter().rev() {
            if before + total >= offset {
                return self.number_in_block(tenant, filter, *block, offset - before).await.map(Some);
            }
            before += total;
        }
        Ok(None)
    }

    /// The customer of a block that is number `rank` of it, the highest number first; the lowest number of the block if it
    /// has become empty since its rank was read.
    async fn number_in_block(
        &self,
        tenant: &Tenant,
        filter: &CustomerFilter,
        block: RankBlock,
        rank: u64,
    ) -> Result<CustomerNumber> {
        let all = (block.first_number()..=block.last_number())
            .filter_map(|number| CustomerNumber::new(number.into()));
        let lowest = all.clone().next().ok_or_else(|| Error::broken("a block has no numbers"))?;
        let keys: Vec<Key> = all.map(|number| keys::customer(tenant, tenant.customer_uuid(number))).collect();
        let mut numbers: Vec<CustomerNumber> = Vec::new();
        for item in self.attributes_get(&keys, Some(&CELL_ATTRIBUTES)).await? {
            let (number, cell) = to_number_and_cell(&item)?;
            numbers.extend(filter.selects_cell(cell).then_some(number));
        }
        numbers.sort_unstable_by_key(|number| std::cmp::Reverse(*number));
        let at = usize::try_from(rank).unwrap_or(usize::MAX).saturating_sub(1);
        // Customers can have left the block since its rank was read: the last one is then the nearest.
        Ok(numbers.get(at).or(numbers.last()).copied().unwrap_or(lowest))
    }
}
