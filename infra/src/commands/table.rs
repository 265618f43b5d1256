//! `clientele table …`

use clap::Subcommand;
use clientele_shared::table::{definition, environment};

use super::{CommandError, Place};

/// What to do with the table.
#[derive(Debug, Subcommand)]
pub enum Table {
    /// Make the table with its indexes; on AWS the template does that.
    Create(Create),
}

/// Makes the table.
#[derive(Debug, clap::Args)]
pub struct Create {
    #[command(flatten)]
    place: Place,
}

impl Table {
    pub(super) async fn run(self) -> Result<String, CommandError> {
        let Self::Create(Create { place }) = self;
        let client = environment::client(place.dynamodb.as_deref()).await?;
        let created = definition::create_table(&client, &place.table).await?;
        let what = if created { "Created" } else { "There is already" };
        Ok(format!("{what} the table {}.\n", place.table))
    }
}
