//! The options of the `sync-agent export` commands.

use std::path::PathBuf;

use clap::Args;
use clientele_shared::csv::FormulaGuard;
use clientele_shared::model::{ExportColumns, ExportContent, ExportFilter, ExportFormat, ExportKind, Status};

use crate::cli::target_args::TargetArgs;
use crate::export::{ExportOptions, ExportTarget};
use crate::url::http_url;

/// The options of all kinds.
#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    /// Destination: a folder, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "DIR|S3URL")]
    pub(super) to: ExportTarget,
    #[command(flatten)]
    pub(super) target: TargetArgs,
    /// Format of the file
    #[arg(long, default_value = "csv", value_name = "csv|csv.gz|parquet")]
    format: ExportFormat,
    /// Columns of customers: `documented` as the CSV routes have them, or `full` for every field that can be stored; other
    /// records always have all columns
    #[arg(long, default_value = "documented", value_name = "documented|full")]
    columns: ExportColumns,
    /// Export only what has changed since the last export to this destination, deletions included
    #[arg(long)]
    incremental: bool,
    /// URL of an S3-compatible server, such as the one that the local stack prints [default: AWS]
    #[arg(long, env = "AWS_ENDPOINT_URL_S3", value_name = "URL", value_parser = http_url)]
    pub(super) s3_endpoint: Option<String>,
    /// Do not put an apostrophe before cells that a spreadsheet would run as formulas, such as +55 (12)
    /// 3923-5555
    #[arg(long)]
    no_formula_guard: bool,
    /// Folder for exports while S3 cannot be reached; the tenant's next export to the same address sends them
    /// [default: ~/.clientele/spool]
    #[arg(long, value_name = "DIR")]
    pub(super) spool: Option<PathBuf>,
    /// Print the result as one line of JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// The options that select customers.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct FilterArgs {
    /// Export only customers with this status: ACTIVE, INACTIVE or LEAD
    #[arg(long, value_name = "STATUS")]
    pub(in crate::cli) status: Option<Status>,
    /// Export only customers that match this search
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) search: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sync-agent export customers --to exports --dynamodb http://127.0.0.1:4747
  sync-agent export customers --to s3://BUCKET/daily --columns full --format parquet --tenant acme
  sync-agent export customers --to s3://BUCKET/hourly --format csv.gz --incremental --tenant acme")]
pub(in crate::cli) struct CustomersArgs {
    #[command(flatten)]
    export: ExportArgs,
    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sync-agent export contacts --to exports --dynamodb http://127.0.0.1:4747
  sync-agent export contacts --to s3://BUCKET/daily --status ACTIVE --tenant acme")]
pub(in crate::cli) struct ContactsArgs {
    #[command(flatten)]
    export: ExportArgs,
    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sync-agent export orders --to exports --dynamodb http://127.0.0.1:4747
  sync-agent export orders --to s3://BUCKET/daily --format parquet --incremental --tenant acme")]
pub(in crate::cli) struct OrdersArgs {
    #[command(flatten)]
    export: ExportArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sync-agent export prices --to exports --dynamodb http://127.0.0.1:4747
  sync-agent export prices --to s3://BUCKET/daily --incremental --tenant acme")]
pub(in crate::cli) struct PricesArgs {
    #[command(flatten)]
    export: ExportArgs,
}

impl From<FilterArgs> for ExportFilter {
    fn from(args: FilterArgs) -> Self {
        Self { status: args.status, search: args.search }
    }
}

/// A command of one kind.
pub(in crate::cli) trait ExportCommand {
    /// Returns the options of all kinds, and what is exported.
    fn parts(self) -> (ExportArgs, ExportOptions);
}

impl ExportArgs {
    fn options(&self, kind: ExportKind, filter: FilterArgs) -> ExportOptions {
        let content = ExportContent {
            kind,
            filter: filter.into(),
            columns: self.columns,
            format: self.format,
            incremental: self.incremental,
        };
        let guard = if self.no_formula_guard { FormulaGuard::Off } else { FormulaGuard::On };
        ExportOptions { content, guard }
    }
}

impl ExportCommand for CustomersArgs {
    fn parts(self) -> (ExportArgs, ExportOptions) {
        let options = self.export.options(ExportKind::Customers, self.filter);
        (self.export, options)
    }
}

impl ExportCommand for ContactsArgs {
    fn parts(self) -> (ExportArgs, ExportOptions) {
        let options = self.export.options(ExportKind::Contacts, self.filter);
        (self.export, options)
    }
}

impl ExportCommand for OrdersArgs {
    fn parts(self) -> (ExportArgs, ExportOptions) {
        let options = self.export.options(ExportKind::Orders, FilterArgs::default());
        (self.export, options)
    }
}

impl ExportCommand for PricesArgs {
    fn parts(self) -> (ExportArgs, ExportOptions) {
        let options = self.export.options(ExportKind::Prices, FilterArgs::default());
        (self.export, options)
    }
}
