//! The `sync-agent import` command: the parts that customers, orders and prices share.

mod customers;
mod orders;
mod prices;
mod progress_display;

pub(super) use customers::CustomerArgs;
pub(super) use orders::OrderArgs;
pub(super) use prices::PriceArgs;

use std::path::PathBuf;

use clap::Args;
use clientele_shared::Error as StoreError;
use indicatif::HumanCount;
use serde::Serialize;

use self::progress_display::ProgressDisplay;
use super::exit::{Exit, print_result};
use super::signals::cancel_on_signals;
use super::target_args::TargetArgs;
use crate::import::import_kind::ImportKind;
use crate::import::mapping_file::FileMapping;
use crate::import::{ImportCounts, ImportError, ImportOptions, ImportOutcome, Importer, RejectsTo};

/// The file to import, its tenant and table, and how to read it.
#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// CSV file; its first line must name the columns
    file: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
    /// Column delimiter: one character, or `tab`
    #[arg(long, default_value = ",", value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: u8,
    /// Keep the apostrophe that exports put before formulas, as in '=1+1 and '+55
    #[arg(long)]
    no_formula_guard: bool,
    /// Read and check every row, but import nothing
    #[arg(long)]
    dry_run: bool,
    /// File for the rejected rows, overwritten if it exists [default: a new file FILE.rejects.csv in the
    /// current directory; none in a dry run]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
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
            delimiter: self.delimiter,
            unguard: !self.no_formula_guard,
            dry_run: self.dry_run,
            rejects,
        }
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

    /// Returns the counts as `--json` prints them.
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
            eprintln!("error: {error}");
            return Exit::Usage;
        }
    };
    let store = match file.target.store().await {
        Ok(store) => store,
        Err(error) => {
            eprintln!("error: {error}");
            return Exit::Failed;
        }
    };
    let cancellation = match cancel_on_signals() {
        Ok(cancellation) => cancellation,
        Err(error) => {
            eprintln!("error: cannot listen for Ctrl-C: {error}");
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

fn succeeded<A: ImportArgs>(args: &A, outcome: &ImportOutcome) -> Exit {
    let exit = match outcome {
        ImportOutcome { interrupted: true, .. } => Exit::Failed,
        ImportOutcome { counts: ImportCounts { rejected: 1.., .. }, .. } => Exit::SomeRejected,
        _ => Exit::Done,
    };
    if args.file().json {
        print_json(args, outcome, None, exit)
    } else {
        print_result(&summary(args, outcome), exit)
    }
}

fn failed<A: ImportArgs>(args: &A, error: &ImportError, so_far: &ImportOutcome) -> Exit {
    let message = match error {
        // These concern the file, not the table.
        ImportError::Store(error @ StoreError::Invalid(_)) => error.to_string(),
        ImportError::Store(error) => {
            let table = &args.file().target.table;
            format!("table {table}: {}{}", error.chain(), remedy(error))
        }
        other => other.to_string(),
    };
    eprintln!("error: {message}");
    let exit = if error.is_usage() { Exit::Usage } else { Exit::Failed };
    if args.file().json {
        return print_json(args, so_far, Some(message), exit);
    }
    if so_far.counts.rows() > 0 {
        eprintln!(
            "before the failure: {}. Imported rows are kept; run the same command again and it skips them",
            args.labels().describe(so_far.counts)
        );
    }
    exit
}

/// Returns what to do about an error, to follow its message.
fn remedy(error: &StoreError) -> &'static str {
    match error {
        StoreError::Throttled { .. } => "; the table is at its capacity, so run the same command again later",
        StoreError::Unavailable { .. } => {
            "; the table cannot be reached, so check the network and the address, then run the same command \
             again"
        }
        _ => "",
    }
}

fn summary<A: ImportArgs>(args: &A, outcome: &ImportOutcome) -> String {
    let (target, seconds) = (args.file().target.label(), outcome.elapsed.as_secs_f64());
    let dry_run = if args.file().dry_run { "dry run, nothing was written; would have " } else { "" };
    let mut lines = vec![format!(
        "{target}: {dry_run}{} in {seconds:.1} s ({:.0} rows/s)",
        args.labels().describe(outcome.counts),
        outcome.rows_per_second()
    )];
    if !outcome.columns_left_out.is_empty() {
        lines.push(format!("columns not imported: {}", outcome.columns_left_out.join(", ")));
    }
    lines.extend(outcome.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.extend(args.hint(outcome));
    if let Some(rejects) = &outcome.rejects {
        lines.push(format!(
            "rejected rows are in {}; correct them there, then {}",
            rejects.display(),
            args.rejects_hint()
        ));
    }
    if outcome.interrupted {
        lines.push("stopped before the end of the file; run the same command again to continue".into());
    }
    lines.join("\n")
}

/// The result as `--json` prints it.
#[derive(Serialize)]
struct Json<'a, C> {
    tenant: String,
    dry_run: bool,
    #[serde(flatten)]
    counts: C,
    seconds: f64,
    rows_per_second: f64,
    interrupted: bool,
    ignored_columns: &'a [String],
    warnings: &'a [String],
    rejects_file: Option<String>,
    error: Option<String>,
}

fn print_json<A: ImportArgs>(args: &A, outcome: &ImportOutcome, error: Option<String>, exit: Exit) -> Exit {
    let json = Json {
        tenant: args.file().target.tenant.to_string(),
        dry_run: args.file().dry_run,
        counts: args.json(outcome.counts),
        seconds: outcome.elapsed.as_secs_f64(),
        rows_per_second: outcome.rows_per_second(),
        interrupted: outcome.interrupted,
        ignored_columns: &outcome.columns_left_out,
        warnings: &outcome.warnings,
        rejects_file: outcome.rejects.as_ref().map(|path| path.display().to_string()),
        error,
    };
    match serde_json::to_string(&json) {
        Ok(line) => print_result(&line, exit),
        Err(error) => {
            eprintln!("error: cannot convert the result to JSON: {error}");
            Exit::Failed
        }
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
