//! The `sync-agent import prices` command.

use clap::Args;
use clientele_shared::model::Currency;
use serde::Serialize;

use super::{AlwaysUpdates, FileArgs, Import, ImportArgs, OutcomeLabels};
use crate::import::field::{ImportField as _, key_named};
use crate::import::mapping::ColumnChoice;
use crate::import::prices::Prices;
use crate::import::prices::fields::PriceField;
use crate::import::source::FileMapping;
use crate::import::{ImportCounts, ImportOutcome};

#[derive(Debug, Args)]
#[command(after_help = help())]
pub(in crate::cli) struct PriceArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Field that a column holds, if the column's name is not recognised; COLUMN=- ignores the column; can be
    /// repeated
    #[arg(long = "map", value_name = "COLUMN=FIELD")]
    columns: Vec<ColumnChoice<PriceField>>,
    /// Source whose ids name the customers, next to cust_456, uuid and email: as their own import was named
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Currency of rows that do not specify one, such as USD
    #[arg(long, value_name = "CODE")]
    currency: Option<Currency>,
    /// Field by which rows name prices that exist already, together with customerId and effectiveFrom
    #[arg(long, value_name = "FIELD", value_parser = key, default_value = "productId")]
    key: &'static str,
    #[command(flatten)]
    update: AlwaysUpdates,
}

/// Reads the one key that prices have.
fn key(text: &str) -> Result<&'static str, String> {
    key_named(text, &["productId"])
}

/// Returns the help text about fields, prices and exit codes.
fn help() -> String {
    format!(
        "Fields: {}. Columns with these names are recognised; case, spaces, _ and - do not matter.\n\nA row \
         without customerId belongs to the price list: it needs defaultPrice, and customerPrice must be \
         empty. A row with customerId (cust_456, a uuid, or an email that exactly one customer has) sets \
         that customer's own price to customerPrice; its defaultPrice is ignored. A pricing export can \
         therefore be imported after adding a customerId column, which makes every price in it the \
         customer's own.\n\nA price applies from the day effectiveFrom (such as 2024-01-15) until a later \
         price takes effect. Without effectiveFrom it applies from the beginning.\n\nA price is identified \
         by customer, product and effectiveFrom. An existing price is replaced; if it is the same, it counts \
         as unchanged and is not written. The same file can therefore be imported again at any time, even \
         after an interruption.\n\nExamples:\n  sync-agent import prices prices.csv --currency USD --dry-run\n  \
         sync-agent import prices list.csv --map \"Unit price=defaultPrice\" --currency USD\n\nExit codes: 0 all rows are imported; 1 the import failed or was stopped, \
         and the same command can be run again; 2 the options or the file are wrong; 3 \
         some rows were rejected; 5 the table cannot be reached, and the same command can be run again.",
        PriceField::all_names()
    )
}

/// The count of created and updated prices as `--json` prints it.
#[derive(Serialize)]
struct Json {
    written: u64,
}

impl ImportArgs for PriceArgs {
    type Kind = Prices;

    fn labels(&self) -> OutcomeLabels {
        OutcomeLabels { written: "created", present: "unchanged" }
    }

    fn file(&self) -> &FileArgs {
        &self.file
    }

    fn import(&self) -> Result<Import<Prices>, String> {
        let (mapping, _) = self.file.mapping(&self.columns, FileMapping::default())?;
        Ok((Prices { source: self.source.clone(), currency: self.currency }, mapping))
    }

    fn hint(&self, _: &ImportOutcome) -> Option<String> {
        None
    }

    fn rejects_hint(&self) -> String {
        "import that file with the same options".into()
    }

    fn json(&self, counts: ImportCounts) -> impl Serialize {
        Json { written: counts.written + counts.updated }
    }
}
