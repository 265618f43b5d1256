//! `sync-agent import`: what is the same whatever is imported.

mod customers;
mod prices;
mod progress_display;

pub(super) use customers::CustomerArgs;
pub(super) use prices::PriceArgs;

use std::path::PathBuf;

use clap::Args;
use clientele_shared::Error as StoreError;
use indicatif::HumanCount;
use serde::Serialize;

use self::progress_display::ProgressDisplay;
use super::exit::{Exit, print_result};
use super::signals::stop_on_signals;
use super::target_args::TargetArgs;
use crate::import::import_kind::ImportKind;
use crate::import::mapping::ColumnChoice;
use crate::import::{ImportCounts, ImportError, ImportOptions, ImportOutcome, Importer, RejectsTo};

/// Which file, whose records it is for, and how it is read.
#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// The CSV file. Its first line names the columns.
    file: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
    /// What parts the columns: one character, or `tab`.
    #[arg(long, default_value = ",", value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: u8,
    /// Keep the apostrophe before cells such as '=1+1 and '+55, which exports put there against formulas.
    #[arg(long)]
    no_formula_guard: bool,
    /// Read and check everything, write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Where the rejected rows go [default: FILE.rejects.csv in this folder; nowhere in a dry run].
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Tell the result as one line of JSON.
    #[arg(long)]
    json: bool,
}

impl FileArgs {
    fn options<F: Clone>(&self, columns: &[ColumnChoice<F>]) -> ImportOptions<F> {
        let rejects = match &self.rejects {
            Some(file) => RejectsTo::File(file.clone()),
            None if self.dry_run => RejectsTo::Nowhere,
            None => RejectsTo::NewFileIn(PathBuf::new()),
        };
        ImportOptions {
            columns: columns.to_vec(),
            delimiter: self.delimiter,
            unguard: !self.no_formula_guard,
            dry_run: self.dry_run,
            rejects,
        }
    }
}

/// What was typed about one kind of import, and how its result is told.
pub(super) trait Imported {
    type ImportKind: ImportKind;

    /// What becomes of rows, in the words of this import.
    const LABELS: OutcomeLabels;

    fn file(&self) -> &FileArgs;

    fn columns(&self) -> &[ColumnChoice<<Self::ImportKind as ImportKind>::Field>];

    fn kind(&self) -> Self::ImportKind;

    /// What the counts do not say by themselves.
    fn hint(&self, outcome: &ImportOutcome) -> Option<String>;

    /// How rows come in that were rejected, once they are put right.
    fn rejects_hint(&self) -> String;

    /// The counts, for programs.
    fn json(&self, counts: ImportCounts) -> impl Serialize;
}

/// What becomes of rows that are good.
#[derive(Debug, Clone, Copy)]
pub(super) struct OutcomeLabels {
    written: &'static str,
    present: &'static str,
}

impl OutcomeLabels {
    fn of(self, counts: ImportCounts) -> String {
        format!(
            "{} {}, {} {}, rejected {}",
            self.written,
            HumanCount(counts.written),
            self.present,
            HumanCount(counts.present),
            HumanCount(counts.rejected)
        )
    }
}

/// Imports what was typed.
pub(super) async fn run<A: Imported>(args: A) -> Exit {
    let file = args.file();
    let store = match file.target.store().await {
        Ok(store) => store,
        Err(error) => {
            eprintln!("error: {error}");
            return Exit::Failed;
        }
    };
    let stop = match stop_on_signals() {
        Ok(stop) => stop,
        Err(error) => {
            eprintln!("error: cannot listen to Ctrl-C: {error}");
            return Exit::Failed;
        }
    };
    let options = file.options(args.columns());
    let TargetArgs { tenant, mode, .. } = &file.target;
    let importer = Importer::new(store, tenant.clone(), *mode, args.kind(), options).stopped_by(stop);
    let mut display = ProgressDisplay::new(A::LABELS);
    let ended = importer.run(&file.file, &mut |event| display.show(event)).await;
    display.clear();
    match ended {
        Ok(outcome) => succeeded(&args, &outcome),
        Err(failure) => failed(&args, &failure.error, &failure.so_far),
    }
}

