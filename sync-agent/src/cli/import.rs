//! `sync-agent import customers`.

use std::path::PathBuf;

use clap::Args;
use clientele_shared::Error as StoreError;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde::Serialize;

use super::exit::{Exit, tell};
use super::place::Place;
use super::signals::stop_on_signals;
use crate::import::fields::Field;
use crate::import::mapping::ColumnChoice;
use crate::import::{
    ImportCounts, ImportError, ImportEvent, ImportOptions, ImportOutcome, Importer, RejectsTo,
};

/// How many rejected rows are shown.
const REJECTED_SHOWN: u64 = 10;

#[derive(Debug, Args)]
#[command(after_help = fields())]
pub(super) struct ImportArgs {
    /// The CSV file. Its first line names the columns.
    file: PathBuf,
    #[command(flatten)]
    place: Place,
    /// What a column holds, where its name does not say it; COLUMN=- leaves a column out.
    #[arg(long = "map", value_name = "COLUMN=FIELD")]
    columns: Vec<ColumnChoice>,
    /// The column that names a row in its source [default: CustomerId, id, external_id or uuid; a row without id
    /// is named by all of its values].
    #[arg(long, value_name = "COLUMN")]
    id_column: Option<String>,
    /// What the rows come from: a row is imported once from a source [default: the file's name].
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
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

/// What `--map` takes, for the help.
fn fields() -> String {
    format!(
        "The fields: {}.\n\nColumns with these names are known, and so are those of the trades API and of many \
         exports; case, spaces, _ and - do not matter.\n\nExit codes: 0 all rows are in; 1 it failed or was stopped, \
         and can be run again as it is; 2 wrong options; 3 some rows were rejected.",
        Field::all_names()
    )
}

impl ImportArgs {
    fn options(&self) -> ImportOptions {
        let rejects = match &self.rejects {
            Some(file) => RejectsTo::File(file.clone()),
            None if self.dry_run => RejectsTo::Nowhere,
            None => RejectsTo::NewFileIn(PathBuf::new()),
        };
        ImportOptions {
            source: self.source.clone(),
            columns: self.columns.clone(),
            id_column: self.id_column.clone(),
            delimiter: self.delimiter,
            unguard: !self.no_formula_guard,
            dry_run: self.dry_run,
            rejects,
        }
    }
}

pub(super) async fn run(args: ImportArgs) -> Exit {
    let store = match args.place.store().await {
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
    let importer =
        Importer::new(store, args.place.tenant.clone(), args.place.mode, args.options()).stopped_by(stop);
    let mut screen = Screen::new();
    let ended = importer.run(&args.file, &mut |event| screen.show(event)).await;
    screen.bar.finish_and_clear();
    match ended {
        Ok(outcome) => succeeded(&args, &outcome),
        Err(failure) => failed(&args, &failure.error, &failure.so_far),
    }
}

fn succeeded(args: &ImportArgs, outcome: &ImportOutcome) -> Exit {
    let exit = match outcome {
        ImportOutcome { interrupted: true, .. } => Exit::Failed,
        ImportOutcome { counts: ImportCounts { rejected: 1.., .. }, .. } => Exit::SomeRejected,
        _ => Exit::Done,
    };
    if args.json { tell_json(args, outcome, None, exit) } else { tell(&summary(args, outcome), exit) }
}

fn failed(args: &ImportArgs, error: &ImportError, so_far: &ImportOutcome) -> Exit {
    let message = match error {
        ImportError::Store(error) => {
            let table = &args.place.table;
            format!("the table {table}: {}{}", error.chain(), what_to_do(error))
        }
        other => other.to_string(),
    };
    eprintln!("error: {message}");
    let exit = if error.is_usage() { Exit::Usage } else { Exit::Failed };
    if args.json {
        return tell_json(args, so_far, Some(message), exit);
    }
    if so_far.counts.rows() > 0 {
        eprintln!(
            "until then: {}. What is imported stays; run the same command again to go on, rows that are in are \
             left out",
            counts(so_far.counts)
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

fn counts(counts: ImportCounts) -> String {
    let ImportCounts { created, imported_before, rejected } = counts;
    format!(
        "created {}, imported before {}, rejected {}",
        HumanCount(created),
        HumanCount(imported_before),
        HumanCount(rejected)
    )
}

fn summary(args: &ImportArgs, outcome: &ImportOutcome) -> String {
    let (whose, seconds) = (args.place.whose(), outcome.elapsed.as_secs_f64());
    let what = if args.dry_run { "dry run, nothing is written; would be " } else { "" };
    let mut lines = vec![format!(
        "{whose}: {what}{} in {seconds:.1} s ({:.0} rows/s)",
        counts(outcome.counts),
        outcome.rows_per_second()
    )];
    let ImportOutcome { source, columns_left_out, .. } = outcome;
    if !columns_left_out.is_empty() {
        lines.push(format!("not imported: the columns {}", columns_left_out.join(", ")));
    }
    if outcome.counts.imported_before > 0 {
        lines.push(format!(
            "imported before: rows of the source `{source}` with the same ids. If this file has ids of its own, \
             name its source with --source NAME"
        ));
    }
    if let Some(rejects) = &outcome.rejects {
        lines.push(format!(
            "rejected rows: {}. Put them right there, then import that file with --source {source:?}",
            rejects.display()
        ));
    }
    if outcome.interrupted {
        lines.push("stopped before the end of the file: run the same command again to go on".into());
    }
    lines.join("\n")
}

/// The result, for programs.
#[derive(Serialize)]
struct Json<'a> {
    tenant: String,
    dry_run: bool,
    created: u64,
    imported_before: u64,
    rejected: u64,
    seconds: f64,
    rows_per_second: f64,
    interrupted: bool,
    source: &'a str,
    columns_left_out: &'a [String],
    rejects_file: Option<String>,
    error: Option<String>,
}

fn tell_json(args: &ImportArgs, outcome: &ImportOutcome, error: Option<String>, exit: Exit) -> Exit {
    let json = Json {
        tenant: args.place.tenant.to_string(),
        dry_run: args.dry_run,
        created: outcome.counts.created,
        imported_before: outcome.counts.imported_before,
        rejected: outcome.counts.rejected,
        seconds: outcome.elapsed.as_secs_f64(),
        rows_per_second: outcome.rows_per_second(),
        interrupted: outcome.interrupted,
        source: &outcome.source,
        columns_left_out: &outcome.columns_left_out,
        rejects_file: outcome.rejects.as_ref().map(|path| path.display().to_string()),
        error,
    };
    match serde_json::to_string(&json) {
        Ok(line) => tell(&line, exit),
        Err(error) => {
            eprintln!("error: cannot write the result as JSON: {error}");
            Exit::Failed
        }
    }
}

/// What is shown meanwhile, on standard error.
struct Screen {
    /// Shows itself on a terminal only.
    bar: ProgressBar,
    rejected: u64,
}

impl Screen {
    fn new() -> Self {
        let bar = ProgressBar::new(0);
        // The default style is as good when the template is not.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} % {elapsed} {msg}") {
            bar.set_style(style);
        }
        Self { bar, rejected: 0 }
    }

    fn show(&mut self, event: ImportEvent<'_>) {
        match event {
            ImportEvent::Progress(progress) => {
                self.bar.set_length(progress.bytes_total.max(progress.bytes_read));
                self.bar.set_position(progress.bytes_read);
                self.bar.set_message(counts(progress.counts));
            }
            ImportEvent::Rejected(row) => {
                self.rejected += 1;
                self.bar.suspend(|| match self.rejected {
                    ..=REJECTED_SHOWN => eprintln!("rejected: line {}: {}", row.line, row.reason),
                    n if n == REJECTED_SHOWN + 1 => eprintln!("rejected: further rows, not shown here"),
                    _ => {}
                });
            }
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
