//! Writes to QuickBooks: batches of 30 under one request id, stored before they are sent and settled after.

use std::collections::BTreeMap;

use clientele_shared::model::{CustomerNumber, Intent, IntentItem, Mapping, QuickBooksId};
use serde_json::Value;

use super::directory::id_of;
use super::fields::{Field, Fields};
use super::merged::restored_name;
use super::run::Run;
use super::{MirrorError, names, wire};
use crate::quickbooks::{BatchItem, BatchOperation, Entity, MAX_BATCH, Object, QuickBooksError};

/// Size of the largest intent in bytes, below DynamoDB's limit of 400 KB for an item.
const MAX_INTENT: usize = 300_000;

/// How a customer is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum OutgoingKind {
    /// It is created under this name.
    Create {
        display_name: String,
        /// The currency, if it is not the company's own.
        currency: Option<String>,
    },
    /// Fields of it are changed.
    Update {
        /// The counterpart as the run has seen it.
        mapping: Box<Mapping>,
        /// The name under which it is listed from now on, if that changes.
        display_name: Option<String>,
        /// Whether the whole object is written, because a sparse update cannot do it.
        is_full: bool,
    },
}

/// A customer that is to be written to QuickBooks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outgoing {
    pub(super) number: CustomerNumber,
    pub(super) kind: OutgoingKind,
    /// Our fields.
    pub(super) ours: Fields,
    /// The fields that are written.
    pub(super) changed: Vec<Field>,
    /// Whether characters beyond ISO 8859-1 are left out.
    pub(super) is_latin1: bool,
}

impl Outgoing {
    pub(super) fn new(number: CustomerNumber, kind: OutgoingKind, ours: Fields, changed: Vec<Field>) -> Self {
        Self { number, kind, ours, changed, is_latin1: false }
    }

    /// Returns the object as it is sent.
    fn body(&self, current: &BTreeMap<QuickBooksId, Object>) -> Option<Object> {
        match &self.kind {
            OutgoingKind::Create { display_name, currency } => {
                Some(wire::create(&self.ours, display_name, currency.as_deref(), self.is_latin1))
            }
            OutgoingKind::Update { mapping, display_name, is_full: false } => {
                let name = display_name.as_deref();
                Some(wire::update(mapping, &self.ours, &self.changed, name, self.is_latin1))
            }
            OutgoingKind::Update { mapping, .. } => {
                let current = current.get(&mapping.quickbooks_id)?;
                wire::full_update(current, &self.ours, &self.changed, self.is_latin1)
            }
        }
    }

    /// Returns the fields in QuickBooks that the customer had before.
    pub(super) fn base(&self) -> Option<Fields> {
        match &self.kind {
            OutgoingKind::Create { .. } => None,
            OutgoingKind::Update { mapping, .. } => Some(Fields::from_stored(&mapping.theirs)),
        }
    }

    pub(super) fn quickbooks_id(&self) -> Option<&QuickBooksId> {
        match &self.kind {
            OutgoingKind::Create { .. } => None,
            OutgoingKind::Update { mapping, .. } => Some(&mapping.quickbooks_id),
        }
    }

    /// Returns the name that the write gives to the customer, if it gives it one.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.kind {
            OutgoingKind::Create { display_name, .. } => Some(display_name),
            OutgoingKind::Update { mapping, display_name, .. } => {
                display_name.as_deref().or_else(|| restored_name(mapping, &self.ours, &self.changed))
            }
        }
    }
}

