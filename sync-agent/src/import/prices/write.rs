//! A price on its way into the table, and the one that it replaces.

use clientele_shared::model::{Price, PriceEntry, PriceOwner};

use crate::import::outcome::{FieldChange, ImportCounts, RowChange};

/// A price to be written.
#[derive(Debug)]
pub struct PriceWrite {
    pub(super) entry: PriceEntry,
    /// The price that it replaces, if there is one.
    pub(super) old: Option<Price>,
}

impl PriceWrite {
    /// Returns what the write changes about the price that it replaces.
    pub(super) fn change(&self) -> Option<RowChange> {
        let PriceEntry { owner, product, price } = &self.entry;
        let old = self.old.as_ref()?;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (amount, owner) = match owner {
            PriceOwner::List => ("defaultPrice", "price list".to_owned()),
            PriceOwner::Customer(uuid) => ("customerPrice", uuid.to_string()),
        };
        let fields = [
            ("serviceType", text(&old.service_type), text(&price.service_type)),
            ("name", text(&old.name), text(&price.name)),
            (amount, old.amount.to_string(), price.amount.to_string()),
            ("currency", old.currency.to_string(), price.currency.to_string()),
        ];
        let changed = fields.into_iter().filter(|(_, old, new)| old != new);
        let from = price.effective_from.map(|day| format!(" from {day}")).unwrap_or_default();
        Some(RowChange {
            id: format!("{owner} {product}{from}"),
            key: product.to_string(),
            changes: changed.map(|(field, old, new)| FieldChange { field, old, new }).collect(),
        })
    }
}

/// Returns how many of the prices are new, and how many replace another one.
pub(super) fn counts(writes: &[PriceWrite]) -> ImportCounts {
    let updated = writes.iter().filter(|write| write.old.is_some()).count() as u64;
    ImportCounts { written: writes.len() as u64 - updated, updated, ..ImportCounts::default() }
}
