//! Writes that an earlier run left open: it stored what it was about to send, and ended before it stored the results.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::model::{CustomerNumber, Intent, IntentItem, Mapping};

use super::MirrorError;
use super::fields::{Field, Fields, display_name};
use super::merge::is_same;
use super::outgoing::{batch_items, from_intent};
use super::run::Run;
use crate::quickbooks::{Object, QuickBooksError};

impl Run<'_> {
    /// Sends each batch again that was left open, under its own request id: QuickBooks repeats its answer if it has carried
    /// it out, and carries it out otherwise. A company that has forgotten the request id refuses what was done, because the
    /// name is taken or the version has changed; such a customer is compared again like any other. One that was created is
    /// looked up before that under the name and email that were sent, because it can have others here by now.
    pub(super) async fn complete_intents(&mut self) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        for intent in mirror.store.mirror_intents(&mirror.tenant, mirror.realm()).await? {
            self.check()?;
            self.complete_intent(&intent).await?;
            mirror.store.mirror_intent_delete(&mirror.tenant, mirror.realm(), &intent.request_id).await?;
        }
        // The changes since the checkpoint do not tell those again that are known in their newest version.
        self.gathered.customers.extend(self.directory.ids().cloned());
        Ok(())
    }

    async fn complete_intent(&mut self, intent: &Intent) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        let numbers: BTreeSet<_> = intent.items.iter().map(|item| item.number).collect();
        let current = mirror.store.mapped_customers(&mirror.tenant, mirror.realm(), &numbers).await?;
        let mapping_of =
            |item: &IntentItem| current.get(&item.number).and_then(|(_, mapping)| mapping.as_ref());
        let is_open = |item: &IntentItem| !is_settled(item, mapping_of(item));
        if !intent.items.iter().any(is_open) {
            return Ok(());
        }
        let is_create = |item: &&IntentItem| item.sync_token.is_none() && current.contains_key(&item.number);
        let creates = intent.items.iter().filter(|item| is_open(item)).filter(is_create).collect();
        let mut there = self.find_created(creates).await?;
        let mut unequal: BTreeSet<_> = there.keys().copied().collect();
        let results = self.repeat(intent, &there).await?;
        let mut done = Vec::new();
        for (item, result) in intent.items.iter().zip(results).filter(|(item, _)| is_open(item)) {
            let found = there.remove(&item.number).filter(|object| is_as_sent(item, object));
            if let Some(object) = found.or(result) {
                unequal.remove(&item.number);
                done.push((from_intent(item, mapping_of(item)), object));
            }
        }
        self.settle_done(done).await?;
        // Those that have changed in QuickBooks are linked at once, or a run that only pulls would take them for new ones.
        self.reconcile(unequal).await?;
        // The customers of a batch are compared again, whatever became of it.
        self.left_open.extend(numbers);
        Ok(())
    }

    /// Returns the customers in QuickBooks that these creates can have made.
    async fn find_created(
        &mut self,
        creates: Vec<&IntentItem>,
    ) -> Result<BTreeMap<CustomerNumber, Object>, MirrorError> {
        let (mut names, mut emails) = (BTreeSet::new(), BTreeSet::new());
        for item in &creates {
            names.insert(display_name(&item.body).to_owned());
            emails.extend(read_as(item, &item.body).text(Field::Email).map(str::to_owned));
        }
        self.look_up_named(&names, &emails).await?;
        let (mut found, mut ids) = (BTreeMap::new(), BTreeSet::new());
        for item in creates {
            let (number, name) = (item.number, display_name(&item.body));
            self.directory.sent_as.insert(number, name.to_owned());
            let id = match self.directory.free_by_name(name, Some(number)) {
                Some(id) => Some(id.clone()),
                None => self.find_by_email(number, &read_as(item, &item.body)).await?,
            };
            let object = id.filter(|id| ids.insert(id.clone())).and_then(|id| self.directory.get(&id));
            found.extend(object.map(|object| (number, object.clone())));
        }
        Ok(found)
    }

    /// Sends a batch again; returns the objects of the items that are carried out. Nothing is sent if a company that has
    /// forgotten the batch would create one of the customers `there` twice, because its name has become free.
    async fn repeat(
        &self,
        intent: &Intent,
        there: &BTreeMap<CustomerNumber, Object>,
    ) -> Result<Vec<Option<Object>>, MirrorError> {
        let has_lost_name = |item: &IntentItem| {
            there.get(&item.number).is_some_and(|object| display_name(object) != display_name(&item.body))
        };
        let nothing = vec![None; intent.items.len()];
        if intent.items.iter().any(has_lost_name) {
            return Ok(nothing);
        }
        match self.mirror.quickbooks.batch(&intent.request_id, &batch_items(intent)).await {
            Ok(results) => Ok(results.into_iter().map(Result::ok).collect()),
            // The company remembers the id and not the batch.
            Err(QuickBooksError::Refused(_)) => Ok(nothing),
            Err(error) => Err(error.into()),
        }
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

/// Returns the fields of an object that is what a write has sent, or what became of it.
fn read_as(item: &IntentItem, object: &Object) -> Fields {
    Fields::theirs(object, Some(&Fields::from_stored(&item.ours)), None)
}

/// Whether an object in QuickBooks is as it was sent.
fn is_as_sent(item: &IntentItem, object: &Object) -> bool {
    let (sent, there) = (read_as(item, &item.body), read_as(item, object));
    Field::ALL.into_iter().all(|field| is_same(field, sent.get(field), there.get(field)))
}
