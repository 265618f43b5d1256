//! Imports of prices: a tenant's price list, and customers' own prices.
//!
//! A price is identified by its owner, its product and its first day, so importing a row again writes the
//! same price again. A price that is already in the table unchanged is not written.

pub mod fields;
mod row;
mod write;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::path::Path;

use clientele_shared::Error as StoreError;
use clientele_shared::model::{Currency, PriceEntry, PriceOwner, Timestamp};
use csv::StringRecord;

use self::fields::PriceField;
use self::row::RowPrice;
use self::write::PriceWrite;
use super::cells::reason;
use super::customers_by_text::CustomersByText;
use super::import_kind::{Classified, Committed, ImportKind, ReadRow, ReadRules, Session, Target};
use super::mapping::Mapping;
use super::outcome::{ImportCounts, ImportError, ImportOptions, RowChange};
use super::reader::RejectedRow;
use super::seen::{Fingerprint, fingerprint};

/// Number of prices in a commit.
const COMMIT_ROWS: usize = 200;

/// The import of prices, with its options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prices {
    /// Source whose ids name the customers, next to `cust_…`, uuid and email.
    pub source: Option<String>,
    /// Currency of rows that do not specify one.
    pub currency: Option<Currency>,
}

impl ImportKind for Prices {
    type Field = PriceField;
    type Session = PriceSession;

    fn begin(
        &self,
        _: &Path,
        options: &ImportOptions<PriceField>,
        now: Timestamp,
    ) -> Result<PriceSession, ImportError> {
        Ok(PriceSession {
            source: self.source.clone(),
            currency: self.currency,
            rules: options.rules(now),
            seen: SeenPrices::default(),
        })
    }
}

/// The import of one file of prices.
#[derive(Debug)]
pub struct PriceSession {
    source: Option<String>,
    currency: Option<Currency>,
    rules: ReadRules,
    /// Prices read from the file so far.
    seen: SeenPrices,
}

/// A valid row, which can become a price if its customer exists.
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

impl ReadRow for PriceSession {
    type Field = PriceField;
    type Row = PriceRow;

    fn read(
        &mut self,
        mapping: &Mapping<PriceField>,
        record: &StringRecord,
        line: u64,
    ) -> Result<PriceRow, String> {
        let price = row::price(mapping, record, self.rules.unguard, self.currency, self.source.is_some());
        let price = price.map_err(|errors| reason(&errors))?;
        Ok(PriceRow { line, price, cells: record.clone() })
    }
}

impl Session for PriceSession {
    type New = PriceWrite;
    type Commit = Vec<PriceWrite>;

    async fn classify(
        &mut self,
        target: &Target,
        mapping: &Mapping<PriceField>,
        rows: Vec<PriceRow>,
    ) -> Result<Classified<PriceWrite>, StoreError> {
        let named = rows.iter().filter_map(|row| row.price.customer.as_deref());
        let customers = CustomersByText::find(target, self.source.as_deref(), named).await?;
        let mut classified = Classified { new: Vec::new(), present: 0, rejected: Vec::new() };
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            let number = row.price.customer.as_deref().map(|text| customers.get(text));
            let owner = match number.transpose() {
                Ok(None) => PriceOwner::List,
                Ok(Some(number)) => PriceOwner::Customer(target.tenant.customer_uuid(number)),
                Err(reason) => {
                    let column = mapping.name_of(PriceField::CustomerId);
                    classified.rejected.push(row.reject(format!("{column}: {reason}")));
                    continue;
                }
            };
            let RowPrice { product, price, .. } = row.price.clone();
            let entry = PriceEntry { owner, product, price };
            match self.seen.record(&entry, row.line) {
                Occurrence::First => entries.push(entry),
                Occurrence::Duplicate => classified.present += 1,
                Occurrence::Conflict(line) => classified.rejected.push(row.reject(conflict(mapping, line))),
            }
        }
        let get_stored = || target.store.prices_stored(&target.tenant, &entries);
        let stored = target.retry().run(target.store.ambient(), get_stored).await?;
        for (entry, old) in entries.into_iter().zip(stored) {
            match old {
                Some(old) if old == entry.price => classified.present += 1,
                old => classified.new.push(PriceWrite { entry, old }),
            }
        }
        Ok(classified)
    }

    async fn commits(
        &mut self,
        _: &Target,
        mut writes: Vec<PriceWrite>,
    ) -> Result<VecDeque<Vec<PriceWrite>>, StoreError> {
        let mut commits = VecDeque::new();
        while !writes.is_empty() {
            let rest = writes.split_off(writes.len().min(COMMIT_ROWS));
            commits.push_back(std::mem::replace(&mut writes, rest));
        }
        Ok(commits)
    }

    fn expected(new: &[PriceWrite]) -> ImportCounts {
        write::counts(new)
    }

    fn changes(new: &[PriceWrite]) -> Vec<RowChange> {
        new.iter().filter_map(PriceWrite::change).collect()
    }

    async fn commit(target: Target, writes: Vec<PriceWrite>) -> Result<Committed, StoreError> {
        let counts = write::counts(&writes);
        let entries: Vec<PriceEntry> = writes.into_iter().map(|write| write.entry).collect();
        let mut retry = target.retry();
        while let Err(error) = target.store.prices_put(&target.tenant, &entries).await {
            retry.back_off(error, target.store.ambient()).await?;
        }
        Ok(counts.into())
    }
}

/// Returns why a row is rejected whose price contradicts that of the `first` line.
fn conflict(mapping: &Mapping<PriceField>, first: u32) -> String {
    let column = |field| mapping.name_of(field);
    format!(
        "row: contradicts line {first}, which has the same {}, {} and {}; keep only one of the two",
        column(PriceField::CustomerId),
        column(PriceField::ProductId),
        column(PriceField::EffectiveFrom)
    )
}

/// The prices already seen in a file. The key is the fingerprint of a price's identity; the value is its line
/// and the fingerprint of its contents.
#[derive(Debug, Default)]
struct SeenPrices(HashMap<Fingerprint, (u32, Fingerprint)>);

/// Whether a file has already contained a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occurrence {
    /// The file has not contained this price before.
    First,
    /// An earlier row has the same price with the same contents.
    Duplicate,
    /// The row on this line has the same price with other contents.
    Conflict(u32),
}

impl SeenPrices {
    fn record(&mut self, entry: &PriceEntry, line: u64) -> Occurrence {
        let PriceEntry { owner, product, price } = entry;
        let owner = match owner {
            PriceOwner::List => String::new(),
            PriceOwner::Customer(uuid) => uuid.to_string(),
        };
        // No part contains a line break, so different entries have different texts.
        let from = price.effective_from.map(|day| day.to_string()).unwrap_or_default();
        let identity = format!("{owner}\n{product}\n{from}");
        let texts = [&price.service_type, &price.name].map(|text| text.as_deref().unwrap_or_default());
        let contents = format!("{identity}\n{}\n{}\n{}", price.amount, price.currency, texts.join("\n"));
        let contents = fingerprint(&contents);
        match self.0.entry(fingerprint(&identity)) {
            Entry::Vacant(vacant) => {
                vacant.insert((u32::try_from(line).unwrap_or(u32::MAX), contents));
                Occurrence::First
            }
            Entry::Occupied(first) if first.get().1 == contents => Occurrence::Duplicate,
            Entry::Occupied(first) => Occurrence::Conflict(first.get().0),
        }
    }
}
