//! Customers that cannot be written to QuickBooks: they are parked with a reason, and tried again with every sync.

use clientele_shared::model::{Customer, Parked, QuickBooksId};
use clientele_shared::store::{MirrorNote, MirrorWrite, RecordWrite};

use super::fields::Fields;
use super::reconcile::Decision;
use super::report::Refused;
use super::run::Run;
use super::wire;

/// The reason why a customer without a name is not written.
pub(super) const NO_NAME: &str =
    "has no first name, last name or company name, and QuickBooks requires a name; add one";

impl Run<'_> {
    /// Decides that nothing is to be done.
    pub(super) fn nothing(&mut self, customer: &Customer) -> Decision {
        self.report.pushed.unchanged += u64::from(self.is_first_look);
        let was_parked = self.parked.remove(&customer.number).is_some();
        let notes = vec![MirrorNote::Unpark];
        let write = MirrorWrite { number: customer.number, record: RecordWrite::Keep, mapping: None, notes };
        Decision { write: Some(write).filter(|_| was_parked), outgoing: None }
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

    /// Returns why QuickBooks would refuse a customer.
    pub(super) fn unwritable(&self, customer: &Customer, ours: &Fields) -> Option<String> {
        if let Err(reason) = wire::check(ours) {
            return Some(reason.to_string());
        }
        let home = self.mirror.connection.home_currency.to_string();
        let own = customer.fields.currency.as_deref().filter(|own| !own.eq_ignore_ascii_case(&home))?;
        let is_allowed = self.mirror.connection.is_multicurrency;
        (!is_allowed).then(|| {
            format!("is in {own}, and the company keeps its books in {home} alone; turn on multicurrency in QuickBooks")
        })
    }

    /// Returns the currency in which a customer is to be created, if it is not the company's own.
    pub(super) fn currency(&self, customer: &Customer) -> Option<String> {
        let home = self.mirror.connection.home_currency.to_string();
        let own = customer.fields.currency.clone().map(|own| own.to_ascii_uppercase());
        own.filter(|own| *own != home)
    }
}
