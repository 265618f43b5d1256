//! `sync-agent import customers`.

use clap::Args;
use serde::Serialize;

use super::{FileArgs, Imported, OutcomeLabels};
use crate::import::customers::Customers;
use crate::import::customers::fields::Field;
use crate::import::field::ImportField as _;
use crate::import::mapping::ColumnChoice;
use crate::import::{ImportCounts, ImportOutcome};

#[derive(Debug, Args)]
#[command(after_help = fields())]
pub(in crate::cli) struct CustomerArgs {
    #[command(flatten)]
    file: FileArgs,
    /// What a column holds, where its name does not say it; COLUMN=- leaves a column out.
    #[arg(long = "map", value_name = "COLUMN=FIELD")]
    columns: Vec<ColumnChoice<Field>>,
    /// The column that names a row in its source [default: CustomerId, id, external_id or uuid; a row without id
    /// is named by all of its values].
    #[arg(long, value_name = "COLUMN")]
    id_column: Option<String>,
    /// What the rows come from: a row is imported once from a source [default: the file's name].
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
}

/// What `--map` takes, for the help.
fn fields() -> String {
    format!(
        "The fields: {}.\n\nColumns with these names are known, and so are those of the trades API and of many \
         exports; case, spaces, _ and - do not matter. tags are names parted by `;`: those that the tenant does not have \
         yet are made.\n\nExit codes: 0 all rows are in; 1 it failed or was stopped, \
         and can be run again as it is; 2 wrong options; 3 some rows were rejected.",
        Field::all_names()
    )
}

impl CustomerArgs {
    fn source(&self) -> String {
        self.kind().source_of(&self.file.file)
    }
}

/// What became of the rows, for programs.
#[derive(Serialize)]
struct Json {
    created: u64,
    imported_rows_get: u64,
    rejected: u64,
    source: String,
}

impl Imported for CustomerArgs {
    type ImportKind = Customers;

    const LABELS: OutcomeLabels = OutcomeLabels { written: "created", present: "imported before" };

    fn file(&self) -> &FileArgs {
        &self.file
    }

    fn columns(&self) -> &[ColumnChoice<Field>] {
        &self.columns
    }

    fn kind(&self) -> Customers {
        Customers { source: self.source.clone(), id_column: self.id_column.clone() }
    }

    fn hint(&self, outcome: &ImportOutcome) -> Option<String> {
        let source = self.source();
        (outcome.counts.present > 0).then(|| {
            format!(
                "imported before: rows of the source `{source}` with the same ids. If this file has ids of its \
                 own, name its source with --source NAME"
            )
        })
    }

    fn rejects_hint(&self) -> String {
        format!("import that file with --source {:?}", self.source())
    }

    fn json(&self, counts: ImportCounts) -> impl Serialize {
        Json {
            created: counts.written,
            imported_rows_get: counts.present,
            rejected: counts.rejected,
            source: self.source(),
        }
    }
}
