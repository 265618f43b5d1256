//! Balances of customers, which follow their transactions and those of the customers below them.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{Company, Entity, Event, Operation, Stamp, reference_id, stamp_object};
use crate::entities::Kind;
use crate::switches::{Switch, Switches};
use crate::value::Object;

impl Company {
    /// Adds the difference between two states of a transaction to its customer's balance.
    pub(super) fn move_balance(
        &mut self,
        kind: Kind,
        old: Option<&Entity>,
        new: Option<&Entity>,
        now: Timestamp,
        switches: &Switches,
    ) {
        let part = |entity: Option<&Entity>| entity.and_then(|entity| open_amount(kind, &entity.object));
        for (customer, amount) in part(old).map(|(id, amount)| (id, -amount)).into_iter().chain(part(new)) {
            if !amount.is_zero() {
                self.add_to_balance(customer, amount, now, switches);
            }
        }
    }

    /// Adds an amount to the balance of a customer, and to the balances with jobs of those above it.
    fn add_to_balance(&mut self, customer: u64, amount: Decimal, now: Timestamp, switches: &Switches) {
        let Some(entity) = self.get(Kind::Customer, customer) else { return };
        let mut object = entity.object.clone();
        object.set("Balance", object.decimal("Balance") + amount);
        self.touch(customer, object, amount, now, switches);
        let above: Vec<u64> = self.lineage(customer).skip(1).collect();
        self.add_to_jobs(&above, amount, now, switches);
    }

    /// Moves the balance of a customer with its jobs from its former parent to its present one.
    pub(super) fn move_jobs(&mut self, old: &Entity, new: &Entity, now: Timestamp, switches: &Switches) {
        let parents = [old, new].map(|entity| reference_id(&entity.object, "ParentRef"));
        let amount = new.object.decimal("BalanceWithJobs");
        if parents[0] == parents[1] || amount.is_zero() {
            return;
        }
        for (parent, amount) in parents.into_iter().zip([-amount, amount]) {
            let above: Vec<u64> = parent.into_iter().flat_map(|parent| self.lineage(parent)).collect();
            self.add_to_jobs(&above, amount, now, switches);
        }
    }

    fn add_to_jobs(&mut self, customers: &[u64], amount: Decimal, now: Timestamp, switches: &Switches) {
        for id in customers {
            if let Some(entity) = self.get(Kind::Customer, *id) {
                let object = entity.object.clone();
                self.touch(*id, object, amount, now, switches);
            }
        }
    }

    /// Stores a customer whose balance with jobs changes by an amount.
    fn touch(&mut self, id: u64, mut object: Object, amount: Decimal, now: Timestamp, switches: &Switches) {
        let stamp = match () {
            () if switches.is(Switch::BalanceTouchesCustomer, "token") => Stamp::Update,
            () if switches.is(Switch::BalanceTouchesCustomer, "time") => Stamp::Touch,
            () => Stamp::Quiet,
        };
        object.set("BalanceWithJobs", object.decimal("BalanceWithJobs") + amount);
        let updated = stamp_object(&mut object, id, self.get(Kind::Customer, id).map(|e| &**e), stamp, now);
        self.put(Kind::Customer, id, Entity::new(object, updated));
        if stamp == Stamp::Update {
            let operation = Operation::Update;
            self.event(Event { kind: Kind::Customer, id, operation, deleted_id: None, at: now });
        }
    }
}

/// Returns the customer of a transaction and the amount that the transaction adds to the customer's balance.
fn open_amount(kind: Kind, object: &Object) -> Option<(u64, Decimal)> {
    let amount = match kind {
        Kind::Invoice => object.decimal("Balance"),
        Kind::Payment => -object.decimal("UnappliedAmt"),
        Kind::CreditMemo => -object.decimal("RemainingCredit"),
        _ => return None,
    };
    Some((reference_id(object, "CustomerRef")?, amount))
}
