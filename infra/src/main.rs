//! The command `clientele`: starts the local stack, and looks after a deployment.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use clientele_infra::commands;
use clientele_infra::local::{self, Options, prepare::prepare};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Customer records in your own AWS account. Without a command, everything starts on this machine.
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
    /// Start everything on this machine: the functions, DynamoDB and S3, a demo tenant, and a page to try it on.
    Local(Options),
    #[command(flatten)]
    Deployment(commands::Command),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr();
    let done: Result<(), Box<dyn Error>> = match cli.command.unwrap_or(Command::Local(cli.local)) {
        Command::Local(options) => local::run(options, prepare).await.map_err(Into::into),
        Command::Deployment(command) => commands::run(command).await.map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is closed there is nobody left to tell.
            drop(writeln!(std::io::stderr(), "error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// What goes wrong goes to standard error. The engine's warnings do not: it warns of every condition that does not
/// hold, and those are this project's daily business.
fn log_to_stderr() {
    let levels = Targets::new().with_default(LevelFilter::WARN).with_target("dynoxide", LevelFilter::ERROR);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines.with_filter(levels)).init();
}
