//! Edits that a person makes in QuickBooks and no client can: deactivation with a balancing credit memo,
//! and merging.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::fields::parse_id;
use super::write::Writer;
use crate::company::{Entity, Stamp, reference, reference_id};
use crate::entities::{Family, Kind};
use crate::fault::Fault;
use crate::object;
use crate::value::{Object, Value};

/// Transactions that belong to a customer.
const OF_CUSTOMERS: [Kind; 4] = [Kind::Invoice, Kind::Payment, Kind::CreditMemo, Kind::SalesReceipt];

impl Writer<'_> {
    /// Makes an object inactive. A customer's balance is first brought to zero by a credit memo. Source:
    /// Intuit's Customer page.
    ///
    /// # Errors
    ///
    /// Returns a [`Fault`] if the object does not exist or cannot be made inactive.
    pub fn deactivate(&mut self, kind: Kind, body: &Object) -> Result<Arc<Entity>, Fault> {
        let id = self.required_id(body, "Id")?;
        let entity = self.company.get(kind, id).cloned().ok_or_else(Fault::not_found)?;
        let balance = entity.object.decimal("Balance");
        if kind == Kind::Customer && balance > Decimal::ZERO {
            self.write(Kind::CreditMemo, &balancing_memo(id, balance))?;
        }
        self.write(kind, &object! { "Id" => id.to_string(), "sparse" => true, "Active" => false })
    }

    /// Merges one customer, vendor or employee into another, which gets its transactions. `Id` is the
    /// survivor and `deletedId` the object that is gone.
    ///
    /// # Errors
    ///
    /// Returns a [`Fault`] if one of the objects does not exist, both are the same, or the entity cannot be
    /// merged.
    pub fn merge(&mut self, kind: Kind, body: &Object) -> Result<Arc<Entity>, Fault> {
        if kind.family() != Family::Name {
            return Err(Fault::unsupported_operation("merge"));
        }
        let (survivor, merged) = (self.required_id(body, "Id")?, self.required_id(body, "deletedId")?);
        let current = self.company.get(kind, survivor).cloned().ok_or_else(Fault::not_found)?;
        self.company.get(kind, merged).ok_or_else(Fault::not_found)?;
        if survivor == merged || self.is_ancestor(kind, merged, survivor) {
            return Err(Fault::parent_is_child());
        }
        if kind == Kind::Customer {
            self.move_transactions(survivor, merged, &current);
            self.move_children(survivor, merged)?;
        }
        self.company.remove(kind, merged, self.now, self.switches);
        let current = self.company.get(kind, survivor).cloned().ok_or_else(Fault::not_found)?;
        let saved = self.save(kind, survivor, current.object.clone(), Stamp::Update);
        self.company.report_merge(kind, survivor, merged, self.now);
        Ok(saved)
    }

    fn required_id(&self, body: &Object, field: &str) -> Result<u64, Fault> {
        let id = body.get(field).filter(|id| !id.is_blank()).ok_or_else(|| Fault::required(field))?;
        parse_id(&id.to_text(), self.switches)
    }

    /// Returns whether `ancestor` is above `id`.
    fn is_ancestor(&self, kind: Kind, ancestor: u64, id: u64) -> bool {
        let parent = |id: &u64| reference_id(&self.company.get(kind, *id)?.object, "ParentRef");
        std::iter::successors(parent(&id), parent).take(6).any(|above| above == ancestor)
    }

    fn move_transactions(&mut self, survivor: u64, merged: u64, current: &Entity) {
        let name = current.object.text("DisplayName").unwrap_or_default().to_owned();
        for kind in OF_CUSTOMERS {
            let is_merged = |entity: &Entity| reference_id(&entity.object, "CustomerRef") == Some(merged);
            let ids: Vec<u64> =
                self.company.list(kind).filter(|(_, entity)| is_merged(entity)).map(|(id, _)| id).collect();
            for id in ids {
                let Some(entity) = self.company.get(kind, id).cloned() else { continue };
                let mut object = entity.object.clone();
                object.set("CustomerRef", reference(survivor, &name));
                self.save(kind, id, object, Stamp::Update);
            }
        }
    }

    fn move_children(&mut self, survivor: u64, merged: u64) -> Result<(), Fault> {
        for child in self.company.index().children(merged).to_vec() {
            let parent = object! { "value" => survivor.to_string() };
            let body =
                object! { "Id" => child.to_string(), "sparse" => true, "Job" => true, "ParentRef" => parent };
            self.write(Kind::Customer, &body)?;
        }
        Ok(())
    }
}

fn balancing_memo(customer: u64, amount: Decimal) -> Object {
    let line = object! {
        "Amount" => amount,
        "DetailType" => "SalesItemLineDetail",
        "SalesItemLineDetail" => object! { "Qty" => 1_u64, "UnitPrice" => amount },
    };
    object! {
        "CustomerRef" => object! { "value" => customer.to_string() },
        "PrivateNote" => "Created by QuickBooks Online to adjust balance for deletion",
        "Line" => vec![Value::from(line)],
    }
}
