//! Complete exports of every kind and format.

use std::fs::File;
use std::path::Path;

use clientele_shared::csv::{guarded, unguarded};
use clientele_shared::model::{ExportColumns, ExportContent, ExportFormat, ExportKind, Mode};
use clientele_sync_agent::export::{ExportDestination, ExportOptions, Exporter};
use clientele_sync_agent::import::customers::Customers;
use clientele_sync_agent::import::orders::Orders;
use clientele_sync_agent::import::{ImportOptions, ImportOutcome, Importer};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Folder, Row, cells, files, of, rows};
use crate::support::Stack;
use crate::support::samples::{import_customers, import_orders};

/// Reads the rows of a Parquet file as CSV would have them.
fn parquet_rows(path: &Path) -> Vec<Row> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let text = |field: &Field| match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Bool(value) => value.to_string(),
        Field::Int(value) => value.to_string(),
        Field::TimestampMillis(millis) => {
            clientele_shared::model::Timestamp::from_millis(*millis).to_rfc3339_seconds()
        }
        Field::Decimal(decimal) => {
            let bytes = decimal.data().try_into().map(i64::from_be_bytes).unwrap();
            rust_decimal::Decimal::new(bytes, decimal.scale().try_into().unwrap()).to_string()
        }
        other => panic!("{other:?}"),
    };
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| row.unwrap().get_column_iter().map(|(name, field)| (name.clone(), text(field))).collect())
        .collect()
}

#[tokio::test]
async fn lines_of_orders_are_those_of_the_samples() {
    let stack = Stack::start().await;
    for (name, file, lines) in
        [("chinook", "invoices.csv", "invoice_lines.csv"), ("northwind", "orders.csv", "order_details.csv")]
    {
        import_customers(&stack, name).await;
        import_orders(&stack, name, file, lines).await;
    }
    let folder = Folder::new(&stack);
    let exported = folder.export(of(ExportKind::Orders)).await;
    let csv = rows(&exported);
    // The lines of the two samples.
    assert_eq!(csv.len(), 2_240 + 2_155);
    let order = csv.iter().filter(|row| row["orderNumber"] == "10248").cloned().collect::<Vec<_>>();
    let columns = ["orderDate", "total", "productId", "quantity", "unitPrice", "discount", "city"];
    let expected = [
        ["1996-07-04T00:00:00Z", "440.00", "11", "12", "14", "0", "Reims"],
        ["1996-07-04T00:00:00Z", "440.00", "42", "10", "9.8", "0", "Reims"],
        ["1996-07-04T00:00:00Z", "440.00", "72", "5", "34.8", "0", "Reims"],
    ];
    assert_eq!(cells(&order, columns), expected.map(|row| row.map(str::to_owned)));

    let parquet = ExportContent { format: ExportFormat::Parquet, ..of(ExportKind::Orders) };
    let parquet = parquet_rows(Path::new(&folder.export(parquet).await.place));
    let number = |row: &Row| {
        ["quantity", "unitPrice", "discount"].map(|name| row[name].parse::<rust_decimal::Decimal>().unwrap())
    };
    assert_eq!(parquet.len(), csv.len());
    for (typed, row) in parquet.iter().zip(&csv) {
        assert_eq!(number(typed), number(row));
        for name in ["orderId", "orderDate", "shipDate", "total", "street", "productName"] {
            // A text that a spreadsheet would run as a formula is guarded in CSV only.
            assert_eq!(typed[name], unguarded(&row[name]), "{name}");
        }
    }
}

