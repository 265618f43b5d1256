//! Whose records, and where they are: the options that every command has.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use clientele_shared::model::{Mode, TenantId};
use clientele_shared::store::Store;
use clientele_shared::table::environment::{self, ConnectError};

/// Whose records, and where they are.
#[derive(Debug, Clone, Args)]
pub(super) struct TargetArgs {
    /// Whose records.
    #[arg(long, default_value = "demo", value_name = "NAME")]
    pub(super) tenant: TenantId,
    /// The tenant's real records, or the sandbox that test keys see.
    #[arg(long, default_value = "live", value_name = "live|test")]
    pub(super) mode: Mode,
    /// The DynamoDB table.
    #[arg(
        long,
        env = "TABLE_NAME",
        default_value = "clientele",
        value_name = "NAME",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(super) table: String,
    /// The address of a local engine, such as the one that the local stack prints. Without it: AWS, with the
    /// credentials and region that the AWS command line would use.
    #[arg(long, value_name = "URL")]
    dynamodb: Option<String>,
}

impl TargetArgs {
    pub(super) async fn store(&self) -> Result<Store, ConnectError> {
        environment::store(&self.table, self.dynamodb.as_deref()).await
    }

    /// `demo`, or `demo (test)`.
    pub(super) fn whose(&self) -> String {
        match self.mode {
            Mode::Live => self.tenant.to_string(),
            Mode::Test => format!("{} (test)", self.tenant),
        }
    }
}
