//! The `sync-agent export customers` command.

use clap::Args;
use clientele_shared::model::Status;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use serde::Serialize;

use super::exit::{Exit, print_result};
use super::signals::cancel_on_signals;
use super::target_args::TargetArgs;
use crate::connect;
use crate::export::{
    ExportDestination, ExportError, ExportOptions, ExportTarget, Exported, Exporter, Manifest,
};
use clientele_shared::csv::FormulaGuard;

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Destination: a folder, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "DIR_OR_S3URL")]
    to: ExportTarget,
    #[command(flatten)]
    target: TargetArgs,
    /// Export only customers with this status: ACTIVE, INACTIVE or LEAD
    #[arg(long, value_name = "STATUS")]
    status: Option<Status>,
    /// Export only customers that match this search
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// URL of an S3-compatible server, such as the one that the local stack prints [default: AWS]
    #[arg(long, value_name = "URL")]
    s3_endpoint: Option<String>,
    /// Do not put an apostrophe before cells that a spreadsheet would run as formulas, such as +55 (12)
    /// 3923-5555
    #[arg(long)]
    no_formula_guard: bool,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: ExportArgs) -> Exit {
    match export(&args).await {
        Ok(exported) if args.json => print_json(&exported),
        Ok(exported) => print_result(&summary(&exported), Exit::Done),
        Err(message) => {
            eprintln!("error: {message}");
            Exit::Failed
        }
    }
}

async fn export(args: &ExportArgs) -> Result<Exported, String> {
    let store = args.target.store().await.map_err(|e| e.to_string())?;
    let to = destination(args).await?;
    let cancellation = cancel_on_signals().map_err(|e| format!("cannot listen for Ctrl-C: {e}"))?;
    let options = ExportOptions {
        status: args.status,
        search: args.search.clone(),
        guard: if args.no_formula_guard { FormulaGuard::Off } else { FormulaGuard::On },
    };
    let exporter = Exporter::new(store, args.target.tenant.clone(), args.target.mode, options)
        .with_cancellation(cancellation);
    let bar = ProgressBar::new(0);
    // If the template is invalid, the default style is good enough.
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} % {elapsed} {human_pos} customers")
    {
        bar.set_style(style);
    }
    let mut show_progress = |progress: crate::export::ExportProgress| {
        bar.set_length(progress.total.max(progress.rows));
        bar.set_position(progress.rows);
    };
    let result = exporter.run(&to, &mut show_progress).await;
    bar.finish_and_clear();
    result.map_err(|error| match error {
        ExportError::Store(error) => format!("table {}: {}", args.target.table, error.chain()),
        ExportError::S3 { .. } => format!("{error}; check the bucket's name and your permissions"),
        other => other.to_string(),
    })
}

async fn destination(args: &ExportArgs) -> Result<ExportDestination, String> {
    match &args.to {
        ExportTarget::Folder(folder) => Ok(ExportDestination::Folder(folder.clone())),
        ExportTarget::S3 { bucket, prefix } => {
            let client = connect::s3(args.s3_endpoint.as_deref()).await.map_err(|e| e.to_string())?;
            Ok(ExportDestination::S3 { client, bucket: bucket.clone(), prefix: prefix.clone() })
        }
    }
}

fn summary(exported: &Exported) -> String {
    let Exported { place, manifest, elapsed } = exported;
    format!(
        "exported {} customers ({}) to {place} in {:.1} s",
        HumanCount(manifest.rows),
        HumanBytes(manifest.bytes),
        elapsed.as_secs_f64()
    )
}

/// The result as `--json` prints it.
#[derive(Serialize)]
struct Json<'a> {
    place: &'a str,
    seconds: f64,
    #[serde(flatten)]
    manifest: &'a Manifest,
}

fn print_json(exported: &Exported) -> Exit {
    let json = Json {
        place: &exported.place,
        seconds: exported.elapsed.as_secs_f64(),
        manifest: &exported.manifest,
    };
    match serde_json::to_string(&json) {
        Ok(line) => print_result(&line, Exit::Done),
        Err(error) => {
            eprintln!("error: cannot convert the result to JSON: {error}");
            Exit::Failed
        }
    }
}
