//! Conversion of a row to a price: every value is checked, and every invalid one reported.

use clientele_shared::error::FieldError;
use clientele_shared::model::{Currency, Money, Price, ProductId};
use clientele_shared::rules::text;
use csv::StringRecord;

use super::fields::PriceField;
use crate::import::cells::{Cells, amount};
use crate::import::mapping::Mapping;
use crate::import::named_customers::CustomerRef;

/// A price as read from a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowPrice {
    /// Text that names the customer whose own price it is; `None` for the price list.
    pub(super) customer: Option<String>,
    pub(super) product: ProductId,
    pub(super) price: Price,
}

/// Reads a row that has as many cells as the header.
pub(super) fn price(
    mapping: &Mapping<PriceField>,
    record: &StringRecord,
    unguard: bool,
    currency: Option<Currency>,
    has_source: bool,
) -> Result<RowPrice, Vec<FieldError>> {
    let mut cells = Cells::new(mapping, record, unguard);
    let price = cells.price(currency, has_source);
    cells.finish(price)
}

impl Cells<'_, PriceField> {
    fn price(&mut self, currency: Option<Currency>, has_source: bool) -> Option<RowPrice> {
        let customer = self.customer(has_source);
        if self.cell(PriceField::ProductId).is_none() {
            self.reject(PriceField::ProductId, "must not be empty");
        }
        let product = self.read(PriceField::ProductId, |id| id.parse().map_err(message));
        let service_type = self.line(PriceField::ServiceType);
        let name = self.line(PriceField::Name);
        let amount = self.amount();
        let currency = self.currency(currency);
        let effective_from = self.read(PriceField::EffectiveFrom, |day| day.parse().map_err(message));
        let price = Price { effective_from, service_type, name, amount: amount?, currency: currency? };
        Some(RowPrice { customer, product: product?, price })
    }

    /// Reads the text that names the customer. Every text can be an id in a source.
    fn customer(&mut self, has_source: bool) -> Option<String> {
        if has_source {
            return self.text(PriceField::CustomerId);
        }
        self.read(PriceField::CustomerId, |text| text.parse::<CustomerRef>().map(|_| text.to_owned()))
    }

    /// Reads the amount: the customer's own price, or the list price if the row has no customer.
    fn amount(&mut self) -> Option<Money> {
        let customer_id = self.name_of(PriceField::CustomerId);
        let is_own = self.cell(PriceField::CustomerId).is_some();
        if !is_own && self.cell(PriceField::CustomerPrice).is_some() {
            let message = format!(
                "must be empty if {customer_id} is empty, because the row then belongs to the price list; \
                 fill in {customer_id} or clear this cell"
            );
            self.reject(PriceField::CustomerPrice, message);
        }
        let (field, state) = match is_own {
            true => (PriceField::CustomerPrice, "filled in"),
            false => (PriceField::DefaultPrice, "empty"),
        };
        if self.cell(field).is_none() {
            self.reject(field, format!("must not be empty if {customer_id} is {state}"));
        }
        self.read(field, amount)
    }

    fn currency(&mut self, default: Option<Currency>) -> Option<Currency> {
        if self.cell(PriceField::Currency).is_some() {
            return self.read(PriceField::Currency, |code| code.parse().map_err(message));
        }
        if default.is_none() {
            let message = "is missing; fill it in, or set one for all such rows, such as --currency USD";
            self.reject(PriceField::Currency, message);
        }
        default
    }

    /// Reads a text of one line, if the cell is not empty.
    fn line(&mut self, field: PriceField) -> Option<String> {
        let cell = self.cell(field)?;
        text::line(&cell).map_err(|message| self.reject(field, message)).ok()
    }
}

fn message(error: impl ToString) -> String {
    error.to_string()
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
