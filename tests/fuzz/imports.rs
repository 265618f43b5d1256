//! Mutated CSV files: an import accounts for every row of the file, writes each once, or refuses the file's header.

use std::path::Path;

use clientele_shared::model::Mode;
use clientele_sync_agent::import::customers::Customers;
use clientele_sync_agent::import::import_kind::ImportKind;
use clientele_sync_agent::import::orders::Orders;
use clientele_sync_agent::import::prices::Prices;
use clientele_sync_agent::import::{
    ImportCounts, ImportError, ImportEvent, ImportOptions, Importer, ReadError,
};

use super::{Mutator, cases, seeds};
use crate::support::{Stack, john};

/// The file of one case in this many is imported. The others are only checked.
const CASES_PER_IMPORT: u64 = 4;

#[tokio::test]
async fn mutated_customer_files_are_imported_or_refused() {
    let stack = Stack::start().await;
    let files = seeds(include_str!("seeds/customers.txt"));
    let mut written = 0;
    for case in cases() {
        written += check(&stack, Customers::default(), &files, case).await;
        let list = stack.acme.get("/api/v1/customers?limit=1").await.data();
        assert_eq!(list["pagination"]["total"], written, "case {case}");
    }
}

#[tokio::test]
async fn mutated_price_files_are_imported_or_refused() {
    let stack = Stack::start().await;
    for _ in 0..2 {
        stack.acme.create(&john()).await;
    }
    let files = seeds(include_str!("seeds/prices.txt"));
    for case in cases() {
        check(&stack, Prices::default(), &files, case).await;
    }
}

#[tokio::test]
async fn mutated_order_files_are_imported_or_refused() {
    let stack = Stack::start().await;
    for _ in 0..2 {
        stack.acme.create(&john()).await;
    }
    let files = seeds(include_str!("seeds/orders.txt"));
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mutated.csv");
        std::fs::write(&path, Mutator::new(&files, case).bytes()).unwrap();
        let kind = || Orders { source: Some(case.to_string()), ..Orders::default() };
        let Some(checked) = run(&stack, kind(), &path, true, case).await else { continue };
        if !case.is_multiple_of(CASES_PER_IMPORT) {
            continue;
        }
        assert_eq!(run(&stack, kind(), &path, false, case).await, Some(checked), "case {case}");
        let present = ImportCounts { written: 0, present: checked.written + checked.present, ..checked };
        assert_eq!(run(&stack, kind(), &path, false, case).await, Some(present), "case {case}");
        for customer in ["cust_1", "cust_2"] {
            for path in ["orders?limit=100", "analytics"] {
                stack.acme.get(&format!("/api/customers/{customer}/{path}")).await.expect(200);
            }
        }
    }
}

/// Imports a mutated file, or only checks it. Returns how many rows were written.
async fn check<K: ImportKind>(stack: &Stack, kind: K, files: &[String], case: u64) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mutated.csv");
    let file = Mutator::new(files, case).bytes();
    std::fs::write(&path, &file).unwrap();
    let checked = run(stack, kind.clone(), &path, true, case).await;
    let Some(checked) = checked else { return 0 };
    let context = || format!("case {case}: {checked:?} of {:?}", String::from_utf8_lossy(&file));
    assert_eq!(checked.rows(), rows(&file), "{}", context());
    if !case.is_multiple_of(CASES_PER_IMPORT) {
        return 0;
    }
    let imported = run(stack, kind.clone(), &path, false, case).await;
    assert_eq!(imported, Some(checked), "{}", context());
    let again = run(stack, kind, &path, false, case).await;
    let present = checked.written + checked.updated + checked.present;
    let present = ImportCounts { written: 0, updated: 0, present, ..checked };
    assert_eq!(again, Some(present), "{}", context());
    checked.written
}

/// Runs an import; returns its counts, or `None` if the header was refused.
async fn run<K: ImportKind>(
    stack: &Stack,
    kind: K,
    path: &Path,
    dry_run: bool,
    case: u64,
) -> Option<ImportCounts> {
    let options = ImportOptions { dry_run, ..ImportOptions::default() };
    let importer = Importer::new(stack.store.clone(), "acme".parse().unwrap(), Mode::Live, kind, options);
    let mut rejected = 0;
    let mut count = |event: ImportEvent<'_>| {
        if let ImportEvent::Rejected(row) = event {
            assert!(!row.reason.is_empty(), "case {case}: {row:?}");
            rejected += 1;
        }
    };
    let outcome = importer.run(path, &mut count).await;
    match outcome {
        Ok(outcome) => {
            assert_eq!(outcome.counts.rejected, rejected, "case {case}: {outcome:?}");
            Some(outcome.counts)
        }
        Err(failure) => {
            // Rows cannot be refused: they are read or rejected. Only a line of an order without an id stops an import.
            let is_refused = match &failure.error {
                ImportError::Unreadable { source, .. } => {
                    !matches!(source, ReadError::Io(_) | ReadError::Csv(_))
                }
                error => matches!(error, ImportError::BadLine { .. }),
            };
            assert!(is_refused, "case {case}: {}", failure.error);
            None
        }
    }
}

/// Returns how many rows a CSV file has below its header.
fn rows(file: &[u8]) -> u64 {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    reader.byte_records().map(Result::unwrap).count() as u64
}
