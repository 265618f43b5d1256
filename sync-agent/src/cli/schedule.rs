//! The `sync-agent schedule` commands.

use clap::{Args, Subcommand};
use clientele_shared::Error;
use clientele_shared::model::{
    Every, ExportColumns, ExportContent, ExportFormat, ExportKind, ExportSchedule, ScheduleName, Tenant,
    TimeOfDay, Timestamp,
};
use clientele_shared::store::Store;
use serde::Serialize;

use super::exit::{Exit, print_result};
use super::export::{Failure, FilterArgs, fail};
use super::target_args::TargetArgs;
use crate::export::ExportTarget;

#[derive(Debug, Subcommand)]
pub(super) enum ScheduleCommand {
    /// Schedule an export to S3, in place of the one with the same name
    Set(Box<SetArgs>),
    /// List the scheduled exports of a tenant
    List(ListArgs),
    /// Remove a scheduled export; the files that it has exported stay
    Remove(RemoveArgs),
}

/// The options that every command has.
#[derive(Debug, Args)]
pub(super) struct CommonArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Print the schedules as one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sync-agent schedule set daily --what customers --to s3://BUCKET/daily --every day --at 05:30 --tenant acme
  sync-agent schedule set orders --what orders --to s3://BUCKET/orders --every hour --format parquet --incremental \
--tenant acme")]
pub(super) struct SetArgs {
    /// Name of the schedule: letters, digits, `-` and `_`
    name: ScheduleName,
    #[command(flatten)]
    common: CommonArgs,
    /// Records to export
    #[arg(long, default_value = "customers", value_name = "customers|contacts|orders|prices")]
    what: ExportKind,
    /// Destination, which the function `export-scheduled` must be allowed to write to
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    to: ExportTarget,
    /// How often: every hour at the minute of --at, every day, or every Monday
    #[arg(long, default_value = "day", value_name = "hour|day|week")]
    every: Every,
    /// Time in UTC; the export is made within 15 minutes after it
    #[arg(long, default_value = "00:00", value_name = "HH:MM")]
    at: TimeOfDay,
    /// Format of the file
    #[arg(long, default_value = "csv", value_name = "csv|csv.gz|parquet")]
    format: ExportFormat,
    /// Columns of customers: `documented` as the CSV routes have them, or `full` for every field that can be stored
    #[arg(long, default_value = "documented", value_name = "documented|full")]
    columns: ExportColumns,
    /// Export only what has changed since the last export to this destination, deletions included
    #[arg(long)]
    incremental: bool,
    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sync-agent schedule list --tenant acme")]
pub(super) struct ListArgs {
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sync-agent schedule remove daily --tenant acme")]
pub(super) struct RemoveArgs {
    /// Name of the schedule
    name: ScheduleName,
    #[command(flatten)]
    common: CommonArgs,
}

/// A schedule as `--json` prints it.
#[derive(Serialize)]
struct Json<'a> {
    name: &'a ScheduleName,
    #[serde(flatten)]
    content: &'a ExportContent,
    to: &'a str,
    every: Every,
    at: TimeOfDay,
    next_at: String,
    last_at: Option<String>,
    last_result: Option<&'a str>,
}

impl<'a> From<&'a ExportSchedule> for Json<'a> {
    fn from(schedule: &'a ExportSchedule) -> Self {
        Self {
            name: &schedule.name,
            content: &schedule.content,
            to: &schedule.to,
            every: schedule.every,
            at: schedule.at,
            next_at: schedule.next_at.to_rfc3339_seconds(),
            last_at: schedule.last_at.map(Timestamp::to_rfc3339_seconds),
            last_result: schedule.last_result.as_deref(),
        }
    }
}

pub(super) async fn run(command: ScheduleCommand) -> Exit {
    let common = match &command {
        ScheduleCommand::Set(args) => &args.common,
        ScheduleCommand::List(args) => &args.common,
        ScheduleCommand::Remove(args) => &args.common,
    };
    match carry_out(&command, common).await {
        Ok(schedules) => print(&schedules, common),
        Err(Failure { message, exit }) => fail(&message, common.json, exit),
    }
}

