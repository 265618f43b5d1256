//! The `sync-agent` command; see [`clientele_sync_agent::cli`].

use std::process::ExitCode;

use clap::Parser as _;
use clientele_sync_agent::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    Cli::parse().run().await
}
