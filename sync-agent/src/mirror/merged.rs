//! The results of a merge: what our record becomes, what both sides agree on from now on, and what goes to QuickBooks.

use clientele_shared::model::{Conflict, Customer, CustomerNumber, Link, Mapping, MirroredEntity};
use clientele_shared::store::{MirrorNote, MirrorWrite, RecordWrite};
use serde_json::Value;

use super::fields::{Field, Fields, pulled};
use super::merge::{Base, FieldConflict, Merge};
use super::names;
use super::outgoing::{Outgoing, OutgoingKind};
use super::parking::NO_NAME;
use super::reconcile::{Decision, Pair};
use super::report::PlannedConflict;
use super::run::{Run, planned};

/// The fields that make a name.
const NAMES: [Field; 3] = [Field::FirstName, Field::LastName, Field::CompanyName];

impl Run<'_> {
    /// Turns a merge into a result for our side and a write to QuickBooks.
    pub(super) fn settle_merge(&mut self, pair: Pair, merged: Merge) -> Decision {
        let (new, mapping) = self.agreed(&pair, &merged);
        let Pair { customer, stored, base, .. } = &pair;
        self.note_plan(&pair, &mapping, &new, &merged);
        let conflicts = merged.conflicts.iter().map(|conflict| self.conflict(customer, &mapping, conflict));
        let mut notes: Vec<MirrorNote> = conflicts.map(MirrorNote::Conflict).collect();
        if stored.is_none() {
            let link = Link { customer: Some(customer.number), facts: Value::Null };
            notes.push(MirrorNote::Link(MirroredEntity::Customer, mapping.quickbooks_id.clone(), link));
        }
        let after = self.fields_of(&new, &base.ours);
        let is_equal = merged.push.is_empty();
        let outgoing = match self.push(customer, &mapping, base, after, merged.push) {
            Err((code, reason)) => {
                let id = Some(&mapping.quickbooks_id);
                notes.push(MirrorNote::Park(self.parked_note(customer, id, code, &reason)));
                None
            }
            Ok(outgoing) => {
                // One that is still to be written stays parked until it is, or an interrupted run would forget it.
                if is_equal {
                    notes.extend(self.parked.remove(&customer.number).map(|_| MirrorNote::Unpark));
                }
                outgoing
            }
        };
        let is_changed = new.fields != customer.fields || new.deleted_at != customer.deleted_at;
        self.count_compared(outgoing.is_none(), is_changed && !merged.pull.is_empty());
        if stored.as_ref() == Some(&mapping) && !is_changed && notes.is_empty() {
            return Decision { write: None, outgoing };
        }
        let number = customer.number;
        let record = if is_changed { changed(pair.customer, new) } else { RecordWrite::Keep };
        Decision { write: Some(MirrorWrite { number, record, mapping: Some(mapping), notes }), outgoing }
    }

    /// Returns our record with the values that come from QuickBooks, and the mapping of the two.
    fn agreed(&self, pair: &Pair, merged: &Merge) -> (Customer, Mapping) {
        let Pair { customer, stored, seen, base, theirs, .. } = pair;
        let is_contested = |field: &Field| merged.conflicts.iter().any(|conflict| conflict.field == *field);
        let (lost, taken): (Vec<Field>, Vec<Field>) = merged.pull.iter().copied().partition(is_contested);
        let (fields, deleted_at) =
            pulled(&customer.fields, customer.deleted_at, Some(&base.theirs), theirs, &taken);
        let (mut fields, deleted_at) = pulled(&fields, deleted_at, None, theirs, &lost);
        if stored.is_none() {
            fields.quickbooks_id = Some(seen.quickbooks_id.to_string());
        }
        let new = Customer { fields, deleted_at, ..customer.clone() };
        // A field that is still to be pushed stays as it was when the sides last agreed, and is therefore ahead.
        let mut agreed = self.fields_of(&new, &base.ours);
        for field in &merged.push {
            agreed.set(*field, base.ours.get(*field).clone());
        }
        let mapping = Mapping { ours: agreed.to_stored(), theirs: theirs.to_stored(), ..seen.clone() };
        (new, mapping)
    }

    fn fields_of(&self, customer: &Customer, base: &Fields) -> Fields {
        Fields::ours(customer, self.mirror.connection.settings.deactivation, Some(base))
    }

    fn count_compared(&mut self, is_unchanged: bool, is_pulled: bool) {
        if is_unchanged && self.is_first_look {
            self.report.pushed.unchanged += 1;
        }
        if is_pulled {
            self.report.pulled.customers += 1;
        }
    }

    /// Returns the update of a customer in QuickBooks, or why it cannot be made.
    fn push(
        &mut self,
        customer: &Customer,
        mapping: &Mapping,
        base: &Base,
        ours: Fields,
        changed: Vec<Field>,
    ) -> Result<Option<Outgoing>, (&'static str, String)> {
        if changed.is_empty() || !self.pushes {
            return Ok(None);
        }
        let Some(name) = names::display_name(&ours) else { return Err(("", NO_NAME.to_owned())) };
        if let Some(refusal) = self.unwritable(customer, &ours) {
            return Err(refusal);
        }
        let mut changed = changed;
        let other_name = self.other_name(customer.number, mapping, &ours, &changed);
        // A name is one thing: a person's company must not get lost when an organisation becomes a person, nor that of an
        // organisation that has a display name alone when it is listed under another name.
        if other_name.is_some() || changed.iter().any(|field| NAMES.contains(field)) {
            changed
                .extend(NAMES.iter().filter(|field| !changed.contains(field)).copied().collect::<Vec<_>>());
        }
        let display_name = self.new_display_name(customer.number, mapping, base, &name).or(other_name);
        if let Some(plan) = &mut self.plan {
            let theirs = Fields::from_stored(&mapping.theirs);
            let id = Some(&mapping.quickbooks_id);
            let entry = planned(Some(customer.number), id, &mapping.display_name, &theirs, &ours, &changed);
            let is_deactivation = changed.contains(&Field::Active) && !ours.is_active();
            if is_deactivation { plan.deactivate.push(entry) } else { plan.update.push(entry) }
        }
        let kind = OutgoingKind::Update { mapping: Box::new(mapping.clone()), display_name, is_full: false };
        Ok(Some(Outgoing::new(customer.number, kind, ours, changed)))
    }

    /// Returns the name under which a customer is listed from now on, if that changes. A name that a person has given it in
    /// QuickBooks stays.
    fn new_display_name(
        &mut self,
        number: CustomerNumber,
        mapping: &Mapping,
        base: &Base,
        name: &str,
    ) -> Option<String> {
        let old = names::display_name(&base.ours)?;
        let listed = names::key(&mapping.display_name);
        let is_ours = [names::key(&old), names::key(&names::with_id(&old, number))].contains(&listed);
        if !is_ours || names::key(name) == names::key(&old) {
            return None;
        }
        let id = Some(&mapping.quickbooks_id);
        let is_taken = self.directory.is_taken(name, number, id);
        let new = if is_taken { names::with_id(name, number) } else { name.to_owned() };
        self.directory.reserve_name(&new, number);
        Some(new)
    }

    /// Returns the name of a customer that is made active again, if another has its former one by now.
    fn other_name(
        &mut self,
        number: CustomerNumber,
        mapping: &Mapping,
        ours: &Fields,
        changed: &[Field],
    ) -> Option<String> {
        let restored = restored_name(mapping, ours, changed)?;
        if !self.directory.is_taken(restored, number, Some(&mapping.quickbooks_id)) {
            return None;
        }
        let new = names::with_id(restored, number);
        self.directory.reserve_name(&new, number);
        Some(new)
    }

    fn conflict(&self, customer: &Customer, mapping: &Mapping, conflict: &FieldConflict) -> Conflict {
        let FieldConflict { field, base, ours, theirs } = conflict.clone();
        Conflict {
            number: customer.number,
            quickbooks_id: mapping.quickbooks_id.clone(),
            name: customer.fields.full_name(),
            field: field.as_str().to_owned(),
            base,
            ours,
            theirs,
            winner: self.mirror.connection.settings.winner,
            at: self.store().ambient().now(),
        }
    }

    /// Adds what comes from QuickBooks to the plan, if there is one.
    fn note_plan(&mut self, pair: &Pair, mapping: &Mapping, new: &Customer, merged: &Merge) {
        let winner = self.mirror.connection.settings.winner.as_str();
        let after = self.fields_of(new, &pair.base.ours);
        let Some(plan) = &mut self.plan else { return };
        let (id, name, ours) = (Some(new.number), &mapping.display_name, &pair.ours);
        let is_different = |field: &&Field| {
            after.get(**field) != ours.get(**field) || pair.theirs.get(**field) != ours.get(**field)
        };
        let fields: Vec<Field> = merged.pull.iter().filter(is_different).copied().collect();
        if !fields.is_empty() {
            plan.pull.push(planned(id, Some(&mapping.quickbooks_id), name, ours, &after, &fields));
        }
        plan.conflicts.extend(merged.conflicts.iter().cloned().map(|conflict| PlannedConflict {
            id,
            quickbooks_id: mapping.quickbooks_id.to_string(),
            name: name.clone(),
            field: conflict.field.as_str(),
            base: conflict.base,
            ours: conflict.ours,
            theirs: conflict.theirs,
            winner,
        }));
    }
}

/// Returns the change of a record.
fn changed(old: Customer, new: Customer) -> RecordWrite {
    RecordWrite::Change { deleted_at: new.deleted_at, fields: Box::new(new.fields), old: Box::new(old) }
}

/// Returns the name that QuickBooks gives back to a customer that an update makes active again, if it took it away.
pub(super) fn restored_name<'a>(mapping: &'a Mapping, ours: &Fields, changed: &[Field]) -> Option<&'a str> {
    let restored = names::without_deleted(&mapping.display_name);
    let is_restored = changed.contains(&Field::Active) && ours.is_active();
    Some(restored).filter(|restored| is_restored && *restored != mapping.display_name)
}
