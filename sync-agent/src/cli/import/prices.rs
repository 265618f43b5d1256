//! `sync-agent import prices`.

use clap::Args;
use clientele_shared::model::Currency;
use serde::Serialize;

use super::{FileArgs, Imported, OutcomeLabels};
use crate::import::field::ImportField as _;
use crate::import::mapping::ColumnChoice;
use crate::import::prices::Prices;
use crate::import::prices::fields::PriceField;
use crate::import::{ImportCounts, ImportOutcome};

#[derive(Debug, Args)]
#[command(after_help = fields())]
pub(in crate::cli) struct PriceArgs {
    #[command(flatten)]
    file: FileArgs,
    /// What a column holds, where its name does not say it; COLUMN=- leaves a column out.
    #[arg(long = "map", value_name = "COLUMN=FIELD")]
    columns: Vec<ColumnChoice<PriceField>>,
    /// The currency of rows that name none, such as USD.
    #[arg(long, value_name = "CODE")]
    currency: Option<Currency>,
}

/// What the columns mean, for the help.
fn fields() -> String {
    format!(
        "The fields: {}. Columns with these names are known; case, spaces, _ and - do not matter.\n\nA row without \
         customerId is of the price list: it gives defaultPrice, and no customerPrice. A row with customerId \
         (cust_456, a uuid, or an email that one customer has) gives that customer's own price, customerPrice; a \
         defaultPrice beside it is not read. So a pricing export with a customerId column put before it comes in, \
         and makes every price in it the customer's own. A price holds from the day effectiveFrom (2024-01-15) on \
         until a later one begins; without one it holds from the beginning.\n\nA price is named by customer, product \
         and effectiveFrom: one that is there is replaced, one that is there as it is counts as unchanged and is not \
         written. So the same file can be run again at any time, also when it was broken off.\n\nExit codes: 0 all \
         rows are in; 1 it failed or was stopped, and can be run again as it is; 2 wrong options; 3 some rows were \
         rejected.",
        PriceField::all_names()
    )
}

/// What became of the rows, for programs.
#[derive(Serialize)]
struct Json {
    written: u64,
    unchanged: u64,
    rejected: u64,
}

impl Imported for PriceArgs {
    type ImportKind = Prices;

    const LABELS: OutcomeLabels = OutcomeLabels { written: "written", present: "unchanged" };

    fn file(&self) -> &FileArgs {
        &self.file
    }

    fn columns(&self) -> &[ColumnChoice<PriceField>] {
        &self.columns
    }

    fn kind(&self) -> Prices {
        Prices { currency: self.currency }
    }

    fn hint(&self, _: &ImportOutcome) -> Option<String> {
        None
    }

    fn rejects_hint(&self) -> String {
        "import that file with the same options".into()
    }

    fn json(&self, counts: ImportCounts) -> impl Serialize {
        Json { written: counts.written, unchanged: counts.present, rejected: counts.rejected }
    }
}
