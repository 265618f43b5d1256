//! The sample databases of `tests/data`, imported as a user imports them.

use std::path::PathBuf;

use clientele_shared::model::Mode;
use clientele_sync_agent::import::customers::Customers;
use clientele_sync_agent::import::mapping_file::MappingFile;
use clientele_sync_agent::import::orders::Orders;
use clientele_sync_agent::import::{ImportCounts, ImportOptions, Importer, RejectsTo};

use super::Stack;

/// The folder of a sample.
pub(crate) fn sample(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// Imports the customers of a sample into `acme`.
pub(crate) async fn import_customers(stack: &Stack, name: &str) {
    let kind = Customers { source: Some(name.to_owned()), ..Customers::default() };
    let options = ImportOptions::default();
    let importer = Importer::new(stack.store.clone(), "acme".parse().unwrap(), Mode::Live, kind, options);
    let outcome = importer.run(&sample(name).join("customers.csv"), &mut |_| {}).await.unwrap();
    assert_eq!(outcome.counts.rejected, 0);
}

/// Imports the orders of a sample into `acme`, with the sample's mapping file and nothing else.
pub(crate) async fn import_orders(stack: &Stack, name: &str, file: &str, lines: &str) -> ImportCounts {
    let (folder, mapping) = (sample(name), sample(name).join("orders.toml"));
    let file = folder.join(file);
    let mapping_file = MappingFile::read(&mapping).unwrap();
    let (orders, of_lines) = (mapping_file.file(&mapping).unwrap(), mapping_file.lines(&mapping).unwrap());
    let kind = Orders {
        source: Some(name.to_owned()),
        lines: Some(folder.join(lines)),
        line_columns: of_lines.columns,
        line_constants: of_lines.constants,
        product_names: mapping_file.product_names(&file),
    };
    let options = ImportOptions {
        columns: orders.columns,
        constants: orders.constants,
        rejects: RejectsTo::Nowhere,
        ..ImportOptions::default()
    };
    let importer = Importer::new(stack.store.clone(), "acme".parse().unwrap(), Mode::Live, kind, options);
    importer.run(&file, &mut |_| {}).await.unwrap().counts
}
