//! The `sync-agent import` command: the parts that all kinds of import share.

mod contacts;
mod customers;
mod orders;
mod prices;
mod progress_display;
mod report;
mod resume;

pub(super) use contacts::ContactArgs;
pub(super) use customers::CustomerArgs;
pub(super) use orders::OrderArgs;
pub(super) use prices::PriceArgs;

use std::path::PathBuf;

use clap::Args;
use encoding_rs::Encoding;
use indicatif::HumanCount;
use serde::Serialize;

use self::progress_display::ProgressDisplay;
use self::report::{failed, print_error, succeeded};
use super::exit::Exit;
use super::signals::cancel_on_signals;
use super::target_args::TargetArgs;
use crate::import::field::ImportField;
use crate::import::import_kind::ImportKind;
use crate::import::mapping::ColumnChoice;
use crate::import::mapping_file::MappingFile;
use crate::import::source::FileMapping;
use crate::import::text::encoding;
use crate::import::{ImportCounts, ImportOptions, ImportOutcome, Importer, RejectsTo};

/// The file to import, its tenant and table, and how to read it.
#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// CSV file; its first line must name the columns
    file: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
    /// Column delimiter: one character, or `tab`; a first line such as `sep=;` in the file takes precedence
    #[arg(long, default_value = ",", value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: u8,
    /// Mapping file of the source, in TOML: the column of each field, columns to join, values to translate, constants
    #[arg(long, value_name = "FILE.toml")]
    mapping: Option<PathBuf>,
    /// Save the mapping of the file's columns, as recognised and chosen, to a new file for --mapping; add --dry-run to
    /// import nothing
    #[arg(long, value_name = "FILE.toml")]
    save_mapping: Option<PathBuf>,
    /// Encoding of the file, such as utf-16le, windows-1252 or macroman [default: UTF-8, or UTF-16 with a byte order mark]
    #[arg(long, value_name = "NAME", value_parser = encoding)]
    encoding: Option<&'static Encoding>,
    /// Import nothing if a column has values and is not imported
    #[arg(long)]
    strict: bool,
    /// Keep the apostrophe that exports put before formulas, as in '=1+1 and '+55
    #[arg(long)]
    no_formula_guard: bool,
    /// Read and check every row and show what would change, but import nothing
    #[arg(long)]
    dry_run: bool,
    /// File for the rejected rows; an existing file is replaced only if it is such a report [default: a new file FILE.rejects.csv in the
    /// current directory; none in a dry run]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
}

/// An option of imports that always change records that exist: it lets a script pass the same options to each import.
#[derive(Debug, Args)]
pub(super) struct AlwaysUpdates {
    /// Change records that exist already, as this import does in any case
    #[arg(long)]
    update: bool,
}

impl FileArgs {
    fn options<F>(&self, mapping: FileMapping<F>) -> ImportOptions<F> {
        let rejects = match &self.rejects {
            Some(file) => RejectsTo::File(file.clone()),
            None if self.dry_run => RejectsTo::Nowhere,
            None => RejectsTo::NewFileIn(PathBuf::new()),
        };
        ImportOptions {
            columns: mapping.columns,
            constants: mapping.constants,
            rules: mapping.rules,
            save_mapping: self.save_mapping.clone(),
            delimiter: self.delimiter,
            encoding: self.encoding,
            strict: self.strict,
            unguard: !self.no_formula_guard,
            dry_run: self.dry_run,
            rejects,
        }
    }
}

impl FileArgs {
    /// Returns the mapping that the caller chooses: with --map, else in the mapping file, else by a preset (`base`).
    fn mapping<F: ImportField>(
        &self,
        columns: &[ColumnChoice<F>],
        base: FileMapping<F>,
    ) -> Result<(FileMapping<F>, Option<MappingFile>), String> {
        let mut mapping = FileMapping { columns: columns.to_vec(), ..base };
        let Some(path) = &self.mapping else { return Ok((mapping, None)) };
        let file = MappingFile::read(path).map_err(|error| error.to_string())?;
        let of_file: FileMapping<F> = file.file(path).map_err(|error| error.to_string())?;
        let is_chosen = |choice: &ColumnChoice<F>| {
            columns.iter().any(|one| one.column == choice.column || one.field == choice.field)
        };
        mapping.columns.extend(of_file.columns.into_iter().filter(|choice| !is_chosen(choice)));
        mapping.constants = of_file.constants;
        let base = std::mem::replace(&mut mapping.rules, of_file.rules);
        let has_source = |field| mapping.rules.sources.iter().any(|source| source.field == field);
        let sources = base.sources.into_iter().filter(|source| !has_source(source.field)).collect::<Vec<_>>();
        mapping.rules.sources.extend(sources);
        mapping.rules.ignored.extend(base.ignored);
        mapping.rules.values.splice(0..0, base.values);
        mapping.rules.product = mapping.rules.product.take().or(base.product);
        Ok((mapping, Some(file)))
    }
}

