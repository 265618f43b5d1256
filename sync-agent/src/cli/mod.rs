//! The command line: arguments, output and exit codes.
//!
//! Exit codes: 0 everything was done; 1 the command failed or was stopped; 2 the options were invalid; 3 some rows were
//! rejected, or some records were refused or are in conflict; 4 the tenant is not connected, or the authorization has
//! ended; 5 the table or QuickBooks cannot be reached, and the next run continues.

mod exit;
mod export;
mod import;
mod mirror;
mod schedule;
mod signals;
mod table_failure;
mod target_args;
mod text;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Mirrors customers with QuickBooks, and imports and exports customers, contacts, orders and prices
#[derive(Debug, Parser)]
#[command(name = "sync-agent", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Import records from a file
    #[command(
        subcommand,
        after_help = "Examples:
  sync-agent import customers customers.csv --dry-run --dynamodb http://127.0.0.1:4747
  sync-agent import orders orders.csv --source shop --tenant acme"
    )]
    Import(ImportCommand),
    /// Export records to a file
    #[command(
        subcommand,
        after_help = "Examples:
  sync-agent export customers --to exports --dynamodb http://127.0.0.1:4747
  sync-agent export orders --to s3://BUCKET/daily --format parquet --incremental --tenant acme"
    )]
    Export(ExportCommand),
    /// Schedule exports to S3, which the function `export-scheduled` makes
    #[command(
        subcommand,
        after_help = "Examples:
  sync-agent schedule set daily --to s3://BUCKET/daily --every day --at 05:30 --tenant acme
  sync-agent schedule list --tenant acme"
    )]
    Schedule(schedule::ScheduleCommand),
    /// Connect a tenant to a company in QuickBooks: in the browser, or with a refresh token
    Connect(Box<mirror::ConnectArgs>),
    /// End the connection of a tenant to QuickBooks
    Disconnect(mirror::DisconnectArgs),
    /// Show what a sync would change, without changing anything
    Plan(mirror::PlanArgs),
    /// Make customers equal here and in QuickBooks, and take over its sales and prices; safe to interrupt and run again
    Sync(mirror::SyncArgs),
    /// Show the connection, the last sync and what waits; QuickBooks is not called
    Status(mirror::StatusArgs),
    /// List the fields that both sides had changed, or resolve them
    Conflicts(mirror::ConflictsArgs),
    /// Check both sides and what the mirror knows of them, and repair it
    Doctor(mirror::DoctorArgs),
    /// Show or change the settings of the mirror
    Settings(mirror::SettingsArgs),
}

#[derive(Debug, Subcommand)]
enum ImportCommand {
    /// Import customers from CSV, each row once; safe to interrupt and run again
    Customers(import::CustomerArgs),
    /// Import contact people of customers from CSV; safe to interrupt and run again
    Contacts(import::ContactArgs),
    /// Import orders with their lines from CSV, each order of a source once; safe to interrupt and run again
    Orders(import::OrderArgs),
    /// Import the price list and customers' own prices from CSV; safe to interrupt and run again
    Prices(import::PriceArgs),
}

#[derive(Debug, Subcommand)]
enum ExportCommand {
    /// Export customers to a folder or S3, with a manifest
    Customers(export::CustomersArgs),
    /// Export contact people to a folder or S3, with a manifest
    Contacts(export::ContactsArgs),
    /// Export orders to a folder or S3, a row for each line, with a manifest
    Orders(export::OrdersArgs),
    /// Export the price list and customers' own prices to a folder or S3, with a manifest
    Prices(export::PricesArgs),
}

impl Cli {
    /// Runs the command and returns its exit code.
    pub async fn run(self) -> ExitCode {
        match self.command {
            Command::Import(ImportCommand::Customers(args)) => import::run(args).await,
            Command::Import(ImportCommand::Contacts(args)) => import::run(args).await,
            Command::Import(ImportCommand::Orders(args)) => import::run(args).await,
            Command::Import(ImportCommand::Prices(args)) => import::run(args).await,
            Command::Export(ExportCommand::Customers(args)) => export::run(args).await,
            Command::Export(ExportCommand::Contacts(args)) => export::run(args).await,
            Command::Export(ExportCommand::Orders(args)) => export::run(args).await,
            Command::Export(ExportCommand::Prices(args)) => export::run(args).await,
            Command::Schedule(command) => schedule::run(command).await,
            Command::Connect(args) => mirror::run(*args).await,
            Command::Disconnect(args) => mirror::run(args).await,
            Command::Plan(args) => mirror::run(args).await,
            Command::Sync(args) => mirror::run(args).await,
            Command::Status(args) => mirror::run(args).await,
            Command::Conflicts(args) => mirror::run(args).await,
            Command::Doctor(args) => mirror::run(args).await,
            Command::Settings(args) => mirror::run(args).await,
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn command_line_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn unknown_field_is_rejected_before_the_file_is_read() {
        let arguments = ["sync-agent", "import", "customers", "x.csv", "--map", "Colour=colour"];
        let error = Cli::try_parse_from(arguments).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("the fields are id, firstName"), "{error}");
    }
}
