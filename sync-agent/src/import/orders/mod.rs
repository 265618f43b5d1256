//! Imports of orders: each order of a source is as the file says, once, and counted in its customer's figures.
//!
//! Lines are read first, from a file of their own or from the orders' file, which then has a row for each line. An order
//! is identified by its source and its id there; one that is stored like this already is not written.

mod contradictions;
mod customers;
pub mod fields;
mod lines;
mod own;
mod row;
mod write;

pub use lines::ProductNamesFile;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fs::File;
use std::path::{Path, PathBuf};

use clientele_shared::Error as StoreError;
use clientele_shared::model::{CustomerNumber, Timestamp};
use clientele_shared::store::{KnownOrder, OrderChange, OrdersWritten, RowKey, VersionedOrder};
use csv::StringRecord;

use self::contradictions::Contradictions;
use self::customers::customer_of;
use self::fields::{LineField, OrderField};
use self::lines::{Lines, ProductNames};
use self::own::OwnOrders;
use self::row::RowOrder;
use self::write::{OrderWrite, chunks};
use super::cells::reason;
use super::customers_by_text::CustomersByText;
use super::field::ImportField as _;
use super::import_kind::{Classified, Committed, ImportKind, ReadRow, Session, Target};
use super::mapping::{ColumnChoice, HeaderRules, Mapping};
use super::outcome::{ImportCounts, ImportError, ImportOptions, RowChange};
use super::reader::{RejectedRow, Rows, Skim};
use super::seen::{Fingerprint, fingerprint};

/// The import of orders, with its options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Orders {
    /// Name of the source; by default the file's name. Customers are found by their ids in the same source.
    pub source: Option<String>,
    /// File with the orders' lines; by default the orders' file has a row for each line, or the orders have no lines.
    pub lines: Option<PathBuf>,
    /// Fields of the columns with lines whose names are not recognised.
    pub line_columns: Vec<ColumnChoice<LineField>>,
    /// Values of fields of lines that no column holds.
    pub line_constants: Vec<(LineField, String)>,
    /// Names of products whose lines have none.
    pub product_names: Option<ProductNamesFile>,
}

impl Orders {
    /// Returns the name of the source of a file's orders.
    #[must_use]
    pub fn source_of(&self, file: &Path) -> String {
        let name = || file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.source.clone().unwrap_or_else(name)
    }

    /// Reads the lines of all orders.
    fn lines(&self, file: &Path, options: &ImportOptions<OrderField>) -> Result<Lines, ImportError> {
        let names = match &self.product_names {
            Some(file) => file.read(options)?,
            None => ProductNames::new(),
        };
        let line_options = ImportOptions {
            columns: self.line_columns.clone(),
            constants: self.line_constants.clone(),
            delimiter: options.delimiter,
            encoding: options.encoding,
            unguard: options.unguard,
            ..ImportOptions::default()
        };
        match &self.lines {
            Some(lines) => Lines::read(lines, &line_options, names, false),
            None => self.lines_within(file, options, line_options, names),
        }
    }

    /// Reads the lines in the orders' file, if it has a column with products.
    fn lines_within(
        &self,
        file: &Path,
        options: &ImportOptions<OrderField>,
        mut line_options: ImportOptions<LineField>,
        names: ProductNames,
    ) -> Result<Lines, ImportError> {
        let opened =
            File::open(file).map_err(|source| ImportError::Unopened { path: file.to_owned(), source })?;
        let rows = Rows::open(opened, options, &HeaderRules::COMMON, Skim::new())
            .map_err(|source| ImportError::Unreadable { path: file.to_owned(), source })?;
        let (header, mapping) = (rows.header().clone(), rows.into_mapping());
        let is_product = |name: &str| match self.line_columns.iter().find(|choice| choice.column == name) {
            Some(choice) => choice.field == Some(LineField::ProductId),
            None => LineField::of_header(name) == Some(LineField::ProductId),
        };
        if !header.iter().any(is_product) {
            return Ok(Lines::default());
        }
        if let Some(column) = mapping.column(OrderField::OrderId) {
            line_options.columns.retain(|choice| choice.field != Some(LineField::OrderId));
            let column = header.get(column).unwrap_or_default().to_owned();
            line_options.columns.push(ColumnChoice { column, field: Some(LineField::OrderId) });
        }
        Lines::read(file, &line_options, names, true)
    }
}

impl ImportKind for Orders {
    type Field = OrderField;
    type Session = OrderSession;

