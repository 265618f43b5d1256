//! The `sync-agent import customers` command.

use clap::Args;
use serde::Serialize;

use super::{FileArgs, Import, ImportArgs, OutcomeLabels};
use crate::import::customers::Customers;
use crate::import::customers::fields::Field;
use crate::import::field::ImportField as _;
use crate::import::mapping::ColumnChoice;
use crate::import::mapping_file::FileMapping;
use crate::import::{ImportCounts, ImportOutcome};

#[derive(Debug, Args)]
#[command(after_help = help())]
pub(in crate::cli) struct CustomerArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Field that a column holds, if the column's name is not recognised; COLUMN=- ignores the column; can be
    /// repeated
    #[arg(long = "map", value_name = "COLUMN=FIELD")]
    columns: Vec<ColumnChoice<Field>>,
    /// Column with the id of each row in its source [default: CustomerId, id, external_id or uuid; a row
    /// without an id is identified by all of its values]
    #[arg(long, value_name = "COLUMN")]
    id_column: Option<String>,
    /// Name of the rows' source; each row of a source is imported once [default: the file's name]
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
}

/// Returns the help text about fields and exit codes.
fn help() -> String {
    format!(
        "Fields: {}.\n\nColumns with these names are recognised, and so are the column names of the trades \
         API and of many exports. Case, spaces, _ and - do not matter. The field `tags` holds tag names \
         separated by `;`, with a name in double quotes if it contains `;`; tags that the tenant does not have yet \
         are created.\n\nExit codes: 0 all rows are \
         imported; 1 the import failed or was stopped, and the same command can be run again; 2 the options \
         are invalid; 3 some rows were rejected.",
        Field::all_names()
    )
}

impl CustomerArgs {
    fn kind(&self) -> Customers {
        Customers { source: self.source.clone(), id_column: self.id_column.clone() }
    }

    fn source(&self) -> String {
        self.kind().source_of(&self.file.file)
    }
}

/// The row counts and the source as `--json` prints them.
#[derive(Serialize)]
struct Json {
    created: u64,
    updated: u64,
    unchanged: u64,
    rejected: u64,
    source: String,
}

impl ImportArgs for CustomerArgs {
    type Kind = Customers;

    const LABELS: OutcomeLabels = OutcomeLabels { written: "created", present: "already imported" };

    fn file(&self) -> &FileArgs {
        &self.file
    }

    fn import(&self) -> Result<Import<Customers>, String> {
        let mapping = FileMapping { columns: self.columns.clone(), ..FileMapping::default() };
        Ok((self.kind(), mapping))
    }

    fn hint(&self, outcome: &ImportOutcome) -> Option<String> {
        let source = self.source();
        (outcome.counts.present > 0).then(|| {
            format!(
                "already imported: the source `{source}` has rows with the same ids; if the ids in this file \
                 are unrelated, pass another --source NAME"
            )
        })
    }

    fn rejects_hint(&self) -> String {
        format!("import that file with --source {:?}", self.source())
    }

    fn json(&self, counts: ImportCounts) -> impl Serialize {
        Json {
            created: counts.written,
            updated: counts.updated,
            unchanged: counts.present,
            rejected: counts.rejected,
            source: self.source(),
        }
    }
}
