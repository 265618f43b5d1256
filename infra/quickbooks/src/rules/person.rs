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
    /// Makes an object inactive. A customer's balance is brought to zero by a credit memo, as in any edit by
    /// a person that makes the customer inactive.
    ///
    /// # Errors
    ///
    /// Returns a [`Fault`] if the object does not exist or cannot be made inactive.
    pub fn deactivate(&mut self, kind: Kind, body: &Object) -> Result<Arc<Entity>, Fault> {
        let id = self.required_id(body, "Id")?;
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
        let is_above = kind == Kind::Customer && self.company.lineage(survivor).any(|above| above == merged);
        if survivor == merged || is_above {
            return Err(Fault::parent_is_child());
        }
        self.atomically(|writer| {
            if kind == Kind::Customer {
                writer.move_transactions(survivor, merged, &current);
                writer.move_children(survivor, merged)?;
            }
            writer.company.remove(kind, merged, writer.now, writer.switches);
            let current = writer.company.get(kind, survivor).cloned().ok_or_else(Fault::not_found)?;
            let saved = writer.save(kind, survivor, current.object.clone(), Stamp::Update);
            writer.company.report_merge(kind, survivor, merged, writer.now);
            Ok(saved)
        })
    }

    /// Brings the balance of a customer to zero by a credit memo. Source: Intuit's Customer page.
    pub(super) fn balance_customer(&mut self, id: u64, customer: &Entity) -> Result<(), Fault> {
        let balance = customer.object.decimal("Balance");
        if balance > Decimal::ZERO {
            self.write(Kind::CreditMemo, &balancing_memo(id, balance))?;
        }
        Ok(())
    }

    fn required_id(&self, body: &Object, field: &str) -> Result<u64, Fault> {
        let id = body.get(field).filter(|id| !id.is_blank()).ok_or_else(|| Fault::required(field))?;
        parse_id(&id.to_text(), self.switches)
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
