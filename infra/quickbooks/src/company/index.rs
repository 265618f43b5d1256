//! Indexes over the objects: display names, document numbers, and the payments of each invoice and credit
//! memo.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;

use crate::entities::{Family, Kind};
use crate::value::{Object, Value};

/// The indexes. Each follows from the objects, so none is stored.
#[derive(Debug, Default)]
pub struct Index {
    names: HashMap<String, Vec<(Kind, u64)>>,
    numbers: HashMap<(Kind, String), Vec<u64>>,
    applied: HashMap<(Kind, u64), BTreeMap<u64, Decimal>>,
    children: HashMap<u64, Vec<u64>>,
}

impl Index {
    /// Returns the objects whose name equals this one when folded. Lists of names share one space, and each
    /// other list has its own: compare the kinds.
    #[must_use]
    pub fn names(&self, name: &str) -> &[(Kind, u64)] {
        self.names.get(&fold_name(name)).map_or(&[], Vec::as_slice)
    }

    /// Returns the transactions of an entity that have this document number.
    #[must_use]
    pub fn numbers(&self, kind: Kind, number: &str) -> &[u64] {
        self.numbers.get(&(kind, number.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// Returns the payments that are linked to an invoice or credit memo, with their amounts.
    pub fn applied(&self, kind: Kind, id: u64) -> impl Iterator<Item = (u64, Decimal)> {
        self.applied.get(&(kind, id)).into_iter().flatten().map(|(id, amount)| (*id, *amount))
    }

    /// Returns the customers directly below a customer.
    #[must_use]
    pub fn children(&self, customer: u64) -> &[u64] {
        self.children.get(&customer).map_or(&[], Vec::as_slice)
    }

    pub(super) fn insert(&mut self, kind: Kind, id: u64, object: &Object) {
        if let Some(name) = name(kind, object) {
            self.names.entry(name).or_default().push((kind, id));
        }
        if let Some(number) = object.text("DocNumber") {
            self.numbers.entry((kind, number.to_owned())).or_default().push(id);
        }
        if let Some(parent) = parent(kind, object) {
            self.children.entry(parent).or_default().push(id);
        }
        for (link, amount) in links(kind, object) {
            *self.applied.entry(link).or_default().entry(id).or_default() += amount;
        }
    }

    pub(super) fn remove(&mut self, kind: Kind, id: u64, object: &Object) {
        if let Some(name) = name(kind, object) {
            remove_from(&mut self.names, &name, &(kind, id));
        }
        if let Some(number) = object.text("DocNumber") {
            remove_from(&mut self.numbers, &(kind, number.to_owned()), &id);
        }
        if let Some(parent) = parent(kind, object) {
            remove_from(&mut self.children, &parent, &id);
        }
        for (link, _) in links(kind, object) {
            if let Some(payments) = self.applied.get_mut(&link) {
                payments.remove(&id);
            }
        }
    }
}

fn remove_from<K: std::hash::Hash + Eq, V: PartialEq>(map: &mut HashMap<K, Vec<V>>, key: &K, value: &V) {
    if let Some(values) = map.get_mut(key) {
        values.retain(|other| other != value);
        if values.is_empty() {
            map.remove(key);
        }
    }
}

/// Returns a name as the index compares it: trimmed and in lower case.
#[must_use]
pub fn fold_name(name: &str) -> String {
    name.trim().to_lowercase()
}

fn name(kind: Kind, object: &Object) -> Option<String> {
    kind.name_field().and_then(|field| object.text(field)).map(fold_name)
}

fn parent(kind: Kind, object: &Object) -> Option<u64> {
    if kind.family() != Family::Name {
        return None;
    }
    super::reference_id(object, "ParentRef")
}

/// Returns the transactions that a payment's lines are linked to, with the amounts of the lines.
fn links(kind: Kind, object: &Object) -> Vec<((Kind, u64), Decimal)> {
    if kind != Kind::Payment {
        return Vec::new();
    }
    let lines = object.list("Line").iter().filter_map(Value::as_object);
    lines.filter_map(|line| Some((link(line)?, line.decimal("Amount")))).collect()
}

/// Returns the invoice or credit memo that a payment's line is linked to.
#[must_use]
pub(crate) fn link(line: &Object) -> Option<(Kind, u64)> {
    let linked = line.list("LinkedTxn").first()?.as_object()?;
    let kind = match linked.text("TxnType")? {
        "Invoice" => Kind::Invoice,
        "CreditMemo" => Kind::CreditMemo,
        _ => return None,
    };
    Some((kind, linked.get("TxnId")?.to_text().parse().ok()?))
}
