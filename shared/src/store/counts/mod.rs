//! Counts: cells, the slots that hold the totals and number the commits, and the ranks that find a page.

pub(in crate::store) mod cells;
pub(in crate::store) mod ranks;
pub(in crate::store) mod slots;
