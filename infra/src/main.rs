//! The `clientele` command: runs the local stack and manages a deployment.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use clientele_infra::commands;
use clientele_infra::console::command::{self, ConsoleArgs};
use clientele_infra::local::log_lines::LogLines;
use clientele_infra::local::{self, Options, prepare::prepare};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Run Clientele on this machine (the default), or manage the table, tenants and API keys of a deployment
#[derive(Debug, Parser)]
#[command(name = "clientele", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    local: Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on this machine: the functions, DynamoDB, S3, a demo tenant and a page for trying the
    /// API
    Local(Options),
    Console(ConsoleArgs),
    #[command(flatten)]
    Deployment(commands::Command),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let log_lines = LogLines::default();
    start_logging(log_lines.clone());
    let result: Result<(), Box<dyn Error>> = match cli.command.unwrap_or(Command::Local(cli.local)) {
        Command::Local(options) => local::run(options, log_lines, prepare).await.map_err(Into::into),
        Command::Console(args) => command::run(args, log_lines).await.map_err(Into::into),
        Command::Deployment(command) => commands::run(command).await.map_err(Into::into),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, the exit code is all that remains to report the error.
            drop(writeln!(std::io::stderr(), "error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Logs warnings and errors to standard error. The embedded engine logs only errors, because it warns of
/// every failed condition, and conditional writes fail routinely here. The functions' own lines go to the
/// request log.
fn start_logging(log_lines: LogLines) {
    let functions = Targets::new().with_target("clientele_functions", LevelFilter::INFO);
    let levels = Targets::new().with_default(LevelFilter::WARN).with_target("dynoxide", LevelFilter::ERROR);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(layer.with_filter(levels))
        .with(log_lines.with_filter(functions))
        .init();
}
