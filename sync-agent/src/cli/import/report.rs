//! The result of an import: a text for people, or one line of JSON.

use clientele_shared::Error as StoreError;
use clientele_shared::rules::text::escaped;
use indicatif::HumanCount;
use serde::Serialize;

use super::ImportArgs;
use super::resume::command;
use crate::cli::exit::{Exit, print_result};
use crate::cli::table_failure::explained;
use crate::cli::text::one_line;
use crate::import::{ImportCounts, ImportError, ImportOutcome, RowChange};

/// Maximum number of changed records that the text of a dry run shows.
const MAX_CHANGES_SHOWN: usize = 20;
/// Maximum length of a value in the text of a dry run, in characters.
const MAX_VALUE_SHOWN: usize = 60;

/// Prints an error on one line.
pub(super) fn print_error(message: &str) {
    eprintln!("error: {}", one_line(message));
}

pub(super) fn succeeded<A: ImportArgs>(args: &A, outcome: &ImportOutcome) -> Exit {
    let exit = match outcome {
        ImportOutcome { interrupted: true, .. } => Exit::Failed,
        ImportOutcome { counts: ImportCounts { rejected: 1.., .. }, .. } => Exit::SomeRejected,
        _ => Exit::Done,
    };
    if args.file().json {
        if outcome.interrupted {
            eprintln!("{}", continuation());
        }
        print_json(args, outcome, None, exit)
    } else {
        print_result(&summary(args, outcome), exit)
    }
}

pub(super) fn failed<A: ImportArgs>(args: &A, error: &ImportError, so_far: &ImportOutcome) -> Exit {
    let target = &args.file().target;
    let (message, exit) = match error {
        // These concern the file, not the table.
        ImportError::Store(error @ StoreError::Invalid(_)) => (error.to_string(), Exit::Failed),
        ImportError::Store(error) => explained(target, error),
        other => (other.to_string(), if other.is_usage() { Exit::Usage } else { Exit::Failed }),
    };
    print_error(&message);
    if so_far.counts.rows() > 0 {
        eprintln!(
            "before the failure: {}. Imported rows are kept; run the same command again and it skips them: {}",
            args.labels().describe(so_far.counts),
            command()
        );
    }
    if args.file().json { print_json(args, so_far, Some(message), exit) } else { exit }
}

/// Returns how a stopped import is continued.
fn continuation() -> String {
    format!("stopped before the end of the file; to continue, run: {}", command())
}

fn summary<A: ImportArgs>(args: &A, outcome: &ImportOutcome) -> String {
    let (target, seconds) = (args.file().target.label(), outcome.elapsed.as_secs_f64());
    let dry_run = if args.file().dry_run { "dry run, nothing was written; would have " } else { "" };
    let mut lines = changes(outcome);
    lines.push(format!(
        "{target}: {dry_run}{} in {seconds:.1} s ({:.0} rows/s)",
        args.labels().describe(outcome.counts),
        outcome.rows_per_second()
    ));
    if !outcome.columns_left_out.is_empty() {
        lines.push(format!("columns not imported: {}", outcome.columns_left_out.join(", ")));
    }
    lines.extend(outcome.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.extend(questionable(outcome));
    lines.extend(args.hint(outcome));
    if let Some(rejects) = &outcome.rejects {
        lines.push(format!(
            "rejected rows are in {}; correct them there, then {}",
            rejects.display(),
            args.rejects_hint()
        ));
    }
    if outcome.interrupted {
        lines.push(continuation());
    }
    lines.join("\n")
}

/// Returns a line for each field that a dry run would change, for the first records.
fn changes(outcome: &ImportOutcome) -> Vec<String> {
    let mut lines = Vec::new();
    for RowChange { id, changes, .. } in outcome.changes.iter().take(MAX_CHANGES_SHOWN) {
        for change in changes {
            let (old, new) = (value(&change.old), value(&change.new));
            lines.push(format!("{id} {}: {old} → {new}", change.field));
        }
    }
    let rest = outcome.counts.updated.saturating_sub(MAX_CHANGES_SHOWN as u64);
    if rest > 0 && !outcome.changes.is_empty() {
        lines.push(format!("and {} more; --json lists them", HumanCount(rest)));
    }
    lines
}

/// Returns a value for a line of text.
fn value(text: &str) -> String {
    match text.char_indices().nth(MAX_VALUE_SHOWN) {
        _ if text.is_empty() => "(empty)".to_owned(),
        Some((end, _)) => format!("{}…", escaped(&text[..end])),
        None => escaped(text),
    }
}

/// Returns a line about emails and phone numbers that an API would refuse, if there are any.
fn questionable(outcome: &ImportOutcome) -> Option<String> {
    let findings = outcome.findings;
    let count = |count: u64, one: &str, many: &str| {
        (count > 0).then(|| format!("{} {}", HumanCount(count), if count == 1 { one } else { many }))
    };
    let parts: Vec<String> = [
        count(findings.questionable_emails, "email", "emails"),
        count(findings.questionable_phones, "phone number", "phone numbers"),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| {
        format!(
            "imported as they are, although an API would refuse them: {} (an email needs name@domain, a phone number \
             ten digits)",
            parts.join(" and ")
        )
    })
}

/// The result as `--json` prints it.
#[derive(Serialize)]
struct Json<'a, E> {
    tenant: String,
    dry_run: bool,
    created: u64,
    updated: u64,
    unchanged: u64,
    rejected: u64,
    #[serde(flatten)]
    extra: E,
    seconds: f64,
    rows_per_second: f64,
    interrupted: bool,
    ignored_columns: &'a [String],
    warnings: &'a [String],
    /// Preset for the file, if its header is that of a well-known export.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed_preset: Option<&'static str>,
    /// Rows that are imported already and differ from their records now.
    differing: u64,
    questionable: Questionable,
    /// The changes of a dry run, and how many further records would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<&'a [RowChange]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes_omitted: Option<u64>,
    rejects_file: Option<String>,
    error: Option<String>,
}

/// The number of rows with an email or a phone number that an API would refuse.
#[derive(Serialize)]
struct Questionable {
    emails: u64,
    phones: u64,
}

fn print_json<A: ImportArgs>(args: &A, outcome: &ImportOutcome, error: Option<String>, exit: Exit) -> Exit {
    let (counts, dry_run) = (outcome.counts, args.file().dry_run);
    let json = Json {
        tenant: args.file().target.tenant.to_string(),
        dry_run,
        created: counts.written,
        updated: counts.updated,
        unchanged: counts.present,
        rejected: counts.rejected,
        extra: args.json(counts),
        seconds: outcome.elapsed.as_secs_f64(),
        rows_per_second: outcome.rows_per_second(),
        interrupted: outcome.interrupted,
        ignored_columns: &outcome.columns_left_out,
        warnings: &outcome.warnings,
        proposed_preset: outcome.proposal.as_ref().map(|(preset, _)| *preset),
        differing: outcome.findings.differing,
        questionable: Questionable {
            emails: outcome.findings.questionable_emails,
            phones: outcome.findings.questionable_phones,
        },
        changes: dry_run.then_some(outcome.changes.as_slice()),
        changes_omitted: dry_run.then(|| counts.updated.saturating_sub(outcome.changes.len() as u64)),
        rejects_file: outcome.rejects.as_ref().map(|path| path.display().to_string()),
        error,
    };
    match serde_json::to_string(&json) {
        Ok(line) => print_result(&line, exit),
        Err(error) => {
            print_error(&format!("cannot convert the result to JSON: {error}"));
            Exit::Failed
        }
    }
}
