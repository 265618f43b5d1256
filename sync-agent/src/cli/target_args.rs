//! The options that select a tenant and a table. Every command has them.

use clap::Args;
use clap::builder::{ArgPredicate, NonEmptyStringValueParser};
use clientele_shared::model::{Mode, RealmOwner, TenantId};
use clientele_shared::store::Store;
use clientele_shared::table::environment::{self, ConnectError};

use crate::url::http_url;

/// The tenant and table that a command works on.
#[derive(Debug, Clone, Args)]
pub(super) struct TargetArgs {
    /// Tenant that the records belong to [default: demo with --dynamodb; none on AWS]
    #[arg(
        long,
        value_name = "NAME",
        required = false,
        required_unless_present = "dynamodb",
        default_value_if("dynamodb", ArgPredicate::IsPresent, "demo")
    )]
    pub(super) tenant: TenantId,
    /// `live` for the tenant's live records, `test` for the separate records of its sandbox
    #[arg(long, default_value = "live", value_name = "live|test")]
    pub(super) mode: Mode,
    /// DynamoDB table
    #[arg(
        long,
        env = "TABLE_NAME",
        default_value = "clientele",
        value_name = "NAME",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(super) table: String,
    /// URL of a local DynamoDB, such as the one that the local stack prints [default: AWS, with the
    /// credentials and region that the AWS command line would use]
    #[arg(long, value_name = "URL", value_parser = http_url)]
    dynamodb: Option<String>,
}

impl TargetArgs {
    pub(super) async fn store(&self) -> Result<Store, ConnectError> {
        environment::store(&self.table, self.dynamodb.as_deref()).await
    }

    /// Returns the set of records.
    pub(super) fn owner(&self) -> RealmOwner {
        RealmOwner { tenant: self.tenant.clone(), mode: self.mode }
    }

    /// Returns the URL of DynamoDB, or `None` for the region's own.
    pub(super) fn dynamodb(&self) -> Option<&str> {
        self.dynamodb.as_deref()
    }

    /// Returns the tenant and mode as messages show them: `demo`, or `demo (test)`.
    pub(super) fn label(&self) -> String {
        match self.mode {
            Mode::Live => self.tenant.to_string(),
            Mode::Test => format!("{} (test)", self.tenant),
        }
    }
}
