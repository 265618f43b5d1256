//! Mutated CSV files: an import counts every row as written, present or rejected, or refuses the file.

use clientele_shared::model::Mode;
use clientele_sync_agent::import::customers::Customers;
use clientele_sync_agent::import::{ImportError, ImportOptions, Importer};

use super::{Mutator, cases, seeds};
use crate::support::Stack;

#[tokio::test]
async fn mutated_files_are_imported_or_refused() {
    let stack = Stack::start().await;
    let files = seeds(include_str!("seeds/customers.txt"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.csv");
    for case in cases() {
        std::fs::write(&path, Mutator::new(&files, case).bytes()).unwrap();
        let options = ImportOptions { dry_run: true, ..ImportOptions::default() };
        let (store, tenant) = (stack.store.clone(), "acme".parse().unwrap());
        let importer = Importer::new(store, tenant, Mode::Live, Customers::default(), options);
        match importer.run(&path, &mut |_| {}).await {
            Ok(outcome) => assert!(outcome.counts.rows() < 1_000, "case {case}"),
            Err(failure) => {
                let is_refused = matches!(failure.error, ImportError::Unreadable { .. });
                assert!(is_refused, "case {case}: {}", failure.error);
            }
        }
    }
}
