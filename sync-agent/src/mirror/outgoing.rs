//! Writes to QuickBooks: batches of 30 under one request id, stored before they are sent and settled after.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::Error;
use clientele_shared::model::{
    CustomerNumber, Intent, IntentItem, Link, Mapping, MirroredEntity, QuickBooksId,
};
use clientele_shared::store::{MappedCustomer, MirrorNote, MirrorWrite, RecordWrite};
use serde_json::Value;

use super::directory::{Owner, id_of, sync_token};
use super::fields::{Field, Fields, display_name};
use super::merge::is_mirrored;
use super::run::Run;
use super::{MirrorError, names, wire};
use crate::quickbooks::{
    BatchItem, BatchOperation, Entity, Fault, FaultKind, MAX_BATCH, Object, QuickBooksError,
};

/// Size of the largest intent in bytes, below DynamoDB's limit of 400 KB for an item.
const MAX_INTENT: usize = 300_000;

/// How often a customer is sent in another form or after a fault that passes. After that it is refused.
const MAX_ATTEMPTS: usize = 6;

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

/// How often a result is stored again whose customer changes meanwhile.
const MAX_ROUNDS: usize = 20;

/// A customer that was sent, and the result.
type Answered = (Outgoing, Result<Object, Fault>);

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
    fn base(&self) -> Option<Fields> {
        match &self.kind {
            OutgoingKind::Create { .. } => None,
            OutgoingKind::Update { mapping, .. } => Some(Fields::from_stored(&mapping.theirs)),
        }
    }

    fn quickbooks_id(&self) -> Option<&QuickBooksId> {
        match &self.kind {
            OutgoingKind::Create { .. } => None,
            OutgoingKind::Update { mapping, .. } => Some(&mapping.quickbooks_id),
        }
    }

    fn name(&self) -> Option<&str> {
        match &self.kind {
            OutgoingKind::Create { display_name, .. } => Some(display_name),
            OutgoingKind::Update { display_name, .. } => display_name.as_deref(),
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

    /// Stores results, and sends customers again that QuickBooks wants in another form.
    async fn settle(&mut self, answered: Vec<Answered>) -> Result<(), MirrorError> {
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for (outgoing, result) in answered {
            match result {
                Ok(object) => done.push((outgoing, object)),
                Err(fault) => failed.push((outgoing, fault)),
            }
        }
        self.settle_done(done).await?;
        self.settle_failed(failed).await
    }

    pub(super) async fn settle_done(&mut self, mut done: Vec<(Outgoing, Object)>) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        for (outgoing, object) in &done {
            self.count(outgoing);
            self.directory.insert(object.clone());
            if let Some(id) = id_of(object) {
                self.directory.set_owner(&id, Owner::Customer(outgoing.number));
            }
        }
        let mut again = BTreeSet::new();
        for _ in 0..MAX_ROUNDS {
            if done.is_empty() {
                break;
            }
            let numbers = done.iter().map(|(outgoing, _)| outgoing.number).collect();
            let current = mirror.store.mapped_customers(&mirror.tenant, mirror.realm(), &numbers).await?;
            let mut writes = Vec::new();
            for (outgoing, object) in &done {
                if let Some(current) = current.get(&outgoing.number) {
                    writes.extend(self.settled(outgoing, object, current));
                }
            }
            let refused = mirror.store.mirror_commit(&mirror.tenant, mirror.realm(), writes).await?;
            done.retain(|(outgoing, object)| {
                let is_settled = !refused.contains(&outgoing.number);
                if is_settled && is_ahead(outgoing, object) {
                    again.insert(outgoing.number);
                }
                !is_settled
            });
        }
        // The intent is still there: the next run completes it.
        if !done.is_empty() {
            return Err(Error::Conflict("A customer keeps changing; run the command again".into()).into());
        }
        self.send_again(again).await
    }

    /// Compares customers again whose write had less effect than it should have.
    async fn send_again(&mut self, numbers: BTreeSet<CustomerNumber>) -> Result<(), MirrorError> {
        let numbers: BTreeSet<CustomerNumber> =
            numbers.into_iter().filter(|number| self.has_attempt(*number)).collect();
        let queued = self.queue.len();
        Box::pin(self.reconcile(numbers.clone())).await?;
        // What was cleared and has come back can only be cleared by writing the whole object.
        for outgoing in
            self.queue.iter_mut().skip(queued).filter(|outgoing| numbers.contains(&outgoing.number))
        {
            if let OutgoingKind::Update { is_full, .. } = &mut outgoing.kind {
                *is_full = outgoing.changed.iter().any(|field| *field != Field::Active);
            }
        }
        Ok(())
    }

    fn has_attempt(&mut self, number: CustomerNumber) -> bool {
        let attempts = self.attempts.entry(number).or_default();
        *attempts += 1;
        *attempts <= MAX_ATTEMPTS
    }

    fn count(&mut self, outgoing: &Outgoing) {
        let pushed = &mut self.report.pushed;
        match &outgoing.kind {
            OutgoingKind::Create { .. } => pushed.created += 1,
            OutgoingKind::Update { .. }
                if outgoing.changed.contains(&Field::Active) && !outgoing.ours.is_active() =>
            {
                pushed.deactivated += 1;
            }
            OutgoingKind::Update { .. } => pushed.updated += 1,
        }
    }

    /// Returns the result of a write that QuickBooks has carried out; `None` if it is stored already.
    fn settled(&self, outgoing: &Outgoing, object: &Object, current: &MappedCustomer) -> Option<MirrorWrite> {
        let (customer, stored) = current;
        let id = id_of(object)?;
        let theirs = Fields::theirs(object, Some(&outgoing.ours), outgoing.base().as_ref());
        let (base, revision) = match stored {
            Some(stored) if !stored.is_gone => (Fields::from_stored(&stored.ours), stored.revision),
            Some(stored) => (Fields::default(), stored.revision),
            None => (Fields::default(), 0),
        };
        let mut agreed = base;
        for field in &outgoing.changed {
            let ours = outgoing.ours.get(*field);
            // A value that was not taken stays ahead.
            if is_mirrored(*field, ours, theirs.get(*field)) {
                agreed.set(*field, ours.clone());
            } else if *field == Field::Active {
                agreed.set(*field, theirs.get(*field).clone());
            }
        }
        let mapping = Mapping {
            quickbooks_id: id.clone(),
            sync_token: sync_token(object),
            display_name: display_name(object).to_owned(),
            ours: agreed.to_stored(),
            theirs: theirs.to_stored(),
            is_gone: false,
            revision,
        };
        let mut notes = vec![MirrorNote::Unpark];
        let mut record = RecordWrite::Keep;
        if matches!(outgoing.kind, OutgoingKind::Create { .. }) {
            let link = Link { customer: Some(customer.number), facts: Value::Null };
            notes.push(MirrorNote::Link(MirroredEntity::Customer, id.clone(), link));
            if customer.fields.quickbooks_id.as_deref() != Some(id.as_str()) {
                let mut fields = customer.fields.clone();
                fields.quickbooks_id = Some(id.to_string());
                let (fields, old) = (Box::new(fields), Box::new(customer.clone()));
                record = RecordWrite::Change { deleted_at: customer.deleted_at, fields, old };
            }
        }
        Some(MirrorWrite { number: customer.number, record, mapping: Some(mapping), notes })
    }

    async fn settle_failed(&mut self, failed: Vec<(Outgoing, Fault)>) -> Result<(), MirrorError> {
        let mut stale = BTreeSet::new();
        let mut names_taken = Vec::new();
        let mut again = BTreeSet::new();
        for (outgoing, fault) in failed {
            let has_attempt = self.has_attempt(outgoing.number);
            match fault.kind() {
                FaultKind::SubscriptionLapsed => {
                    return Err(QuickBooksError::SubscriptionLapsed(fault).into());
                }
                FaultKind::Stale | FaultKind::NotFound
                    if has_attempt && outgoing.quickbooks_id().is_some() =>
                {
                    stale.extend(outgoing.quickbooks_id().cloned());
                    again.insert(outgoing.number);
                }
                FaultKind::NameTaken if has_attempt => {
                    names_taken.extend(outgoing.name().map(str::to_owned));
                    again.insert(outgoing.number);
                }
                FaultKind::Transient | FaultKind::Throttled if has_attempt => {
                    again.insert(outgoing.number);
                }
                FaultKind::Invalid if fault.code == "2040" && !outgoing.is_latin1 => {
                    self.queue.push(Outgoing { is_latin1: true, ..outgoing });
                }
                _ => self.refuse(&outgoing, &fault).await?,
            }
        }
        self.reread(&stale).await?;
        self.look_up_holders(&names_taken).await?;
        Box::pin(self.reconcile(again)).await
    }

    /// Reads customers again that have changed in QuickBooks since they were read.
    async fn reread(&mut self, ids: &BTreeSet<QuickBooksId>) -> Result<(), MirrorError> {
        if ids.is_empty() {
            return Ok(());
        }
        let wanted: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let found = self.mirror.quickbooks.objects_by_id(Entity::Customer, &wanted).await?;
        let found_ids: BTreeSet<QuickBooksId> = found.iter().filter_map(id_of).collect();
        for object in found {
            self.directory.insert(object);
        }
        for id in ids.difference(&found_ids) {
            self.directory.set_gone(id.clone());
        }
        Ok(())
    }

    /// Stores that QuickBooks has refused a customer.
    async fn refuse(&mut self, outgoing: &Outgoing, fault: &Fault) -> Result<(), MirrorError> {
        let text = if fault.detail.is_empty() { &fault.message } else { &fault.detail };
        let reason = format!("QuickBooks refuses it (error {}): {text}", fault.code);
        self.refuse_for(outgoing, &fault.code, &reason).await
    }

    async fn refuse_unclearable(&mut self, outgoing: &Outgoing) -> Result<(), MirrorError> {
        let fields: Vec<&str> = outgoing.changed.iter().map(|field| field.as_str()).collect();
        let reason = format!(
            "QuickBooks does not clear {} through its API without losing the tax number; clear it in QuickBooks",
            fields.join(", ")
        );
        self.refuse_for(outgoing, "", &reason).await
    }

    async fn refuse_for(&mut self, outgoing: &Outgoing, code: &str, reason: &str) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        let numbers = BTreeSet::from([outgoing.number]);
        let current = mirror.store.mapped_customers(&mirror.tenant, mirror.realm(), &numbers).await?;
        let Some((customer, _)) = current.get(&outgoing.number) else { return Ok(()) };
        let parked = self.parked_note(customer, outgoing.quickbooks_id(), code, reason);
        let notes = vec![MirrorNote::Park(parked)];
        let write = MirrorWrite { number: outgoing.number, record: RecordWrite::Keep, mapping: None, notes };
        mirror.store.mirror_commit(&mirror.tenant, mirror.realm(), vec![write]).await?;
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

/// Whether a field that was written does not have the value that was written.
fn is_ahead(outgoing: &Outgoing, object: &Object) -> bool {
    let theirs = Fields::theirs(object, Some(&outgoing.ours), outgoing.base().as_ref());
    outgoing.changed.iter().any(|field| !is_mirrored(*field, outgoing.ours.get(*field), theirs.get(*field)))
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
