//! Orders about which the rows of a file contradict each other, found in a pass over the file before it is imported: no row
//! of such an order is imported.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::path::Path;

use csv::StringRecord;

use super::fields::OrderField;
use super::row;
use crate::import::import_kind::ReadRow;
use crate::import::mapping::{HeaderRules, Mapping};
use crate::import::reader::{Row, Rows};
use crate::import::seen::{Fingerprint, fingerprint};
use crate::import::{ImportError, ImportOptions};

/// The lines of the first row of each such order and of the first one that contradicts it.
#[derive(Debug, Default)]
pub(super) struct Contradictions(HashMap<Fingerprint, (u64, u64)>);

impl Contradictions {
    /// Reads the rows of a file of orders.
    pub(super) fn find(path: &Path, options: &ImportOptions<OrderField>) -> Result<Self, ImportError> {
        let file =
            File::open(path).map_err(|source| ImportError::Unopened { path: path.to_owned(), source })?;
        let unreadable = |source| ImportError::Unreadable { path: path.to_owned(), source };
        let reader = OrderReader { unguard: options.unguard };
        let mut rows = Rows::open(file, options, &HeaderRules::COMMON, reader).map_err(unreadable)?;
        let (mut first, mut contradictions) = (HashMap::new(), Self::default());
        while let Some(row) = rows.next().map_err(unreadable)? {
            let Row::Good(OrderRow { order, content, line }) = row else { continue };
            match first.entry(order) {
                Entry::Vacant(entry) => drop(entry.insert((line, content))),
                Entry::Occupied(entry) if entry.get().1 != content => {
                    contradictions.0.entry(order).or_insert((entry.get().0, line));
                }
                Entry::Occupied(_) => {}
            }
        }
        Ok(contradictions)
    }

    /// Returns why the row in this line is rejected, if rows contradict each other about its order.
    pub(super) fn reason(&self, order: Fingerprint, line: u64) -> Option<String> {
        let (first, other) = self.0.get(&order)?;
        let other = if line == *first { other } else { first };
        Some(format!("row: contradicts line {other} about the same order; make the two equal"))
    }
}

/// Reads which order a row is about.
struct OrderReader {
    unguard: bool,
}

struct OrderRow {
    order: Fingerprint,
    /// Everything that the row says about the order.
    content: Fingerprint,
    line: u64,
}

impl ReadRow for OrderReader {
    type Field = OrderField;
    type Row = OrderRow;

    fn read(
        &mut self,
        mapping: &Mapping<OrderField>,
        record: &StringRecord,
        line: u64,
    ) -> Result<OrderRow, String> {
        // The import rejects rows without an id.
        let id = row::order_id(mapping, record, self.unguard).ok_or("no order")?;
        Ok(OrderRow { order: fingerprint(&id), content: row::order_fingerprint(mapping, record), line })
    }
}
