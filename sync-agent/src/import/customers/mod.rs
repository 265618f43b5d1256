//! Imports of customers: each row of a source once.
//!
//! The store returns which rows are already imported. The others are written in commits of up to
//! [`Store::IMPORT_ROWS`] rows. A row's key is written in the same commit as its customer, so even after a
//! failure each row has become exactly one customer or none.

mod commit;
mod contacts;
pub mod fields;
mod row;
mod tag_cell;
mod tags;

use std::collections::VecDeque;
use std::path::Path;

use base16ct::lower;
use clientele_shared::Error as StoreError;
use clientele_shared::model::{CustomerNumber, Timestamp};
use clientele_shared::store::{AllocatedNumbers, ImportedRow, RowKey, Store};
use csv::StringRecord;
use sha2::{Digest, Sha256};

use self::commit::commit;
use self::fields::Field;
use self::row::RowCustomer;
use self::tags::Tags;
use super::cells::reason;
use super::import_kind::{Classified, Committed, ImportKind, ReadRow, ReadRules, Session, Target};
use super::mapping::Mapping;
use super::outcome::{ImportError, ImportOptions};
use super::seen::Seen;

/// Maximum size of a commit's rows in the CSV file, in bytes. A DynamoDB transaction holds at most 4 MB.
const MAX_COMMIT_BYTES: usize = 2 * 1024 * 1024;

/// The import of customers, with its options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Customers {
    /// Name of the rows' source; by default the file's name. Each row of a source is imported once.
    pub source: Option<String>,
    /// Column with the id of each row in its source.
    pub id_column: Option<String>,
}

impl Customers {
    /// Returns the name of the source of a file's rows.
    #[must_use]
    pub fn source_of(&self, file: &Path) -> String {
        let name = || file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.source.clone().unwrap_or_else(name)
    }
}

impl ImportKind for Customers {
    type Field = Field;
    type Session = CustomerSession;

    fn extra_column(&self) -> Option<(Field, &str)> {
        self.id_column.as_deref().map(|column| (Field::Id, column))
    }

    fn begin(
        &self,
        file: &Path,
        options: &ImportOptions<Field>,
        now: Timestamp,
    ) -> Result<CustomerSession, ImportError> {
        let (source, rules) = (self.source_of(file), options.rules(now));
        Ok(CustomerSession { source, rules, seen: Seen::default(), tags: Tags::default() })
    }
}

/// The import of one file of customers.
#[derive(Debug)]
pub struct CustomerSession {
    source: String,
    rules: ReadRules,
    /// Ids of the rows read so far.
    seen: Seen,
    tags: Tags,
}

/// A valid row, ready to become a customer.
#[derive(Debug)]
pub struct GoodRow {
    /// Id of the row in its source.
    id: String,
    customer: RowCustomer,
    /// Size of the row in the file, in bytes.
    size: usize,
}

impl ReadRow for CustomerSession {
    type Field = Field;
    type Row = GoodRow;

    fn read(
        &mut self,
        mapping: &Mapping<Field>,
        record: &StringRecord,
        line: u64,
    ) -> Result<GoodRow, String> {
        let customer = row::customer(mapping, record, self.rules).map_err(|errors| reason(&errors))?;
        let (id, duplicate) = match row::id(mapping, record) {
            Some(id) => (id.to_owned(), format!("{}: has the same id `{id}` as", mapping.name_of(Field::Id))),
            None => (digest(record), "row: is identical to".to_owned()),
        };
        match self.seen.record(&id, line) {
            None => Ok(GoodRow { id, customer, size: record.as_slice().len() }),
            Some(first) => Err(format!("{duplicate} line {first}")),
        }
    }
}

impl Session for CustomerSession {
    type New = (RowKey, GoodRow);
    type Commit = Vec<ImportedRow>;

    async fn classify(
        &mut self,
        target: &Target,
        mapping: &Mapping<Field>,
        rows: Vec<GoodRow>,
    ) -> Result<Classified<(RowKey, GoodRow)>, StoreError> {
        self.tags.allow_many(mapping.is_export());
        let keyed_rows: Vec<(RowKey, GoodRow)> =
            rows.into_iter().map(|row| (RowKey::new(&self.source, &row.id), row)).collect();
        let keys: Vec<RowKey> = keyed_rows.iter().map(|(key, _)| key.clone()).collect();
        let get_imported = || target.store.imported_rows_get(&target.tenant, &keys);
        let imported = target.retry().run(target.store.ambient(), get_imported).await?;
        let new: Vec<_> = keyed_rows.into_iter().filter(|(key, _)| !imported.contains_key(key)).collect();
        Ok(Classified { present: (keys.len() - new.len()) as u64, new, rejected: Vec::new() })
    }

