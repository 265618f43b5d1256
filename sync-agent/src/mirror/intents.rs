//! Writes that an earlier run left open: it stored what it was about to send, and ended before it stored the results.

use std::collections::BTreeSet;

use clientele_shared::model::{Intent, IntentItem, Mapping};

use super::MirrorError;
use super::outgoing::{batch_items, from_intent};
use super::run::Run;
use crate::quickbooks::QuickBooksError;

impl Run<'_> {
    /// Sends each batch again that was left open, under its own request id: QuickBooks repeats its answer if it has carried
    /// it out, and carries it out otherwise. A company that has forgotten the request id refuses what was done, because the
    /// name is taken or the version has changed; such a customer is compared again like any other.
    pub(super) async fn complete_intents(&mut self) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        for intent in mirror.store.mirror_intents(&mirror.tenant, mirror.realm()).await? {
            self.check()?;
            self.complete_intent(&intent).await?;
            mirror.store.mirror_intent_delete(&mirror.tenant, mirror.realm(), &intent.request_id).await?;
        }
        Ok(())
    }

    async fn complete_intent(&mut self, intent: &Intent) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        let numbers: BTreeSet<_> = intent.items.iter().map(|item| item.number).collect();
        let current = mirror.store.mapped_customers(&mirror.tenant, mirror.realm(), &numbers).await?;
        let mapping_of =
            |item: &IntentItem| current.get(&item.number).and_then(|(_, mapping)| mapping.as_ref());
        if intent.items.iter().all(|item| is_settled(item, mapping_of(item))) {
            return Ok(());
        }
        let results = match mirror.quickbooks.batch(&intent.request_id, &batch_items(intent)).await {
            Ok(results) => results,
            // The company remembers the id and not the batch: every customer is compared again.
            Err(QuickBooksError::Refused(_)) => return self.unsettle(intent).await,
            Err(error) => return Err(error.into()),
        };
        let answered = intent.items.iter().zip(results);
        let done = answered.filter_map(|(item, result)| {
            let mapping = mapping_of(item);
            let object = result.ok().filter(|_| !is_settled(item, mapping))?;
            Some((from_intent(item, mapping), object))
        });
        let done = done.collect();
        self.settle_done(done).await?;
        self.unsettle(intent).await
    }

    /// Compares the customers of a batch again, whatever became of it.
    async fn unsettle(&mut self, intent: &Intent) -> Result<(), MirrorError> {
        self.left_open.extend(intent.items.iter().map(|item| item.number));
        Ok(())
    }
}

/// Whether the result of a write is stored.
fn is_settled(item: &IntentItem, mapping: Option<&Mapping>) -> bool {
    let mapping = mapping.filter(|mapping| !mapping.is_gone);
    match &item.sync_token {
        Some(token) => mapping.is_none_or(|mapping| mapping.sync_token != *token),
        None => mapping.is_some(),
    }
}
