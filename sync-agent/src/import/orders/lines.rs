//! The lines of all orders of a file, read before the orders: from a file of their own, or from the orders' file if that
//! has a row for each line.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use clientele_shared::model::OrderLine;
use csv::StringRecord;

use super::fields::LineField;
use super::row;
use crate::import::cells::{reason, shown};
use crate::import::field::ImportField as _;
use crate::import::import_kind::ReadRow;
use crate::import::mapping::{HeaderRules, Mapping};
use crate::import::reader::{Row, Rows};
use crate::import::seen::{Fingerprint, fingerprint};
use crate::import::text::Text;
use crate::import::{ImportError, ImportOptions};

/// Maximum number of lines of an order.
const MAX_LINES: usize = 500;

/// Maximum number of orders that a warning names.
const MAX_SHOWN: usize = 5;

/// The lines of the orders of one source.
#[derive(Debug, Default)]
pub(super) struct Lines {
    by_order: HashMap<Fingerprint, OrderLines>,
    /// Names of the columns of the orders' file that hold lines.
    columns: Vec<String>,
}

/// The lines of one order.
#[derive(Debug, Default)]
struct OrderLines {
    order_id: String,
    lines: Vec<OrderLine>,
    /// The reason why the first line that cannot be imported is rejected.
    problem: Option<String>,
    is_taken: bool,
}

/// Names of products by product id, for lines without a name.
pub(super) type ProductNames = HashMap<String, String>;

impl Lines {
    /// Reads the lines in a file, which can be the orders' file (`is_orders_file`): there, a row can be without a line.
    pub(super) fn read(
        path: &Path,
        options: &ImportOptions<LineField>,
        names: ProductNames,
        is_orders_file: bool,
    ) -> Result<Self, ImportError> {
        let unopened = |source| ImportError::Unopened { path: path.to_owned(), source };
        let file = File::open(path).map_err(unopened)?;
        let unreadable = |source| ImportError::Unreadable { path: path.to_owned(), source };
        let reader = LineReader { names, unguard: options.unguard, is_orders_file };
        let mut rows = Rows::open(file, options, &HeaderRules::COMMON, reader).map_err(unreadable)?;
        let (mapping, _) = rows.parts();
        let id_column = mapping.column(LineField::OrderId);
        let mut lines = Self::default();
        if is_orders_file {
            let columns = LineField::all().filter_map(|field| mapping.column(field));
            lines.columns = columns.map(|column| mapping.column_name(column)).collect();
        }
        while let Some(row) = rows.next().map_err(unreadable)? {
            match row {
                Row::Good(row) => {
                    lines.add(&row.order_id, &file_name(path), row.number, row.line);
                }
                Row::Rejected(rejected) => {
                    let cell = id_column.and_then(|column| rejected.cells.get(column));
                    let id = cell.and_then(|cell| std::str::from_utf8(cell).ok()).map(str::trim);
                    let Some(id) = id.filter(|id| !id.is_empty()) else {
                        let (path, line) = (path.to_owned(), rejected.line);
                        return Err(ImportError::BadLine { path, line, reason: rejected.reason });
                    };
                    lines.add(id, &file_name(path), rejected.line, Err(rejected.reason));
                }
            }
        }
        Ok(lines)
    }

    fn add(&mut self, order_id: &str, file: &str, number: u64, read: Result<Option<OrderLine>, String>) {
        let of_order = self.by_order.entry(fingerprint(order_id)).or_default();
        if of_order.order_id.is_empty() {
            order_id.clone_into(&mut of_order.order_id);
        }
        let problem = match read {
            Ok(None) => return,
            Ok(Some(_)) if of_order.lines.len() >= MAX_LINES => {
                format!("the order has more than {MAX_LINES} lines")
            }
            Ok(Some(line)) => {
                of_order.lines.push(line);
                return;
            }
            Err(reason) => reason,
        };
        of_order.problem.get_or_insert_with(|| format!("{file} line {number}: {problem}"));
    }

    /// Leaves the lines of an order out.
    pub(super) fn leave(&mut self, order_id: &str) {
        if let Some(lines) = self.by_order.get_mut(&fingerprint(order_id)) {
            lines.is_taken = true;
        }
    }