    /// Allocates customer numbers in file order, and creates the tags that the rows name.
    async fn commits(
        &mut self,
        target: &Target,
        mut rows: Vec<(RowKey, GoodRow)>,
    ) -> Result<VecDeque<Vec<ImportedRow>>, StoreError> {
        let customers = rows.iter_mut().map(|(_, row)| &mut row.customer).collect();
        self.tags.resolve(target, customers).await?;
        let Ok(count @ 1..) = u32::try_from(rows.len()) else { return Ok(VecDeque::new()) };
        let allocate = || target.store.customer_numbers_allocate(&target.tenant, count);
        let numbers = target.retry().run(target.store.ambient(), allocate).await?;
        let mut queue: VecDeque<NumberedRow> = number_rows(numbers, rows)?.into();
        let mut commits = VecDeque::new();
        while !queue.is_empty() {
            commits.push_back(next_commit(&mut queue));
        }
        Ok(commits)
    }

    async fn commit(target: Target, rows: Vec<ImportedRow>) -> Result<Committed, StoreError> {
        commit(target, rows).await.map(Committed::from)
    }
}

/// Returns the id of a row that has none of its own: the SHA-256 of its cells.
fn digest(record: &StringRecord) -> String {
    let mut hash = Sha256::new();
    for cell in record {
        // The length keeps cells apart: `ab`, `c` and `a`, `bc` have different hashes.
        hash.update((cell.len() as u64).to_be_bytes());
        hash.update(cell.as_bytes());
    }
    format!("sha256:{}", lower::encode_string(&hash.finalize()))
}

/// A row with its customer number, and its size in the file in bytes.
struct NumberedRow {
    row: ImportedRow,
    size: usize,
}

fn number_rows(
    numbers: AllocatedNumbers,
    rows: Vec<(RowKey, GoodRow)>,
) -> Result<Vec<NumberedRow>, StoreError> {
    (u64::from(numbers.first.get())..)
        .zip(rows)
        .map(|(number, (key, row))| {
            let number = CustomerNumber::new(number).ok_or_else(|| {
                StoreError::broken("the allocated customer numbers exceed the highest possible number")
            })?;
            Ok(NumberedRow {
                row: ImportedRow { key, number, at: numbers.at, fields: row.customer.fields },
                size: row.size,
            })
        })
        .collect()
}

/// Takes the rows of the next commit from the queue, as many as fit.
fn next_commit(queue: &mut VecDeque<NumberedRow>) -> Vec<ImportedRow> {
    let mut rows = Vec::with_capacity(Store::IMPORT_ROWS.min(queue.len()));
    let mut bytes = 0;
    while let Some(next) = queue.pop_front_if(|next| {
        rows.len() < Store::IMPORT_ROWS && (rows.is_empty() || bytes + next.size <= MAX_COMMIT_BYTES)
    }) {
        bytes += next.size;
        rows.push(next.row);
    }
    rows
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod reader_tests;

#[cfg(test)]
mod tests {
    use clientele_shared::model::CustomerFields;

    use super::*;

    /// Returns the number of rows in each commit, for rows of these sizes.
    fn commit_lengths(sizes: &[usize]) -> Vec<usize> {
        let rows = sizes.iter().enumerate().map(|(at, size)| {
            let customer = RowCustomer { fields: CustomerFields::default(), tags: Vec::new() };
            let row = GoodRow { id: at.to_string(), customer, size: *size };
            (RowKey::new("file", &row.id), row)
        });
        let first = CustomerNumber::new(5).unwrap();
        let numbers = AllocatedNumbers { first, at: Timestamp::from_millis(0) };
        let mut queue = number_rows(numbers, rows.collect()).unwrap().into();
        let mut commits = Vec::new();
        let mut next_number = 5;
        loop {
            let rows = next_commit(&mut queue);
            for row in &rows {
                assert_eq!(row.number.get(), next_number);
                next_number += 1;
            }
            match rows.len() {
                0 => return commits,
                length => commits.push(length),
            }
        }
    }

    #[test]
    fn commits_are_filled_in_order_up_to_the_row_and_byte_limits() {
        assert_eq!(commit_lengths(&[100; 120]), [48, 48, 24]);
        assert_eq!(commit_lengths(&[MAX_COMMIT_BYTES / 2; 5]), [2, 2, 1]);
        assert_eq!(commit_lengths(&[MAX_COMMIT_BYTES + 1; 2]), [1, 1]);
        assert_eq!(commit_lengths(&[]), Vec::<usize>::new());
    }
}
