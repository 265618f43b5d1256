//! Imports of prices: a tenant's price list, and what single customers pay.
//!
//! A price is named by its owner, its product and its first day, so a row that comes in again writes the same
//! again. What is in the table as it is, is not written.

pub mod fields;
mod owners;
mod row;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::path::Path;

use clientele_shared::Error as StoreError;
use clientele_shared::model::{Currency, PriceEntry, PriceOwner};
use csv::StringRecord;

use self::fields::PriceField;
use self::owners::Owners;
use self::row::RowPrice;
use super::cells::reason;
use super::import_kind::{Classified, Committed, ImportKind, ReadRules, Session, Target};
use super::mapping::Mapping;
use super::reader::RejectedRow;
use super::seen::{Fingerprint, fingerprint};
use crate::retry::Retry;

/// How many prices are written at once.
const COMMIT_ROWS: usize = 200;

/// An import of prices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prices {
    /// The currency of rows that name none.
    pub currency: Option<Currency>,
}

impl ImportKind for Prices {
    type Field = PriceField;
    type Session = PriceSession;

    fn begin(&self, _: &Path, rules: ReadRules) -> PriceSession {
        PriceSession { currency: self.currency, rules, seen: SeenPrices::default() }
    }
}

/// One file of prices while it is imported.
#[derive(Debug)]
pub struct PriceSession {
    currency: Option<Currency>,
    rules: ReadRules,
    /// The prices that rows gave so far.
    seen: SeenPrices,
}

/// A row that can become a price, if there is its customer.
#[derive(Debug)]
pub struct PriceRow {
    line: u64,
    price: RowPrice,
    cells: StringRecord,
}

impl PriceRow {
    fn reject(self, reason: String) -> RejectedRow {
        RejectedRow { line: self.line, reason, cells: self.cells.into_byte_record() }
    }
}

impl Session for PriceSession {
    type Field = PriceField;
    type Row = PriceRow;
    type New = PriceEntry;
    type Commit = Vec<PriceEntry>;

    fn read(
        &mut self,
        mapping: &Mapping<PriceField>,
        record: &StringRecord,
        line: u64,
    ) -> Result<PriceRow, String> {
        let price = row::price(mapping, record, self.rules.unguard, self.currency);
        let price = price.map_err(|wrong| reason(&wrong))?;
        Ok(PriceRow { line, price, cells: record.clone() })
    }

    async fn classify(
        &mut self,
        target: &Target,
        mapping: &Mapping<PriceField>,
        rows: Vec<PriceRow>,
    ) -> Result<Classified<PriceEntry>, StoreError> {
        let named = rows.iter().filter_map(|row| row.price.customer.as_ref());
        let owners = Owners::find(target, named).await?;
        let mut classified = Classified { new: Vec::new(), present: 0, rejected: Vec::new() };
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            let owner = match owners.owner(target, row.price.customer.as_ref()) {
                Ok(owner) => owner,
                Err(reason) => {
                    let column = mapping.name_of(PriceField::CustomerId);
                    classified.rejected.push(row.reject(format!("{column}: {reason}")));
                    continue;
                }
            };
            let RowPrice { product, price, .. } = row.price.clone();
            let entry = PriceEntry { owner, product, price };
            match self.seen.note(&entry, row.line) {
                Occurrence::First => entries.push(entry),
                Occurrence::Duplicate => classified.present += 1,
                Occurrence::Conflict(line) => classified.rejected.push(row.reject(twice(mapping, line))),
            }
        }
        let read = entries.len();
        let not_stored = || target.store.prices_changed(&target.tenant, entries.clone());
        classified.new = Retry::default().run(target.store.ambient(), not_stored).await?;
        classified.present += (read - classified.new.len()) as u64;
        Ok(classified)
    }

    async fn commits(
        &mut self,
        _: &Target,
        new: Vec<PriceEntry>,
    ) -> Result<VecDeque<Vec<PriceEntry>>, StoreError> {
        Ok(new.chunks(COMMIT_ROWS).map(<[PriceEntry]>::to_vec).collect())
    }

    async fn commit(target: Target, entries: Vec<PriceEntry>) -> Result<Committed, StoreError> {
        let mut retry = Retry::default();
        while let Err(error) = target.store.prices_put(&target.tenant, &entries).await {
            retry.back_off(error, target.store.ambient()).await?;
        }
        Ok(Committed { written: entries.len() as u64, present: 0 })
    }
}

/// Why the second of two rows is rejected that name one price.
fn twice(mapping: &Mapping<PriceField>, first: u32) -> String {
    let column = |field| mapping.name_of(field);
    format!(
        "row: is about the same price as line {first} (by {}, {} and {}) and says something else: keep one of them",
        column(PriceField::CustomerId),
        column(PriceField::ProductId),
        column(PriceField::EffectiveFrom)
    )
}

/// Which prices a file gave so far: on which line, and what it said of them, by what names a price.
#[derive(Debug, Default)]
struct SeenPrices(HashMap<Fingerprint, (u32, Fingerprint)>);

/// Whether a file named a price before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occurrence {
    First,
    /// And it said the same.
    Duplicate,
    /// On this line, and it said something else.
    Conflict(u32),
}

impl SeenPrices {
    fn note(&mut self, entry: &PriceEntry, line: u64) -> Occurrence {
        let PriceEntry { owner, product, price } = entry;
        let owner = match owner {
            PriceOwner::List => String::new(),
            PriceOwner::Customer(uuid) => uuid.to_string(),
        };
        // No part has a line end in it, so no two entries are the same text.
        let from = price.effective_from.map(|day| day.to_string()).unwrap_or_default();
        let name = format!("{owner}\n{product}\n{from}");
        let texts = [&price.service_type, &price.name].map(|text| text.as_deref().unwrap_or_default());
        let all = format!("{name}\n{}\n{}\n{}", price.amount, price.currency, texts.join("\n"));
        let said = fingerprint(&all);
        match self.0.entry(fingerprint(&name)) {
            Entry::Vacant(free) => {
                free.insert((u32::try_from(line).unwrap_or(u32::MAX), said));
                Occurrence::First
            }
            Entry::Occupied(before) if before.get().1 == said => Occurrence::Duplicate,
            Entry::Occupied(before) => Occurrence::Conflict(before.get().0),
        }
    }
}
