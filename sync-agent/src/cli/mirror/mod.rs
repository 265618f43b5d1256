//! The commands of the mirror: connecting a company in QuickBooks, and keeping customers equal on both sides.

mod conflicts;
mod connect;
mod consent;
mod credentials;
mod disconnect;
mod doctor;
mod failure;
mod plan;
mod progress_display;
mod settings;
mod status;
mod sync;
mod text;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::exit::{Exit, print_result};
use super::target_args::TargetArgs;
use crate::connection::{Connector, secret_store};
use failure::Failure;

pub(super) use conflicts::ConflictsArgs;
pub(super) use connect::ConnectArgs;
pub(super) use disconnect::DisconnectArgs;
pub(super) use doctor::DoctorArgs;
pub(super) use plan::PlanArgs;
pub(super) use settings::SettingsArgs;
pub(super) use status::StatusArgs;
pub(super) use sync::SyncArgs;

/// The options that every command of the mirror has.
#[derive(Debug, Args)]
pub(super) struct MirrorArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
}

impl MirrorArgs {
    async fn connector(&self) -> Result<Connector, Failure> {
        let store = self.target.store().await?;
        let secrets = secret_store(self.target.dynamodb()).await?;
        Ok(Connector::new(store, self.target.owner(), secrets))
    }
}

/// The result of a command.
#[derive(Debug)]
pub(super) struct Output {
    /// The result for people; empty if there is nothing to print.
    text: String,
    /// The result for scripts.
    json: Value,
    exit: Exit,
}

impl Output {
    fn new(text: impl Into<String>, json: impl Serialize) -> Result<Self, Failure> {
        let json = serde_json::to_value(json)
            .map_err(|error| Failure::failed(format!("cannot convert the result to JSON: {error}")))?;
        Ok(Self { text: text.into(), json, exit: Exit::Done })
    }

    fn with_exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }
}

/// A command of the mirror.
pub(super) trait MirrorCommand {
    fn args(&self) -> &MirrorArgs;

    async fn carry_out(&self) -> Result<Output, Failure>;
}

/// Runs a command and prints its result, or the reason why it has none.
pub(super) async fn run(command: impl MirrorCommand) -> Exit {
    let args = command.args();
    match command.carry_out().await {
        Ok(Output { json, exit, .. }) if args.json => print_result(&json.to_string(), exit),
        Ok(Output { text, exit, .. }) if text.is_empty() => exit,
        Ok(Output { text, exit, .. }) => print_result(&text, exit),
        Err(failure) => failure.print(&args.target),
    }
}