/// Carries out the command; returns the schedules afterwards.
async fn carry_out(command: &ScheduleCommand, common: &CommonArgs) -> Result<Vec<ExportSchedule>, Failure> {
    let TargetArgs { tenant: id, mode, .. } = &common.target;
    let store = common.target.store().await.map_err(|e| Failure::failed(e.to_string()))?;
    let failed = |error: Error| Failure::of_table(&common.target, &error);
    store.tenant_settings(id).await.map_err(|error| match error {
        Error::NotFound(_) => Failure::failed(format!(
            "tenant `{id}` does not exist; create it with `clientele tenant create {id}`, or pass another --tenant NAME"
        )),
        error => failed(error),
    })?;
    let tenant = Tenant::new(id, *mode);
    match command {
        ScheduleCommand::Set(args) => {
            let schedule = schedule(args, &store)?;
            check_others(&schedule, &store.schedules_list(&tenant).await.map_err(failed)?)?;
            store.schedule_put(&tenant, &schedule).await.map_err(failed)?;
        }
        ScheduleCommand::List(_) => {}
        ScheduleCommand::Remove(args) => {
            let schedules = store.schedules_list(&tenant).await.map_err(failed)?;
            if !schedules.iter().any(|schedule| schedule.name == args.name) {
                return Err(Failure::failed(format!(
                    "there is no schedule `{}`; `sync-agent schedule list` has the names",
                    args.name
                )));
            }
            store.schedule_delete(&tenant, &args.name).await.map_err(failed)?;
        }
    }
    store.schedules_list(&tenant).await.map_err(failed)
}

fn schedule(args: &SetArgs, store: &Store) -> Result<ExportSchedule, Failure> {
    let ExportTarget::S3 { bucket, prefix } = &args.to else {
        return Err(usage(
            "--to must be s3://BUCKET/PREFIX, because a scheduled export has no folder that lasts".into(),
        ));
    };
    let is_filtered = args.filter.status.is_some() || args.filter.search.is_some();
    if is_filtered && matches!(args.what, ExportKind::Orders | ExportKind::Prices) {
        return Err(usage(format!("--status and --search do not select {}; leave them out", args.what)));
    }
    let content = ExportContent {
        kind: args.what,
        filter: args.filter.clone().into(),
        columns: args.columns,
        format: args.format,
        incremental: args.incremental,
    };
    Ok(ExportSchedule {
        name: args.name.clone(),
        content,
        to: format!("s3://{bucket}/{}", prefix.trim_end_matches('/')),
        every: args.every,
        at: args.at,
        next_at: ExportSchedule::due_after(args.every, args.at, store.ambient().now()),
        last_at: None,
        last_result: None,
    })
}

/// Refuses a schedule by which incremental exports, its own or another's, would be complete: an incremental export continues the
/// export that latest.json names, and only if that has the same content.
fn check_others(schedule: &ExportSchedule, all: &[ExportSchedule]) -> Result<(), Failure> {
    let is_other = |other: &&ExportSchedule| {
        other.name != schedule.name
            && other.to == schedule.to
            && other.content.kind == schedule.content.kind
            && (other.content.incremental || schedule.content.incremental)
            && differs(&other.content, &schedule.content)
    };
    match all.iter().find(is_other) {
        Some(other) => Err(Failure::failed(format!(
            "the schedule `{}` exports {} to {} with another filter, format or columns, so an incremental export could \
             not continue the last one and would be complete; choose another --to, or remove that schedule first",
            other.name, other.content.kind, other.to
        ))),
        None => Ok(()),
    }
}

/// Returns whether neither of two exports of a kind continues the other.
fn differs(one: &ExportContent, other: &ExportContent) -> bool {
    // Only customers have a choice of columns.
    let has_columns = one.kind == ExportKind::Customers;
    one.filter != other.filter || one.format != other.format || (has_columns && one.columns != other.columns)
}

fn usage(message: String) -> Failure {
    Failure { message, exit: Exit::Usage }
}

fn print(schedules: &[ExportSchedule], common: &CommonArgs) -> Exit {
    if common.json {
        let json: Vec<Json<'_>> = schedules.iter().map(Json::from).collect();
        return match serde_json::to_string(&json) {
            Ok(line) => print_result(&line, Exit::Done),
            Err(error) => {
                eprintln!("error: cannot convert the result to JSON: {error}");
                Exit::Failed
            }
        };
    }
    if schedules.is_empty() {
        return print_result(&format!("{}: no scheduled exports", common.target.label()), Exit::Done);
    }
    let lines: Vec<String> = schedules.iter().map(line).collect();
    print_result(&lines.join("\n"), Exit::Done)
}

fn line(schedule: &ExportSchedule) -> String {
    let ExportContent { kind, format, incremental, .. } = &schedule.content;
    let what = if *incremental { format!("changed {kind}") } else { kind.to_string() };
    let last = match (&schedule.last_at, &schedule.last_result) {
        (Some(at), Some(result)) => format!("last {}: {result}", at.to_rfc3339_seconds()),
        _ => "not exported yet".into(),
    };
    format!(
        "{}: {what} as {} to {} every {} at {}; next {}; {last}",
        schedule.name,
        format.as_str(),
        schedule.to,
        schedule.every.as_str(),
        schedule.at,
        schedule.next_at.to_rfc3339_seconds()
    )
}