    fn begin(
        &self,
        file: &Path,
        options: &ImportOptions<OrderField>,
        _: Timestamp,
    ) -> Result<OrderSession, ImportError> {
        Ok(OrderSession {
            source: self.source_of(file),
            unguard: options.unguard,
            is_dry_run: options.dry_run,
            lines: self.lines(file, options)?,
            contradictions: Contradictions::find(file, options)?,
            seen: HashSet::new(),
            rejected: HashMap::new(),
        })
    }
}

/// The import of one file of orders.
#[derive(Debug)]
pub struct OrderSession {
    source: String,
    unguard: bool,
    /// Whether the orders that would be changed are shown.
    is_dry_run: bool,
    lines: Lines,
    contradictions: Contradictions,
    /// The orders read so far.
    seen: HashSet<Fingerprint>,
    /// The orders that were rejected although they can be read, and why.
    rejected: HashMap<Fingerprint, String>,
}

/// A row that can be read.
#[derive(Debug)]
pub struct OrderRow {
    line: u64,
    id: String,
    /// The order; `None` if an earlier row says the same about it.
    order: Option<RowOrder>,
    cells: StringRecord,
}

impl OrderRow {
    fn reject(self, reason: String) -> RejectedRow {
        RejectedRow { line: self.line, reason, cells: self.cells.into_byte_record() }
    }
}

impl ReadRow for OrderSession {
    type Field = OrderField;
    type Row = OrderRow;

    fn read(
        &mut self,
        mapping: &Mapping<OrderField>,
        record: &StringRecord,
        line: u64,
    ) -> Result<OrderRow, String> {
        let id = row::order_id(mapping, record, self.unguard).unwrap_or_default().into_owned();
        let key = fingerprint(&id);
        if let Some(reason) = self.contradictions.reason(key, line) {
            self.lines.leave(&id);
            return Err(reason);
        }
        let cells = record.clone();
        // Rows without an id are rejected for that.
        if !id.is_empty() && !self.seen.insert(key) {
            return match self.rejected.get(&key) {
                Some(reason) => Err(reason.clone()),
                None => Ok(OrderRow { line, id, order: None, cells }),
            };
        }
        let lines = if row::is_removed(mapping, record, self.unguard) {
            self.lines.leave(&id);
            Ok(Vec::new())
        } else {
            self.lines.take(&id)
        };
        let order = lines.and_then(|lines| {
            let order = row::order(mapping, record, self.unguard, &self.source, lines);
            order.map_err(|errors| reason(&errors))
        });
        match order {
            Ok(order) => Ok(OrderRow { line, id, order: Some(order), cells }),
            Err(reason) => {
                self.rejected.insert(key, reason.clone());
                Err(reason)
            }
        }
    }
}

/// The orders of a batch that are stored.
struct Stored {
    known: BTreeMap<RowKey, KnownOrder>,
    /// The orders themselves, in a dry run.
    orders: BTreeMap<RowKey, VersionedOrder>,
}

impl OrderSession {
    async fn stored(&self, target: &Target, keys: &BTreeSet<RowKey>) -> Result<Stored, StoreError> {
        let ambient = target.store.ambient();
        let get_known = || target.store.orders_known(&target.tenant, keys);
        let known = target.retry().run(ambient, get_known).await?;
        let orders = if self.is_dry_run {
            target.retry().run(ambient, || target.store.orders_stored(&target.tenant, keys)).await?
        } else {
            BTreeMap::new()
        };
        Ok(Stored { known, orders })
    }
}

impl Session for OrderSession {
    type New = OrderWrite;
    type Commit = (CustomerNumber, Vec<OrderWrite>);

