//! The `sync-agent import contacts` command.

use clap::Args;
use serde::Serialize;

use super::{AlwaysUpdates, FileArgs, Import, ImportArgs, OutcomeLabels};
use crate::import::contacts::Contacts;
use crate::import::contacts::fields::ContactField;
use crate::import::contacts::key::ContactKey;
use crate::import::field::ImportField as _;
use crate::import::mapping::ColumnChoice;
use crate::import::source::FileMapping;
use crate::import::{ImportCounts, ImportOutcome};

#[derive(Debug, Args)]
#[command(after_help = help())]
pub(in crate::cli) struct ContactArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Field that a column holds, if the column's name is not recognised; COLUMN=- ignores the column; can be
    /// repeated
    #[arg(long = "map", value_name = "COLUMN=FIELD")]
    columns: Vec<ColumnChoice<ContactField>>,
    /// Source of the customers: customerId is then the id under which it imported them, before any other meaning
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Field by which rows without contactId name contacts of their customers: name, email, phone or contactId, which every row
    /// must then have
    #[arg(long, value_name = "FIELD", default_value_t)]
    key: ContactKey,
    #[command(flatten)]
    update: AlwaysUpdates,
    /// Let empty cells clear title, email and phone [default: an empty cell leaves its field unchanged]
    #[arg(long)]
    clear_empty: bool,
}

/// Returns the help text about fields, contacts and exit codes.
fn help() -> String {
    format!(
        "Fields: {}. Columns with these names are recognised; case, spaces, _ and - do not matter.\n\ncustomerId is \
         cust_456, a uuid, an email that exactly one customer has, or with --source the id under which that source \
         imported the customer. A row with contactId (cont_3) changes that contact, or adds it under this id. A row \
         without contactId changes the customer's contact with the same name, or with the same email or phone number if \
         --key says so, or adds one. The file of `export contacts` can be imported again at any time. A customer has at most 50 contacts, one of them primary.\n\n\
         Examples:\n  sync-agent import contacts contacts.csv --dry-run\n  sync-agent import contacts contacts.csv \
         --source crm\n  sync-agent import contacts changes.csv --update --key email --dry-run\n\n\
         Exit codes: 0 all rows are imported; 1 the import failed or was stopped, and the same command can be run again; 2 the options or the file are wrong; 3 \
         some rows were rejected; 5 the table cannot be reached, and the same command can be run again.",
        ContactField::all_names()
    )
}

/// Contacts add nothing to what all imports print.
#[derive(Serialize)]
struct Json {}

impl ImportArgs for ContactArgs {
    type Kind = Contacts;

    fn labels(&self) -> OutcomeLabels {
        OutcomeLabels { written: "created", present: "unchanged" }
    }

    fn file(&self) -> &FileArgs {
        &self.file
    }

    fn import(&self) -> Result<Import<Contacts>, String> {
        let (mapping, _) = self.file.mapping(&self.columns, FileMapping::default())?;
        Ok((Contacts { source: self.source.clone(), key: self.key, clear_empty: self.clear_empty }, mapping))
    }

    fn hint(&self, _: &ImportOutcome) -> Option<String> {
        None
    }

    fn rejects_hint(&self) -> String {
        "import that file with the same options".into()
    }

    fn json(&self, _: ImportCounts) -> impl Serialize {
        Json {}
    }
}