    /// Returns the lines of an order.
    ///
    /// # Errors
    /// Returns what is wrong with the first of them that cannot be imported.
    pub(super) fn take(&mut self, order_id: &str) -> Result<Vec<OrderLine>, String> {
        let Some(lines) = self.by_order.get_mut(&fingerprint(order_id)) else { return Ok(Vec::new()) };
        lines.is_taken = true;
        match &lines.problem {
            Some(problem) => Err(problem.clone()),
            None => Ok(std::mem::take(&mut lines.lines)),
        }
    }

    /// Returns whether a column of the orders' file holds lines.
    pub(super) fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column == name)
    }

    /// Returns a warning about lines whose orders the file of orders lacks, if there are any.
    pub(super) fn warning(&self) -> Option<String> {
        let mut ids: Vec<String> = self
            .by_order
            .values()
            .filter(|lines| !lines.is_taken)
            .map(|lines| shown(&lines.order_id))
            .collect();
        ids.sort_unstable();
        let count = ids.len();
        if count > MAX_SHOWN {
            ids.truncate(MAX_SHOWN);
            ids.push("…".into());
        }
        (count > 0).then(|| {
            format!("the lines of {count} orders that the file lacks were ignored: {}", ids.join(", "))
        })
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads lines.
#[derive(Debug)]
struct LineReader {
    names: ProductNames,
    unguard: bool,
    is_orders_file: bool,
}

/// A row with a line.
struct LineRow {
    order_id: String,
    /// The row's number in the file.
    number: u64,
    /// The line; `None` if a row about an order has none.
    line: Result<Option<OrderLine>, String>,
}

impl ReadRow for LineReader {
    type Field = LineField;
    type Row = LineRow;

    fn read(
        &mut self,
        mapping: &Mapping<LineField>,
        record: &StringRecord,
        line: u64,
    ) -> Result<Self::Row, String> {
        let number = line;
        let Some(order_id) = row::line_order_id(mapping, record, self.unguard) else {
            return Err(format!("{}: must not be empty", mapping.name_of(LineField::OrderId)));
        };
        if self.is_orders_file && row::has_no_line(mapping, record, self.unguard) {
            return Ok(LineRow { order_id, number, line: Ok(None) });
        }
        let name_of = |product: &str| self.names.get(product).cloned();
        let line = row::line(mapping, record, self.unguard, name_of).map_err(|errors| reason(&errors));
        Ok(LineRow { order_id, number, line: line.map(Some) })
    }
}

/// Names of products in a further file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductNamesFile {
    /// The file.
    pub path: PathBuf,
    /// Its column with product ids.
    pub key: String,
    /// Its column with names.
    pub value: String,
}

impl ProductNamesFile {
    /// Reads the names.
    pub(super) fn read<F>(&self, options: &ImportOptions<F>) -> Result<ProductNames, ImportError> {
        let bad = |line: u64, reason: String| ImportError::BadLine { path: self.path.clone(), line, reason };
        let file = File::open(&self.path)
            .map_err(|source| ImportError::Unopened { path: self.path.clone(), source })?;
        let unreadable = |source| ImportError::Unreadable { path: self.path.clone(), source };
        let (text, first) = Text::open(file, options.encoding).map_err(unreadable)?;
        let delimiter = first.delimiter.unwrap_or(options.delimiter);
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text);
        let header = reader.headers().map_err(|error| bad(1, error.to_string()))?.clone();
        let column = |name: &str| {
            let position = header.iter().position(|column| column.trim() == name);
            position.ok_or_else(|| bad(1, format!("the file has no column `{}`", shown(name))))
        };
        let (key, value) = (column(&self.key)?, column(&self.value)?);
        let mut names = ProductNames::new();
        for record in reader.records() {
            let record = record
                .map_err(|error| bad(error.position().map_or(0, csv::Position::line), error.to_string()))?;
            let [key, value] = [key, value].map(|column| record.get(column).unwrap_or_default().trim());
            if !value.is_empty() {
                names.insert(key.to_owned(), value.to_owned());
            }
        }
        Ok(names)
    }
}
