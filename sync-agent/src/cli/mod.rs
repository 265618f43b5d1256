//! The command line: what a person types, sees, and gets as an exit code.
//!
//! Exit codes: 0 everything is in or out; 1 it failed or was stopped; 2 it was typed wrongly; 3 some rows were
//! rejected.

mod exit;
mod export;
mod import;
mod signals;
mod target_args;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Brings customers and prices in from CSV, and takes customers out.
#[derive(Debug, Parser)]
#[command(name = "sync-agent", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring records in from a file.
    #[command(subcommand)]
    Import(ImportWhat),
    /// Take records out into a file.
    #[command(subcommand)]
    Export(ExportWhat),
}

#[derive(Debug, Subcommand)]
enum ImportWhat {
    /// Customers from CSV, each row once: safe to break off and to run again.
    Customers(import::CustomerArgs),
    /// Prices from CSV, of the price list and of single customers: safe to break off and to run again.
    Prices(import::PriceArgs),
}

#[derive(Debug, Subcommand)]
enum ExportWhat {
    /// Customers as CSV, with a manifest beside it, to a folder or to S3.
    Customers(export::ExportArgs),
}

impl Cli {
    /// Does what was typed.
    pub async fn run(self) -> ExitCode {
        match self.command {
            Command::Import(ImportWhat::Customers(args)) => import::run(args).await,
            Command::Import(ImportWhat::Prices(args)) => import::run(args).await,
            Command::Export(ExportWhat::Customers(args)) => export::run(args).await,
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_unknown_field_is_refused_before_anything_is_read() {
        let typed = ["sync-agent", "import", "customers", "x.csv", "--map", "Colour=colour"];
        let error = Cli::try_parse_from(typed).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("the fields are id, firstName"), "{error}");
    }
}
