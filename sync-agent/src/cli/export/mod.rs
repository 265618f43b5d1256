//! The `sync-agent export` commands.

mod args;
mod destination;

use clientele_shared::Error as StoreError;
use clientele_shared::model::{ExportFilter, ExportKind};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use serde::Serialize;

pub(super) use self::args::{
    ContactsArgs, CustomersArgs, ExportArgs, ExportCommand, FilterArgs, OrdersArgs, PricesArgs,
};
use self::destination::To;
use super::exit::{Exit, print_result};
use super::signals::cancel_on_signals;
use super::table_failure::explained;
use super::target_args::TargetArgs;
use super::text::{counted, one_line};
use crate::cancellation::CancellationToken;
use crate::export::{ExportDestination, ExportError, ExportOptions, ExportProgress, Exported, Exporter};

/// A finished export, and whether it waits in the spool because S3 cannot be reached.
struct Outcome {
    exported: Exported,
    spooled_because: Option<String>,
}

/// The reason why a command failed.
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) exit: Exit,
}

impl Failure {
    pub(super) fn failed(message: String) -> Self {
        Self { message, exit: Exit::Failed }
    }

    /// Returns the failure of a read or write of the table.
    pub(super) fn of_table(target: &TargetArgs, error: &StoreError) -> Self {
        let (message, exit) = explained(target, error);
        Self { message, exit }
    }
}

/// The result as `--json` prints it.
#[derive(Serialize)]
struct Json<'a> {
    /// Path or address of the file.
    file: &'a str,
    /// Path or address of the manifest.
    manifest: &'a str,
    rows: u64,
    bytes: u64,
    sha256: &'a str,
    filter: &'a ExportFilter,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<u64>,
    incremental: bool,
    spooled: bool,
    seconds: f64,
}

pub(super) async fn run(command: impl ExportCommand) -> Exit {
    let (args, options) = command.parts();
    match export(&args, options).await {
        Ok(outcome) => report(&args, &outcome),
        Err(Failure { message, exit }) => fail(&message, args.json, exit),
    }
}

/// Prints why a command failed; with `--json` also as the result.
pub(super) fn fail(message: &str, json: bool, exit: Exit) -> Exit {
    let message = one_line(message);
    eprintln!("error: {message}");
    if json { print_result(&serde_json::json!({ "error": message }).to_string(), exit) } else { exit }
}

async fn export(args: &ExportArgs, options: ExportOptions) -> Result<Outcome, Failure> {
    let store = args.target.store().await.map_err(|e| Failure::failed(e.to_string()))?;
    let to = To::new(args).await.map_err(Failure::failed)?;
    let cancellation = cancel_on_signals();
    let cancellation = cancellation.map_err(|e| Failure::failed(format!("cannot listen for Ctrl-C: {e}")))?;
    let kind = options.content.kind;
    let exporter = Exporter::new(store, args.target.tenant.clone(), args.target.mode, options)
        .with_cancellation(cancellation.clone());
    let bar = bar();
    let result = export_or_spool(&exporter, &to, &cancellation, &bar).await;
    bar.finish_and_clear();
    let outcome = result.map_err(|error| match &error {
        ExportError::Store(cause) => Failure::of_table(&args.target, cause),
        other => Failure::failed(other.to_string()),
    })?;
    if let Some(reason) = &outcome.exported.full_because {
        eprintln!("exported all {kind}: {reason}");
    }
    Ok(outcome)
}

/// Sends what waits in the spool and exports to the destination, or to the spool if S3 cannot be reached.
async fn export_or_spool(
    exporter: &Exporter,
    to: &To,
    cancellation: &CancellationToken,
    bar: &ProgressBar,
) -> Result<Outcome, ExportError> {
    let mut show = |progress: ExportProgress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
        bar.set_message(format!("{} rows", HumanCount(progress.rows)));
    };
    let error = match send_and_export(exporter, to, cancellation, &mut show).await {
        Ok(exported) => return Ok(Outcome { exported, spooled_because: None }),
        Err(error) if error.is_s3_away() => error,
        Err(error) => return Err(error),
    };
    let Some(spool) = &to.spool else { return Err(error) };
    let exported = exporter.run(&ExportDestination::Folder(spool.folder().to_owned()), &mut show).await?;
    Ok(Outcome { exported, spooled_because: Some(error.to_string()) })
}

async fn send_and_export(
    exporter: &Exporter,
    to: &To,
    cancellation: &CancellationToken,
    show: &mut (dyn FnMut(ExportProgress) + Send),
) -> Result<Exported, ExportError> {
    if let (Some(spool), ExportDestination::S3(bucket)) = (&to.spool, &to.destination) {
        for sent in spool.send(bucket, cancellation).await? {
            eprintln!("sent {sent}, which waited for S3");
        }
    }
    exporter.run(&to.destination, show).await
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    // If the template is invalid, the default style is good enough.
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} % {elapsed} {msg}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

fn report(args: &ExportArgs, outcome: &Outcome) -> Exit {
    let Outcome { exported, spooled_because } = outcome;
    if let Some(reason) = spooled_because {
        eprintln!(
            "warning: {reason}; the export waits in the spool, and the tenant's next export to the same address sends it"
        );
    }
    let exit = if spooled_because.is_some() { Exit::Unreachable } else { Exit::Done };
    if !args.json {
        return print_result(&summary(exported), exit);
    }
    let manifest = &exported.manifest;
    let json = Json {
        file: &exported.place,
        manifest: &exported.manifest_place,
        rows: manifest.rows,
        bytes: manifest.bytes,
        sha256: &manifest.sha256,
        filter: &manifest.filter,
        deleted: manifest.deleted,
        incremental: manifest.since.is_some(),
        spooled: spooled_because.is_some(),
        seconds: exported.elapsed.as_secs_f64(),
    };
    match serde_json::to_string(&json) {
        Ok(line) => print_result(&line, exit),
        Err(error) => {
            eprintln!("error: cannot convert the result to JSON: {error}");
            Exit::Failed
        }
    }
}

fn summary(exported: &Exported) -> String {
    let Exported { place, manifest, elapsed, .. } = exported;
    let row = row_of(manifest.kind);
    let what = match &manifest.since {
        Some(since) => format!("{} since {since}", counted(manifest.rows, &format!("changed {row}"))),
        None => counted(manifest.rows, row),
    };
    format!("exported {what} ({}) to {place} in {:.1} s", HumanBytes(manifest.bytes), elapsed.as_secs_f64())
}

/// Returns what a row of a kind is.
fn row_of(kind: ExportKind) -> &'static str {
    match kind {
        ExportKind::Customers => "customer",
        ExportKind::Contacts => "contact",
        ExportKind::Orders => "order line",
        ExportKind::Prices => "price",
    }
}
