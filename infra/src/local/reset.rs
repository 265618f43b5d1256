//! The reset of the demo: deletes the demo tenant's records and adds the demo customers again. Keys, settings and the
//! connection to QuickBooks stay.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};
use clientele_shared::Ambient;
use clientele_shared::model::{Mode, Tenant};
use clientele_shared::store::Store;
use clientele_shared::table::keys::{self, attribute};

use super::prepare::{self, PrepareError, TABLE, TENANT};

/// Most items of one `BatchWriteItem` call.
const MAX_BATCH: usize = 25;

/// Why the demo is not reset.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// The table cannot be read or written.
    #[error("{0}")]
    Table(String),
    /// The demo customers cannot be added.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
}

/// The demo tenant's records.
#[derive(Debug)]
pub struct Demo {
    client: Client,
}

impl Demo {
    /// Returns the demo in this table.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Resets the demo, and returns the number of deleted items.
    ///
    /// # Errors
    ///
    /// Returns [`ResetError`] if the table cannot be reached. A reset that has failed can be repeated.
    pub async fn reset(&self) -> Result<usize, ResetError> {
        let id = TENANT.parse().map_err(|_| ResetError::Table("the tenant's name is not valid".into()))?;
        let tenant = Tenant::new(&id, Mode::Live);
        let mut deleted = 0;
        let mut start = None;
        loop {
            let page = self.keys(&tenant, start).await?;
            for keys in page.0.chunks(MAX_BATCH) {
                self.delete(keys).await?;
            }
            deleted += page.0.len();
            start = page.1;
            if start.is_none() {
                break;
            }
        }
        // The log starts again, so positions in the deleted one must not be continued.
        let store = Store::new(self.client.clone(), TABLE, Ambient::system());
        store.log_epoch_renew(&tenant).await.map_err(|e| ResetError::Table(e.chain()))?;
        prepare::add_customers(&self.client, &tenant).await?;
        Ok(deleted)
    }

    /// Reads the keys of a page of the tenant's items.
    async fn keys(&self, tenant: &Tenant, start: Option<Key>) -> Result<(Vec<Key>, Option<Key>), ResetError> {
        let connection = keys::connection(tenant);
        let scan = self
            .client
            .scan()
            .table_name(TABLE)
            .set_exclusive_start_key(start)
            .projection_expression("#pk, #sk")
            .filter_expression("begins_with(#pk, :prefix) AND NOT (#pk = :connection AND #sk = :name)")
            .expression_attribute_names("#pk", attribute::PK)
            .expression_attribute_names("#sk", attribute::SK)
            .expression_attribute_values(":prefix", AttributeValue::S(keys::tenant_prefix(tenant)))
            .expression_attribute_values(":connection", AttributeValue::S(connection.pk))
            .expression_attribute_values(":name", AttributeValue::S(connection.sk));
        let page = scan.send().await.map_err(|e| ResetError::Table(DisplayErrorContext(e).to_string()))?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }

    async fn delete(&self, keys: &[Key]) -> Result<(), ResetError> {
        let deletions = keys.iter().map(|key| {
            let request = DeleteRequest::builder().set_key(Some(key.clone())).build();
            request.map(|request| WriteRequest::builder().delete_request(request).build())
        });
        let deletions = deletions.collect::<Result<Vec<_>, _>>();
        let mut waiting = deletions.map_err(|e| ResetError::Table(e.to_string()))?;
        while !waiting.is_empty() {
            let call = self.client.batch_write_item().request_items(TABLE, waiting);
            let done =
                call.send().await.map_err(|e| ResetError::Table(DisplayErrorContext(e).to_string()))?;
            waiting = done.unprocessed_items.and_then(|mut items| items.remove(TABLE)).unwrap_or_default();
        }
        Ok(())
    }
}

/// The key of an item, as the SDK has it.
type Key = HashMap<String, AttributeValue>;