/// A kind of record with its options, and the mapping of the file.
type Import<K> = (K, FileMapping<<K as ImportKind>::Field>);

/// The arguments of one import command, and the texts of its result.
pub(super) trait ImportArgs {
    type Kind: ImportKind;

    /// Returns the labels of the row counts.
    fn labels(&self) -> OutcomeLabels;

    fn file(&self) -> &FileArgs;

    /// Returns the kind of record with its options, and the mapping of the file.
    ///
    /// # Errors
    /// Returns what is wrong with the mapping file.
    fn import(&self) -> Result<Import<Self::Kind>, String>;

    /// Returns a line that explains the counts, if they need one.
    fn hint(&self, outcome: &ImportOutcome) -> Option<String>;

    /// Returns how to import the rejected rows once they are corrected, to follow "then".
    fn rejects_hint(&self) -> String;

    /// Returns what `--json` prints in addition to what all imports print.
    fn json(&self, counts: ImportCounts) -> impl Serialize;
}

/// The labels of the counts of accepted rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct OutcomeLabels {
    written: &'static str,
    present: &'static str,
}

impl OutcomeLabels {
    fn describe(self, counts: ImportCounts) -> String {
        // Only some imports change records, and only orders are removed.
        let changed = [("updated", counts.updated), ("removed", counts.removed)];
        let changed = changed.iter().filter(|(_, count)| *count > 0);
        let changed: String =
            changed.map(|(label, count)| format!("{label} {}, ", HumanCount(*count))).collect();
        format!(
            "{} {}, {changed}{} {}, rejected {}",
            self.written,
            HumanCount(counts.written),
            self.present,
            HumanCount(counts.present),
            HumanCount(counts.rejected)
        )
    }
}

/// Runs an import and prints its result.
pub(super) async fn run<A: ImportArgs>(args: A) -> Exit {
    let file = args.file();
    let (kind, mapping) = match args.import() {
        Ok(import) => import,
        Err(error) => {
            print_error(&error);
            return Exit::Usage;
        }
    };
    let store = match file.target.store().await {
        Ok(store) => store,
        Err(error) => {
            print_error(&error.to_string());
            return Exit::Failed;
        }
    };
    let cancellation = match cancel_on_signals() {
        Ok(cancellation) => cancellation,
        Err(error) => {
            print_error(&format!("cannot listen for Ctrl-C: {error}"));
            return Exit::Failed;
        }
    };
    let options = file.options(mapping);
    let TargetArgs { tenant, mode, .. } = &file.target;
    let importer = Importer::new(store, tenant.clone(), *mode, kind, options).with_cancellation(cancellation);
    let mut display = ProgressDisplay::new(args.labels());
    let result = importer.run(&file.file, &mut |event| display.show(event)).await;
    display.clear();
    match result {
        Ok(outcome) => succeeded(&args, &outcome),
        Err(failure) => failed(&args, &failure.error, &failure.so_far),
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" => Ok(b'\t'),
        [one] if one.is_ascii() && !one.is_ascii_alphanumeric() && !b"\"\r\n".contains(one) => Ok(*one),
        _ => Err(
            "must be `tab`, or one ASCII character such as `;` that is not a letter, digit or quotation mark"
                .into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiter_must_be_tab_or_one_symbol() {
        assert_eq!(delimiter(";"), Ok(b';'));
        assert_eq!(delimiter("tab"), Ok(b'\t'));
        for wrong in ["", "ab", "a", "\"", "é"] {
            assert!(delimiter(wrong).is_err(), "{wrong}");
        }
    }
}