impl Run<'_> {
    /// Sends what is queued: full batches, or everything.
    pub(super) async fn flush(&mut self, all: bool) -> Result<(), MirrorError> {
        while self.plan.is_none() && (self.queue.len() >= MAX_BATCH || (all && !self.queue.is_empty())) {
            self.check()?;
            let batch = self.next_batch().await?;
            self.send(batch).await?;
        }
        Ok(())
    }

    /// Takes the next customers off the queue, with the objects that are sent.
    async fn next_batch(&mut self) -> Result<Vec<(Outgoing, Object)>, MirrorError> {
        let count = self.queue.len().min(MAX_BATCH);
        let candidates: Vec<Outgoing> = self.queue.drain(..count).collect();
        let is_full =
            |outgoing: &&Outgoing| matches!(outgoing.kind, OutgoingKind::Update { is_full: true, .. });
        let read: Vec<String> = candidates
            .iter()
            .filter(is_full)
            .filter_map(|outgoing| outgoing.quickbooks_id().map(ToString::to_string))
            .collect();
        let mut current = BTreeMap::new();
        if !read.is_empty() {
            for object in self.mirror.quickbooks.objects_by_id(Entity::Customer, &read).await? {
                current.extend(id_of(&object).map(|id| (id, object)));
            }
        }
        let (mut batch, mut size, mut held) = (Vec::new(), 0, Vec::new());
        for outgoing in candidates {
            let Some(body) = outgoing.body(&current) else {
                self.refuse_unclearable(&outgoing).await?;
                continue;
            };
            let length = Value::Object(body.clone()).to_string().len() + 3_000;
            if !batch.is_empty() && size + length > MAX_INTENT {
                held.push(outgoing);
                continue;
            }
            size += length;
            batch.push((outgoing, body));
        }
        held.append(&mut self.queue);
        self.queue = held;
        Ok(batch)
    }

    async fn send(&mut self, batch: Vec<(Outgoing, Object)>) -> Result<(), MirrorError> {
        if batch.is_empty() {
            return Ok(());
        }
        let mirror = self.mirror;
        let random = mirror.store.ambient();
        let request_id = format!("{:016x}{:016x}", random.random(), random.random());
        let item = |(outgoing, body): &(Outgoing, Object)| IntentItem {
            number: outgoing.number,
            sync_token: body.get("SyncToken").and_then(Value::as_str).map(str::to_owned),
            body: body.clone(),
            ours: outgoing.ours.to_stored(),
        };
        let at = mirror.store.ambient().now();
        let intent = Intent { request_id, at, items: batch.iter().map(item).collect() };
        mirror.store.mirror_intent_put(&mirror.tenant, mirror.realm(), &intent).await?;
        let results = mirror.quickbooks.batch(&intent.request_id, &batch_items(&intent)).await;
        let results = match results {
            Ok(results) => results,
            // Nothing of it is carried out, and nothing will be.
            Err(QuickBooksError::Refused(fault)) => vec![Err(fault); batch.len()],
            Err(error) => return Err(error.into()),
        };
        let answered = batch.into_iter().map(|(outgoing, _)| outgoing).zip(results).collect();
        self.settle(answered).await?;
        mirror.store.mirror_intent_delete(&mirror.tenant, mirror.realm(), &intent.request_id).await?;
        Ok(())
    }
}

/// Returns the items of a batch as the client sends them.
pub(super) fn batch_items(intent: &Intent) -> Vec<BatchItem> {
    let item = |item: &IntentItem| BatchItem {
        operation: if item.sync_token.is_some() { BatchOperation::Update } else { BatchOperation::Create },
        entity: Entity::Customer,
        body: item.body.clone(),
    };
    intent.items.iter().map(item).collect()
}

/// Returns an outgoing write as an intent has stored it.
pub(super) fn from_intent(item: &IntentItem, mapping: Option<&Mapping>) -> Outgoing {
    let ours = Fields::from_stored(&item.ours);
    let name = item.body.get("DisplayName").and_then(Value::as_str).map(str::to_owned);
    let changed = |field: &Field| item.body.contains_key(field.member().0);
    match (mapping, &item.sync_token) {
        (Some(mapping), Some(_)) => {
            let is_full = !item.body.contains_key("sparse");
            let kind =
                OutgoingKind::Update { mapping: Box::new(mapping.clone()), display_name: name, is_full };
            let changed = Field::ALL.into_iter().filter(changed).collect();
            Outgoing::new(item.number, kind, ours, changed)
        }
        _ => {
            let display_name = name.unwrap_or_else(|| names::display_name(&ours).unwrap_or_default());
            let kind = OutgoingKind::Create { display_name, currency: None };
            Outgoing::new(item.number, kind, ours, Field::ALL.to_vec())
        }
    }
}