#[tokio::test]
async fn manifest_describes_the_file_and_latest_names_the_manifest() {
    let stack = Stack::start().await;
    import_customers(&stack, "chinook").await;
    let folder = Folder::new(&stack);
    for format in ExportFormat::ALL {
        let content = ExportContent { format, columns: ExportColumns::Full, ..of(ExportKind::Customers) };
        let exported = folder.export(content).await;
        let file = std::fs::read(&exported.place).unwrap();
        let manifest: Value =
            serde_json::from_slice(&std::fs::read(&exported.manifest_place).unwrap()).unwrap();
        assert_eq!(manifest["bytes"], file.len());
        assert_eq!(manifest["sha256"], base16ct::lower::encode_string(&Sha256::digest(&file)));
        assert_eq!((&manifest["rows"], &manifest["format"]), (&59.into(), &format.as_str().into()));
        assert_eq!((&manifest["tenant"], &manifest["mode"]), (&"acme".into(), &"live".into()));
        let latest = std::fs::read(folder.path().join("customers/latest.json")).unwrap();
        let latest: Value = serde_json::from_slice(&latest).unwrap();
        let named = folder.path().join("customers").join(latest["manifest"].as_str().unwrap());
        assert_eq!(named, Path::new(&exported.manifest_place));
        assert_eq!(exported.manifest.columns.len(), 53);
    }
    assert_eq!(files(folder.path()).len(), 3 * 2 + 1);
}

#[tokio::test]
async fn formats_have_the_same_customers() {
    let stack = Stack::start().await;
    import_customers(&stack, "northwind").await;
    let folder = Folder::new(&stack);
    let export = async |format| {
        folder
            .export(ExportContent { format, columns: ExportColumns::Full, ..of(ExportKind::Customers) })
            .await
    };
    let csv = rows(&export(ExportFormat::Csv).await);
    assert_eq!(rows(&export(ExportFormat::CsvGz).await), csv);
    let mut parquet = parquet_rows(Path::new(&export(ExportFormat::Parquet).await.place));
    for (typed, row) in parquet.iter_mut().zip(&csv) {
        for (name, cell) in typed.iter_mut() {
            assert_eq!(guarded(cell.as_str().into()), row[name], "{name}");
        }
    }
    assert_eq!(parquet.len(), 93);
}

#[tokio::test]
async fn exported_orders_are_imported_again_without_a_mapping_file() {
    let stack = Stack::start().await;
    import_customers(&stack, "northwind").await;
    import_orders(&stack, "northwind", "orders.csv", "order_details.csv").await;
    let folder = Folder::new(&stack);
    let first = folder.export(of(ExportKind::Orders)).await;
    // In the same tenant, the orders are there already.
    let again = import(&stack, "acme", &first.place, None).await;
    assert_eq!((again.counts.present, again.counts.rows()), (830, 830));
    assert_eq!(rows(&folder.export(of(ExportKind::Orders)).await), rows(&first));
    // Another tenant has the customers under their ids in the export.
    stack.store.tenant_create(&"bolt".parse().unwrap()).await.unwrap();
    let customers = folder.export(of(ExportKind::Customers)).await;
    let kind = Customers { source: Some("acme".into()), ..Customers::default() };
    let importer = Importer::new(
        stack.store.clone(),
        "bolt".parse().unwrap(),
        Mode::Live,
        kind,
        ImportOptions::default(),
    );
    importer.run(Path::new(&customers.place), &mut |_| {}).await.unwrap();
    let imported = import(&stack, "bolt", &first.place, Some("acme")).await;
    assert_eq!((imported.counts.written, imported.counts.rejected), (830, 0));
    let value = |rows: &[Row]| -> rust_decimal::Decimal {
        rows.iter().map(|row| row["quantity"].parse::<rust_decimal::Decimal>().unwrap()).sum()
    };
    let options = ExportOptions { content: of(ExportKind::Orders), ..ExportOptions::default() };
    let exporter = Exporter::new(stack.store.clone(), "bolt".parse().unwrap(), Mode::Live, options);
    let to = ExportDestination::Folder(folder.path().join("bolt"));
    let there = rows(&exporter.run(&to, &mut |_| {}).await.unwrap());
    assert_eq!((there.len(), value(&there)), (2_155, value(&rows(&first))));
}

/// Imports a file of orders into a tenant.
async fn import(stack: &Stack, tenant: &str, file: &str, source: Option<&str>) -> ImportOutcome {
    let kind = Orders { source: source.map(str::to_owned), ..Orders::default() };
    let importer = Importer::new(
        stack.store.clone(),
        tenant.parse().unwrap(),
        Mode::Live,
        kind,
        ImportOptions::default(),
    );
    importer.run(Path::new(file), &mut |_| {}).await.unwrap()
}
