//! The results of writes to QuickBooks: what was done is stored, and what was refused is sent in another form or parked.

use std::collections::BTreeSet;

use clientele_shared::Error;
use clientele_shared::model::{CustomerNumber, Link, Mapping, MirroredEntity, QuickBooksId};
use clientele_shared::store::{MappedCustomer, MirrorNote, MirrorWrite, RecordWrite};
use serde_json::Value;

use super::MirrorError;
use super::directory::{Owner, id_of, sync_token};
use super::fields::{Field, Fields, display_name};
use super::merge::is_mirrored;
use super::outgoing::{Outgoing, OutgoingKind};
use super::parking::too_large;
use super::run::Run;
use crate::quickbooks::{Entity, Fault, FaultKind, Object, QuickBooksError};

/// How often a customer is sent in another form or after a fault that passes. After that it is refused.
const MAX_ATTEMPTS: usize = 6;

/// How often a result is stored again whose customer changes meanwhile.
const MAX_ROUNDS: usize = 20;

/// A customer that was sent, and the result.
type Answered = (Outgoing, Result<Object, Fault>);

impl Run<'_> {
    /// Stores results, and sends customers again that QuickBooks wants in another form.
    pub(super) async fn settle(&mut self, answered: Vec<Answered>) -> Result<(), MirrorError> {
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
        // A value that comes back after it was cleared can only be cleared by writing the whole object.
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
                let with_id = RecordWrite::Change { deleted_at: customer.deleted_at, fields, old };
                // Where the record has no room for the id, the mapping alone holds it.
                record = if too_large(&with_id).is_none() { with_id } else { record };
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

    /// Reads customers again that can have changed in QuickBooks since they were read.
    pub(super) async fn reread(&mut self, ids: &BTreeSet<QuickBooksId>) -> Result<(), MirrorError> {
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

    pub(super) async fn refuse_unclearable(&mut self, outgoing: &Outgoing) -> Result<(), MirrorError> {
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

/// Whether a field that was written does not have the value that was written.
fn is_ahead(outgoing: &Outgoing, object: &Object) -> bool {
    let theirs = Fields::theirs(object, Some(&outgoing.ours), outgoing.base().as_ref());
    outgoing.changed.iter().any(|field| !is_mirrored(*field, outgoing.ours.get(*field), theirs.get(*field)))
}
