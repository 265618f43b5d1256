//! Customers that cannot be written to QuickBooks: they are parked with a reason, and tried again with every sync.

use std::collections::BTreeSet;

use clientele_shared::model::{Customer, Parked, QuickBooksId};
use clientele_shared::rules::size;
use clientele_shared::store::{MirrorNote, MirrorWrite, RecordWrite};

use super::MirrorError;
use super::fields::Fields;
use super::reconcile::Decision;
use super::report::{Pulled, Pushed, Refused};
use super::run::Run;
use super::wire;

/// The code of a customer in a currency that the company does not have.
const CURRENCY: &str = "currency";

/// The reason why a customer without a name is not written.
pub(super) const NO_NAME: &str =
    "has no first name, last name or company name, and QuickBooks requires a name; add one";

/// The code of a customer whose record would be too large with what comes from QuickBooks.
const TOO_LARGE: &str = "too_large";

impl Run<'_> {
    /// Decides that nothing is to be done.
    pub(super) fn nothing(&mut self, customer: &Customer) -> Decision {
        self.report.pushed.unchanged += u64::from(self.is_first_look);
        let was_parked = self.parked.remove(&customer.number).is_some();
        let notes = vec![MirrorNote::Unpark];
        let write = MirrorWrite { number: customer.number, record: RecordWrite::Keep, mapping: None, notes };
        Decision { write: Some(write).filter(|_| was_parked), outgoing: None }
    }

    /// Returns a decision, or parks its customer if the record would be too large. `counted` is what the report counted before
    /// the decision.
    pub(super) fn within_size(&mut self, decision: Decision, counted: (Pushed, Pulled)) -> Decision {
        let Some(write) = &decision.write else { return decision };
        let RecordWrite::Change { old: customer, .. } = &write.record else { return decision };
        let Some(reason) = too_large(&write.record) else { return decision };
        (self.report.pushed, self.report.pulled) = counted;
        let number = write.number;
        if let Some(plan) = &mut self.plan {
            for planned in [&mut plan.pull, &mut plan.link, &mut plan.update, &mut plan.deactivate] {
                planned.retain(|one| one.id != Some(number));
            }
            plan.conflicts.retain(|one| one.id != Some(number));
        }
        let id = write.mapping.as_ref().map(|mapping| &mapping.quickbooks_id);
        let notes = vec![MirrorNote::Park(self.parked_note(customer, id, TOO_LARGE, &reason))];
        // Nothing is sent either: the answer would count as a base that our side has never had.
        let write = MirrorWrite { number, record: RecordWrite::Keep, mapping: None, notes };
        Decision { write: Some(write), outgoing: None }
    }

    /// Reads the counterparts of customers again that were too large: the changes since the checkpoint lack them.
    pub(super) async fn reread_too_large(&mut self) -> Result<(), MirrorError> {
        let parked = self.parked.values().filter(|parked| parked.code == TOO_LARGE);
        let ids = parked.filter_map(|parked| parked.quickbooks_id.clone()).collect();
        self.reread_customers(ids).await
    }

    /// Reads customers in QuickBooks that this run has not read, and has them compared.
    pub(super) async fn reread_customers(&mut self, ids: BTreeSet<QuickBooksId>) -> Result<(), MirrorError> {
        let is_unread =
            |id: &QuickBooksId| self.directory.get(id).is_none() && !self.directory.gone.contains(id);
        let ids: BTreeSet<QuickBooksId> = ids.into_iter().filter(is_unread).collect();
        self.reread(&ids).await?;
        self.gathered.customers.extend(ids.into_iter().filter(|id| self.directory.get(id).is_some()));
        Ok(())
    }

    pub(super) fn park(&mut self, customer: &Customer, code: &str, reason: &str) -> Decision {
        let note = self.parked_note(customer, None, code, reason);
        let notes = vec![MirrorNote::Park(note)];
        let write = MirrorWrite { number: customer.number, record: RecordWrite::Keep, mapping: None, notes };
        Decision { write: Some(write), outgoing: None }
    }

    /// Returns the note that a customer cannot be written.
    pub(super) fn parked_note(
        &mut self,
        customer: &Customer,
        id: Option<&QuickBooksId>,
        code: &str,
        reason: &str,
    ) -> Parked {
        let name = customer.fields.full_name();
        let parked = Parked {
            number: customer.number,
            name: name.clone(),
            quickbooks_id: id.cloned(),
            code: code.to_owned(),
            reason: reason.to_owned(),
            at: self.store().ambient().now(),
        };
        if let Some(plan) = &mut self.plan {
            let quickbooks_id = id.map(ToString::to_string);
            let reason = reason.to_owned();
            plan.refused.push(Refused { id: Some(customer.number), quickbooks_id, name, reason });
        }
        self.parked.insert(customer.number, parked.clone());
        parked
    }

    /// Returns why QuickBooks would refuse a customer: a code, if there is one, and the reason.
    pub(super) fn unwritable(&self, customer: &Customer, ours: &Fields) -> Option<(&'static str, String)> {
        if let Err(reason) = wire::check(ours) {
            return Some(("", reason.to_string()));
        }
        let home = self.mirror.connection.home_currency.to_string();
        let own = customer.fields.currency.as_deref().filter(|own| !own.eq_ignore_ascii_case(&home))?;
        (!self.is_multicurrency()).then(|| {
            let reason = format!(
                "is in {own}, and the company keeps its books in {home} alone; turn on multicurrency in QuickBooks"
            );
            (CURRENCY, reason)
        })
    }

    fn is_multicurrency(&self) -> bool {
        self.mirror.connection.is_multicurrency || self.state.is_multicurrency
    }

    /// Asks QuickBooks whether the company can have customers in other currencies by now, if one waits for that. The answer is
    /// part of the state: the scheduled function may not write connections.
    pub(super) async fn heed_multicurrency(&mut self) -> Result<(), MirrorError> {
        let is_waiting = self.parked.values().any(|parked| parked.code == CURRENCY);
        if is_waiting && !self.is_multicurrency() {
            self.state.is_multicurrency = self.mirror.quickbooks.company().await?.is_multicurrency;
        }
        Ok(())
    }

    /// Returns the currency in which a customer is to be created, if it is not the company's own.
    pub(super) fn currency(&self, customer: &Customer) -> Option<String> {
        let home = self.mirror.connection.home_currency.to_string();
        let own = customer.fields.currency.clone().map(|own| own.to_ascii_uppercase());
        own.filter(|own| *own != home)
    }
}

/// Returns why a record cannot be stored, if it is too large.
pub(super) fn too_large(record: &RecordWrite) -> Option<String> {
    let (RecordWrite::Change { fields, .. } | RecordWrite::Create { fields, .. }) = record else {
        return None;
    };
    let error = size::check(fields).err()?;
    Some(format!("the values of QuickBooks cannot be added to it: {error}"))
}
