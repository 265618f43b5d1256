//! A row as a price: every value checked, every wrong one named.

use clientele_shared::error::FieldError;
use clientele_shared::model::{Currency, CustomerNumber, Money, Price, ProductId};
use clientele_shared::rules::text;
use csv::StringRecord;
use uuid::Uuid;

use super::fields::PriceField;
use crate::import::cells::{Cells, amount};
use crate::import::mapping::Mapping;

/// How a file names a customer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum CustomerRef {
    /// `cust_456`.
    Number(CustomerNumber),
    /// Its uuid.
    Uuid(Uuid),
    /// An email, which just one customer must have.
    Email(String),
}

/// A price as a row gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowPrice {
    /// Whose own it is; `None` for the price list.
    pub(super) customer: Option<CustomerRef>,
    pub(super) product: ProductId,
    pub(super) price: Price,
}

/// Reads a row with as many cells as the header.
pub(super) fn price(
    mapping: &Mapping<PriceField>,
    record: &StringRecord,
    unguard: bool,
    currency: Option<Currency>,
) -> Result<RowPrice, Vec<FieldError>> {
    let mut cells = Cells::new(mapping, record, unguard);
    let price = cells.price(currency);
    cells.finish(price)
}

impl Cells<'_, PriceField> {
    fn price(&mut self, currency: Option<Currency>) -> Option<RowPrice> {
        let customer = self.read(PriceField::CustomerId, customer_ref);
        if self.cell(PriceField::ProductId).is_none() {
            self.refuse(PriceField::ProductId, "must not be empty");
        }
        let product = self.read(PriceField::ProductId, |id| id.parse().map_err(said));
        let service_type = self.line(PriceField::ServiceType);
        let name = self.line(PriceField::Name);
        let amount = self.amount();
        let currency = self.currency(currency);
        let effective_from = self.read(PriceField::EffectiveFrom, |day| day.parse().map_err(said));
        let price = Price { effective_from, service_type, name, amount: amount?, currency: currency? };
        Some(RowPrice { customer, product: product?, price })
    }

    /// The price that the row is about: the customer's own, or the list's.
    fn amount(&mut self) -> Option<Money> {
        let whose = self.name_of(PriceField::CustomerId);
        let is_own = self.cell(PriceField::CustomerId).is_some();
        if !is_own && self.cell(PriceField::CustomerPrice).is_some() {
            let message = format!(
                "must be empty where no {whose} stands: such a row is of the price list. Name the customer, or \
                 empty this cell"
            );
            self.refuse(PriceField::CustomerPrice, message);
        }
        let (field, with) = match is_own {
            true => (PriceField::CustomerPrice, "a"),
            false => (PriceField::DefaultPrice, "no"),
        };
        if self.cell(field).is_none() {
            self.refuse(field, format!("must not be empty where {with} {whose} stands"));
        }
        self.read(field, amount)
    }

    fn currency(&mut self, default: Option<Currency>) -> Option<Currency> {
        if self.cell(PriceField::Currency).is_some() {
            return self.read(PriceField::Currency, |code| code.parse().map_err(said));
        }
        if default.is_none() {
            let message = "is missing: fill it in, or name one for all such rows, such as --currency USD";
            self.refuse(PriceField::Currency, message);
        }
        default
    }

    /// A text of one line, if there is one.
    fn line(&mut self, field: PriceField) -> Option<String> {
        let cell = self.cell(field)?;
        text::line(cell).map_err(|message| self.refuse(field, message)).ok()
    }
}

fn customer_ref(text: &str) -> Result<CustomerRef, String> {
    let number = || CustomerNumber::from_customer_id(text).map(CustomerRef::Number);
    let uuid = || Uuid::try_parse(text).ok().map(CustomerRef::Uuid);
    let email = || text.contains('@').then(|| CustomerRef::Email(text.to_owned()));
    number()
        .or_else(uuid)
        .or_else(email)
        .ok_or_else(|| "must be a customer's id such as cust_456, its uuid or its email".into())
}

fn said(error: impl ToString) -> String {
    error.to_string()
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
