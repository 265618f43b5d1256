//! The `sync-agent import customers` command.

use clap::Args;
use indicatif::HumanCount;
use serde::Serialize;

use super::{FileArgs, Import, ImportArgs, OutcomeLabels};
use crate::import::customers::Customers;
use crate::import::customers::fields::Field;
use crate::import::customers::key::Key;
use crate::import::field::ImportField as _;
use crate::import::mapping::ColumnChoice;
use crate::import::presets;
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
    /// Mapping for the export of a product: google-contacts, housecall-pro, hubspot, jobber, quickbooks, shopify, skimmer or
    /// square
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Column with the id of each row in its source [default: CustomerId, id, external_id or uuid; a row
    /// without an id is identified by all of its values]
    #[arg(long, value_name = "COLUMN")]
    id_column: Option<String>,
    /// Name of the rows' source; each row of a source is imported once [default: the file's name]
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Field by which rows name customers that exist already: id, email, phone, quickbooksId or taxId [default: rows name the
    /// customers that the source imported under their ids]
    #[arg(long, value_name = "FIELD")]
    key: Option<Key>,
    /// Change customers that exist already [default for --key: id]
    #[arg(long)]
    update: bool,
    /// Let empty cells clear their fields in an update [default: an empty cell leaves its field unchanged]
    #[arg(long, requires = "update")]
    clear_empty: bool,
}

/// Returns the help text about fields, updates and exit codes.
fn help() -> String {
    format!(
        "Fields: {}.\n\nColumns with these names are recognised, and so are the column names of the trades API and of \
         many exports. Case, spaces, _ and - do not matter. The field `tags` holds tag names separated by `;`, with a \
         name in double quotes if it contains `;`; tags that the tenant does not have yet are created.\n\n{UPDATES}\n\n\
         {EXAMPLES}\n\nExit codes: 0 all rows are imported; 1 the import failed or was stopped, and the same command \
         can be run again; 2 the options or the file are wrong; 3 \
         some rows were rejected; 5 the table cannot be reached, and the same command can be run again.",
        Field::all_names()
    )
}

const UPDATES: &str = "With --key, a row whose key a customer has already is not imported again. With --update, it changes \
that customer: only the fields of columns in the file, and an empty cell leaves its field unchanged unless --clear-empty is \
given. A row that matches several customers is rejected with their ids; a row that matches none becomes a customer. The key \
`id` is the row's id in its source, or cust_456 or a uuid. Emails are compared without case, and phone numbers by their \
digits. For phone, quickbooksId and taxId, all customers are read once before the import, and an index of them takes about \
40 MB for each million.";

const EXAMPLES: &str = "Examples:\n  sync-agent import customers customers.csv --dry-run\n  sync-agent import customers \
customers.csv --map \"Firma=companyName\" --map \"Farbe=-\"\n  sync-agent import customers changes.csv --update --key email \
--dry-run";

impl CustomerArgs {
    fn kind(&self) -> Customers {
        Customers {
            source: self.source.clone(),
            id_column: self.id_column.clone(),
            key: self.key,
            update: self.update,
            clear_empty: self.clear_empty,
        }
    }

    fn source(&self) -> String {
        self.kind().source_of(&self.file.file)
    }
}

/// The source as `--json` prints it.
#[derive(Serialize)]
struct Json {
    source: String,
}

impl ImportArgs for CustomerArgs {
    type Kind = Customers;

    fn labels(&self) -> OutcomeLabels {
        // Customers that exist already are compared with their rows in an update only.
        let present = if self.update { "unchanged" } else { "already imported" };
        OutcomeLabels { written: "created", present }
    }

    fn file(&self) -> &FileArgs {
        &self.file
    }

    fn import(&self) -> Result<Import<Customers>, String> {
        let preset = self.preset.as_deref().map(presets::named).transpose()?;
        let (mapping, _) = self.file.mapping(&self.columns, preset.unwrap_or_default())?;
        Ok((self.kind(), mapping))
    }

    fn hint(&self, outcome: &ImportOutcome) -> Option<String> {
        if let Some((preset, product)) = &outcome.proposal {
            return Some(format!(
                "the header is that of an export of {product}; add --preset {preset} to import more of its columns"
            ));
        }
        let differing = HumanCount(outcome.findings.differing);
        if outcome.findings.differing > 0 {
            return Some(format!(
                "{differing} of the rows that are already imported have other values than their customers; add --update \
                 to change these customers, or --update --dry-run to see the changes"
            ));
        }
        let is_source = self.key.is_none() && !self.update && outcome.counts.present > 0;
        is_source.then(|| {
            format!(
                "already imported: the source `{}` has rows with the same ids; if the ids in this file are unrelated, \
                 pass another --source NAME",
                self.source()
            )
        })
    }

    fn rejects_hint(&self) -> String {
        let has_more =
            self.preset.is_some() || self.update || self.key.is_some() || self.file.mapping.is_some();
        let same = if has_more { "the same options and " } else { "" };
        format!("import that file with {same}--source {:?}", self.source())
    }

    fn json(&self, _: ImportCounts) -> impl Serialize {
        Json { source: self.source() }
    }
}
