//! The changes of each side: the values that must be on both sides in the end, or be kept as a conflict.

use std::collections::BTreeMap;

use clientele_shared::model::{
    Customer, CustomerFields, CustomerNumber, Deactivation, MirrorSide, Timestamp,
};
use clientele_sync_agent::mirror::fields::{Field, Fields};
use clientele_sync_agent::mirror::merge::is_mirrored;
use clientele_sync_agent::quickbooks::Object;
use serde::Deserialize;
use serde_json::Value;

use super::company::CustomerChange;
use crate::simulation::engine::{Item, RecordChange, text_of};
use crate::simulation::network::Caller;

/// A person's choice about a conflict.
#[derive(Debug, Clone)]
pub(super) struct Decision {
    pub(super) number: CustomerNumber,
    pub(super) quickbooks_id: String,
    pub(super) field: Field,
    pub(super) kept: MirrorSide,
    pub(super) ours: Value,
    pub(super) theirs: Value,
    /// Whether our record had another value than the kept one.
    pub(super) is_change: bool,
    /// How many changes of our records came before.
    pub(super) after: usize,
}

/// The last change of a field on one side.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// Its place among all changes.
    pub(super) at: usize,
    pub(super) value: Value,
    /// Values that the field had before.
    pub(super) earlier: Vec<Value>,
}

/// The last changes of the fields of one customer.
pub(super) type Changes = BTreeMap<Field, Change>;

/// The changes of both sides.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) ours: BTreeMap<CustomerNumber, Changes>,
    pub(super) theirs: BTreeMap<String, Changes>,
    /// Customers of ours that the mirror has created.
    pub(super) adopted: Vec<CustomerNumber>,
    /// Customers in QuickBooks that the mirror has created.
    pub(super) pushed: Vec<String>,
}

/// The JSON text of a record.
#[derive(Deserialize)]
struct Record {
    number: CustomerNumber,
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(default)]
    deleted_at: Option<Timestamp>,
    fields: CustomerFields,
}

/// Returns the customer in an item; `None` if the item is the sequence of numbers.
fn customer(item: &Item) -> Option<Customer> {
    let text = text_of(item, "record")?;
    let Record { number, version, created_at, updated_at, deleted_at, fields } =
        serde_json::from_str(text).expect("a record is JSON");
    // The uuid is not compared.
    Some(Customer { number, uuid: Default::default(), version, created_at, updated_at, deleted_at, fields })
}

/// Returns our mirrored fields.
pub(super) fn ours(customer: &Customer) -> Fields {
    Fields::ours(customer, Deactivation::Inactive, None)
}

/// Returns the mirrored fields as QuickBooks has them, without an organisation's name that only its display name tells.
fn theirs(object: &Object) -> Fields {
    let mut fields = Fields::theirs(object, None, None);
    if !object.contains_key("CompanyName") {
        fields.set(Field::CompanyName, Value::Null);
    }
    fields
}

impl Ledger {
    /// Reads all changes in the order in which they happened.
    pub(super) fn read(records: &[RecordChange], company: &[CustomerChange], decisions: &[Decision]) -> Self {
        let mut ledger = Self::default();
        let (mut company, mut decisions) = (company.iter().peekable(), decisions.iter().peekable());
        let mut at = 0;
        for count in 0..=records.len() {
            while let Some(change) = company.next_if(|change| change.after <= count) {
                at += 1;
                ledger.enter_theirs(at, change);
            }
            while let Some(decision) = decisions.next_if(|decision| decision.after <= count) {
                at += 1;
                ledger.enter_decision(at, decision);
            }
            if let Some(record) = records.get(count) {
                at += 1;
                ledger.enter_ours(at, record);
            }
        }
        ledger
    }

    fn enter_ours(&mut self, at: usize, change: &RecordChange) {
        let Some(new) = change.new.as_ref().and_then(customer) else { return };
        let old = change.old.as_ref().and_then(customer);
        if change.caller == Caller::Agent {
            match old {
                None => self.adopted.push(new.number),
                Some(_) if new.fields.quickbooks_id.is_none() => self.part(at, &new),
                Some(_) => {}
            }
            return;
        }
        let old = old.map(|old| ours(&old)).unwrap_or_else(created);
        enter(self.ours.entry(new.number).or_default(), at, &old, &ours(&new));
    }

    /// The counterpart of a customer was merged into another. If the customer becomes active again, it is created there as
    /// it is here.
    fn part(&mut self, at: usize, customer: &Customer) {
        self.adopted.retain(|number| *number != customer.number);
        let mut changes = Changes::default();
        enter(&mut changes, at, &Fields::default(), &ours(customer));
        self.ours.insert(customer.number, changes);
    }

    fn enter_theirs(&mut self, at: usize, change: &CustomerChange) {
        let CustomerChange { by_person, id, old, new, .. } = change;
        let Some(new) = new else {
            self.theirs.remove(id);
            return;
        };
        if !by_person {
            if old.is_none() {
                self.pushed.push(id.clone());
            }
            return;
        }
        let old = old.as_ref().map_or_else(created, theirs);
        let changes = self.theirs.entry(id.clone()).or_default();
        enter(changes, at, &old, &theirs(new));
        let is_nameless =
            ["GivenName", "FamilyName", "CompanyName"].iter().all(|name| !new.contains_key(*name));
        if let Some(change) = changes.get_mut(&Field::CompanyName).filter(|_| is_nameless) {
            // The display name remains, which is the name of an organisation: nothing was emptied.
            change.earlier.push(Value::Null);
        }
    }

    /// A person has kept one of the values, so the other no longer counts. One that was set meanwhile does.
    fn enter_decision(&mut self, at: usize, decision: &Decision) {
        let Decision { number, quickbooks_id, field, kept, ours, theirs, is_change, .. } = decision;
        let (kept, lost, losing) = match kept {
            MirrorSide::Ours => (ours, theirs, self.theirs.get_mut(quickbooks_id)),
            MirrorSide::Theirs => (theirs, ours, self.ours.get_mut(number)),
        };
        if let Some(changes) = losing
            && changes.get(field).is_some_and(|change| is_mirrored(*field, &change.value, lost))
        {
            changes.remove(field);
        }
        if *is_change {
            let change = Change { at, value: kept.clone(), earlier: Vec::new() };
            self.ours.entry(*number).or_default().insert(*field, change);
        }
    }
}

/// The fields of a customer before it was created.
fn created() -> Fields {
    let mut fields = Fields::default();
    fields.set(Field::Active, true.into());
    fields
}

fn enter(changes: &mut Changes, at: usize, old: &Fields, new: &Fields) {
    for field in Field::ALL {
        let (old, value) = (old.get(field), new.get(field));
        if old != value {
            let mut earlier = changes.remove(&field).map(|change| change.earlier).unwrap_or_default();
            earlier.push(old.clone());
            changes.insert(field, Change { at, value: value.clone(), earlier });
        }
    }
}
