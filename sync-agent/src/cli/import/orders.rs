//! The `sync-agent import orders` command.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{AlwaysUpdates, FileArgs, Import, ImportArgs, OutcomeLabels};
use crate::import::field::{ImportField as _, key_named};
use crate::import::mapping::ColumnChoice;
use crate::import::orders::Orders;
use crate::import::orders::fields::{LineField, OrderField};
use crate::import::source::FileMapping;
use crate::import::{ImportCounts, ImportOutcome};

#[derive(Debug, Args)]
#[command(after_help = help())]
pub(in crate::cli) struct OrderArgs {
    #[command(flatten)]
    file: FileArgs,
    /// File with the lines of the orders [default: FILE has a row for each line, or the orders have no lines]
    #[arg(long, value_name = "FILE")]
    lines: Option<PathBuf>,
    /// Field that a column of FILE holds, if the column's name is not recognised; COLUMN=- ignores the column; can be
    /// repeated
    #[arg(long = "map", value_name = "COLUMN=FIELD")]
    columns: Vec<ColumnChoice<OrderField>>,
    /// Name of the orders' source; customers are found by their ids in the same source [default: the file's name]
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Field by which rows name orders that exist already: the id in their source
    #[arg(long, value_name = "FIELD", value_parser = key, default_value = "id")]
    key: &'static str,
    #[command(flatten)]
    update: AlwaysUpdates,
}

/// Reads the one key that orders have.
fn key(text: &str) -> Result<&'static str, String> {
    key_named(text, &["id"])
}

/// Returns the help text about fields, orders and exit codes.
fn help() -> String {
    format!(
        "Fields of orders: {}. Fields of lines: {}. Columns with these names are recognised; case, spaces, _ and - do \
         not matter.\n\nA customer is named by its id in the same source, or by cust_456, a uuid or an email that one \
         customer has. An order is identified by its source and its id there: it is created, changed, or left alone if \
         nothing about it has changed, so the same file can be imported again at any time. An order that a file lacks \
         stays; one with the status `removed` is removed. Without a status, an order is delivered, shipped or confirmed \
         by its dates. Without a total, it is worth the sum of its lines. An order with amountPaid or paidDate counts in \
         the customer's balance as far as it is unpaid.\n\nExamples:\n  sync-agent import orders orders.csv --source \
         shop --dry-run\n  sync-agent import orders invoices.csv --lines invoice_lines.csv --mapping orders.toml \
         --source shop\n\nExit codes: 0 all orders are imported; 1 the import failed \
         or was stopped, and the same command can be run again; 2 the options or the file are wrong; 3 \
         some rows were rejected; 5 the table cannot be reached, and the same command can be run again.",
        OrderField::all_names(),
        LineField::all_names()
    )
}

/// The count of removed orders and the source as `--json` prints them.
#[derive(Serialize)]
struct Json {
    removed: u64,
    source: String,
}

impl OrderArgs {
    fn source(&self) -> String {
        let kind = Orders { source: self.source.clone(), ..Orders::default() };
        kind.source_of(&self.file.file)
    }
}

impl ImportArgs for OrderArgs {
    type Kind = Orders;

    fn labels(&self) -> OutcomeLabels {
        OutcomeLabels { written: "created", present: "unchanged" }
    }

    fn file(&self) -> &FileArgs {
        &self.file
    }

    fn import(&self) -> Result<Import<Orders>, String> {
        let (source, lines) = (self.source.clone(), self.lines.clone());
        let kind = Orders { source, lines, ..Orders::default() };
        let (mapping, file) = self.file.mapping(&self.columns, FileMapping::default())?;
        let (Some(path), Some(file)) = (&self.file.mapping, file) else { return Ok((kind, mapping)) };
        let of_lines = file.lines(path).map_err(|error| error.to_string())?;
        let kind = Orders {
            line_columns: of_lines.columns,
            line_constants: of_lines.constants,
            product_names: file.product_names(&self.file.file),
            ..kind
        };
        Ok((kind, mapping))
    }

    fn hint(&self, _: &ImportOutcome) -> Option<String> {
        None
    }

    fn rejects_hint(&self) -> String {
        format!("import that file with the same options and --source {:?}", self.source())
    }

    fn json(&self, counts: ImportCounts) -> impl Serialize {
        Json { removed: counts.removed, source: self.source() }
    }
}