fn succeeded<A: Imported>(args: &A, outcome: &ImportOutcome) -> Exit {
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

fn failed<A: Imported>(args: &A, error: &ImportError, so_far: &ImportOutcome) -> Exit {
    let message = match error {
        ImportError::Store(error) => {
            let table = &args.file().target.table;
            format!("the table {table}: {}{}", error.chain(), what_to_do(error))
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
            "until then: {}. What is imported stays; run the same command again to go on, rows that are in are \
             left out",
            A::LABELS.of(so_far.counts)
        );
    }
    exit
}

fn what_to_do(error: &StoreError) -> &'static str {
    match error {
        StoreError::Throttled { .. } => {
            ". The table takes no more for now: run the import again as it is, later"
        }
        StoreError::Unavailable { .. } => {
            ". The table cannot be reached: check the network and the address, then run the import again as it is"
        }
        _ => "",
    }
}

fn summary<A: Imported>(args: &A, outcome: &ImportOutcome) -> String {
    let (whose, seconds) = (args.file().target.whose(), outcome.elapsed.as_secs_f64());
    let what = if args.file().dry_run { "dry run, nothing is written; would be " } else { "" };
    let mut lines = vec![format!(
        "{whose}: {what}{} in {seconds:.1} s ({:.0} rows/s)",
        A::LABELS.of(outcome.counts),
        outcome.rows_per_second()
    )];
    if !outcome.columns_left_out.is_empty() {
        lines.push(format!("not imported: the columns {}", outcome.columns_left_out.join(", ")));
    }
    lines.extend(args.hint(outcome));
    if let Some(rejects) = &outcome.rejects {
        lines.push(format!(
            "rejected rows: {}. Put them right there, then {}",
            rejects.display(),
            args.rejects_hint()
        ));
    }
    if outcome.interrupted {
        lines.push("stopped before the end of the file: run the same command again to go on".into());
    }
    lines.join("\n")
}

/// The result, for programs.
#[derive(Serialize)]
struct Json<'a, C> {
    tenant: String,
    dry_run: bool,
    #[serde(flatten)]
    counts: C,
    seconds: f64,
    rows_per_second: f64,
    interrupted: bool,
    columns_left_out: &'a [String],
    rejects_file: Option<String>,
    error: Option<String>,
}

fn print_json<A: Imported>(args: &A, outcome: &ImportOutcome, error: Option<String>, exit: Exit) -> Exit {
    let json = Json {
        tenant: args.file().target.tenant.to_string(),
        dry_run: args.file().dry_run,
        counts: args.json(outcome.counts),
        seconds: outcome.elapsed.as_secs_f64(),
        rows_per_second: outcome.rows_per_second(),
        interrupted: outcome.interrupted,
        columns_left_out: &outcome.columns_left_out,
        rejects_file: outcome.rejects.as_ref().map(|path| path.display().to_string()),
        error,
    };
    match serde_json::to_string(&json) {
        Ok(line) => print_result(&line, exit),
        Err(error) => {
            eprintln!("error: cannot write the result as JSON: {error}");
            Exit::Failed
        }
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" => Ok(b'\t'),
        [one] if one.is_ascii() && !one.is_ascii_alphanumeric() && !b"\"\r\n".contains(one) => Ok(*one),
        _ => Err("write one character such as `;`, or `tab`".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_one_character() {
        assert_eq!(delimiter(";"), Ok(b';'));
        assert_eq!(delimiter("tab"), Ok(b'\t'));
        for wrong in ["", "ab", "a", "\"", "é"] {
            assert!(delimiter(wrong).is_err(), "{wrong}");
        }
    }
}
