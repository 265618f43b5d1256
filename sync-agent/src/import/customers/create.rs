//! New customers: their numbers, and the commits that create them.

use std::collections::VecDeque;

use clientele_shared::Error as StoreError;
use clientele_shared::model::CustomerNumber;
use clientele_shared::store::{AllocatedNumbers, ImportedRow, RowKey, Store};

use super::GoodRow;

/// Maximum size of a commit's rows in the CSV file, in bytes. A DynamoDB transaction holds at most 4 MB.
const MAX_COMMIT_BYTES: usize = 2 * 1024 * 1024;

/// A row with its customer number, and its size in the file in bytes.
pub(super) struct NumberedRow {
    row: ImportedRow,
    size: usize,
}

pub(super) fn number_rows(
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
                size: row.cells.as_slice().len(),
            })
        })
        .collect()
}

/// Takes the rows of the next commit from the queue, as many as fit.
pub(super) fn next_commit(queue: &mut VecDeque<NumberedRow>) -> Vec<ImportedRow> {
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
mod tests {
    use clientele_shared::model::{CustomerFields, Timestamp};
    use csv::StringRecord;

    use super::*;
    use crate::import::customers::merge::FieldSet;
    use crate::import::customers::row::RowCustomer;

    /// Returns the number of rows in each commit, for rows of these sizes.
    fn commit_lengths(sizes: &[usize]) -> Vec<usize> {
        let rows = sizes.iter().enumerate().map(|(at, size)| {
            let customer = RowCustomer {
                fields: CustomerFields::default(),
                tags: Vec::new(),
                person: None,
                filled: FieldSet::default(),
            };
            let cells = StringRecord::from(vec!["x".repeat(*size)]);
            let row = GoodRow { line: 2, id: at.to_string(), key: None, customer, cells };
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