    async fn classify(
        &mut self,
        target: &Target,
        mapping: &Mapping<OrderField>,
        rows: Vec<OrderRow>,
    ) -> Result<Classified<OrderWrite>, StoreError> {
        let keys: Vec<RowKey> = rows.iter().map(|row| RowKey::order(&self.source, &row.id)).collect();
        let distinct: BTreeSet<RowKey> = keys.iter().cloned().collect();
        let Stored { known, mut orders } = self.stored(target, &distinct).await?;
        let named = rows.iter().filter_map(|row| row.order.as_ref()?.customer.as_deref());
        let customers = CustomersByText::find(target, Some(&self.source), named).await?;
        let own = OwnOrders::find(target, &rows, &customers).await?;
        let mut classified = Classified { new: Vec::<OrderWrite>::new(), present: 0, rejected: Vec::new() };
        let mut writes: HashMap<RowKey, usize> = HashMap::new();
        for (key, mut row) in keys.into_iter().zip(rows) {
            let Some(order) = row.order.take() else {
                if let Some(reason) = self.rejected.get(&fingerprint(&row.id)) {
                    classified.rejected.push(row.reject(reason.clone()));
                } else if let Some(at) = writes.get(&key) {
                    classified.new[*at].rows.push((row.line, row.cells));
                }
                continue;
            };
            let known = known.get(&key);
            let stored = order.order.as_ref().filter(|_| known.is_none());
            let customer = match stored.and_then(|(order, lines)| own.is_same(&row.id, order, lines)) {
                Some(true) => Ok(None),
                Some(false) => Err(own::DIFFERS.to_owned()),
                None if known.is_none() && own::is_removal(&row.id, &order) => Err(own::DIFFERS.to_owned()),
                None => customer_of(&customers, &order, known)
                    .map_err(|reason| format!("{}: {reason}", mapping.name_of(OrderField::CustomerId))),
            };
            match customer {
                Ok(customer) => {
                    let change = OrderChange { key: key.clone(), order: order.order };
                    match customer {
                        Some(customer) if !change.is_unchanged(customer, known)? => {
                            let is_new = known.is_none();
                            writes.insert(key, classified.new.len());
                            let rows = vec![(row.line, row.cells)];
                            let old = orders.remove(&change.key);
                            classified.new.push(OrderWrite { customer, change, is_new, old, rows });
                        }
                        _ => classified.present += 1,
                    }
                }
                Err(reason) => {
                    self.rejected.insert(fingerprint(&row.id), reason.clone());
                    classified.rejected.push(row.reject(reason));
                }
            }
        }
        Ok(classified)
    }

    fn changes(new: &[OrderWrite]) -> Vec<RowChange> {
        new.iter().filter_map(OrderWrite::changes).collect()
    }

    /// Puts the orders of each customer in commits of their own. The same customer's commits of different batches wait for
    /// each other in the store.
    async fn commits(
        &mut self,
        _: &Target,
        new: Vec<OrderWrite>,
    ) -> Result<VecDeque<(CustomerNumber, Vec<OrderWrite>)>, StoreError> {
        let mut by_customer: BTreeMap<CustomerNumber, Vec<OrderWrite>> = BTreeMap::new();
        for write in new {
            by_customer.entry(write.customer).or_default().push(write);
        }
        Ok(by_customer.into_iter().collect())
    }

    fn expected(new: &[OrderWrite]) -> ImportCounts {
        let count =
            |is_counted: fn(&OrderWrite) -> bool| new.iter().filter(|one| is_counted(one)).count() as u64;
        ImportCounts {
            written: count(|one| one.is_new),
            updated: count(|one| !one.is_new && one.change.order.is_some()),
            removed: count(|one| one.change.order.is_none()),
            ..ImportCounts::default()
        }
    }

    /// Orders that the store rejects together are written in halves, so that only those are rejected that cannot be stored.
    async fn commit(
        target: Target,
        (customer, writes): (CustomerNumber, Vec<OrderWrite>),
    ) -> Result<Committed, StoreError> {
        let mut committed = Committed::default();
        let mut pending = chunks(writes);
        while let Some(mut writes) = pending.pop_front() {
            let changes: Vec<OrderChange> = writes.iter().map(|write| write.change.clone()).collect();
            let write = || target.store.orders_write(&target.tenant, customer, &changes);
            match target.retry().run(target.store.ambient(), write).await {
                Ok(OrdersWritten { created, updated, removed, unchanged }) => {
                    let counts =
                        ImportCounts { written: created, updated, removed, present: unchanged, rejected: 0 };
                    committed.counts += counts;
                }
                Err(error @ (StoreError::Invalid(_) | StoreError::NotFound(_))) => {
                    let rest = writes.split_off(writes.len() / 2);
                    if writes.is_empty() {
                        let reason = error.to_string();
                        committed.rejected.extend(rest.into_iter().flat_map(|one| one.reject(&reason)));
                    } else {
                        pending.push_front(rest);
                        pending.push_front(writes);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(committed)
    }

    fn columns_left_out(&self, mapping: &Mapping<OrderField>) -> Vec<usize> {
        let is_line = |column: &usize| self.lines.has_column(&mapping.column_name(*column));
        mapping.columns_left_out().into_iter().filter(|column| !is_line(column)).collect()
    }

    fn warnings(&self) -> Vec<String> {
        self.lines.warning().into_iter().collect()
    }
}
