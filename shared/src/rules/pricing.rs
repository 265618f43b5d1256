//! The price that a customer pays on a given day: its own effective price, or else the price list's.

use crate::model::{Currency, Date, Money, Price, ProductId};

/// A product and what a customer pays for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedProduct {
    /// The product.
    pub product: ProductId,
    /// The kind of service.
    pub service_type: Option<String>,
    /// Display name of the product.
    pub name: Option<String>,
    /// The list price. `None` if the price list has no effective price, or only one in another currency.
    pub default_price: Option<Money>,
    /// The price that the customer pays.
    pub customer_price: Money,
    /// Currency of both prices.
    pub currency: Currency,
    /// The first day of the price that the customer pays. Without it the price applies from the beginning.
    pub effective_from: Option<Date>,
}

/// Returns the price that is effective on a day, given the prices of one owner and product: the latest one
/// that has taken effect, or `None` if none has.
#[must_use]
pub fn effective_price(prices: impl IntoIterator<Item = Price>, day: Date) -> Option<Price> {
    let started = prices.into_iter().filter(|price| price.effective_from.is_none_or(|from| from <= day));
    started.max_by_key(|price| price.effective_from)
}

/// Returns what a customer pays for a product, given the effective list price and the customer's own
/// effective price. Returns `None` without either.
///
/// Fields that the own price lacks come from the list price. A list price in another currency is left out,
/// because the one currency field would make it look like an amount in the customer's currency.
#[must_use]
pub fn resolve_price(product: ProductId, list: Option<Price>, own: Option<Price>) -> Option<PricedProduct> {
    let default = list.as_ref().map(|list| (list.amount, list.currency));
    let price_paid = match (own, list) {
        (Some(own), Some(list)) => Price {
            service_type: own.service_type.or(list.service_type),
            name: own.name.or(list.name),
            ..own
        },
        (own, list) => own.or(list)?,
    };
    Some(PricedProduct {
        product,
        service_type: price_paid.service_type,
        name: price_paid.name,
        default_price: default
            .filter(|(_, currency)| *currency == price_paid.currency)
            .map(|(amount, _)| amount),
        customer_price: price_paid.amount,
        currency: price_paid.currency,
        effective_from: price_paid.effective_from,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn price(from: Option<&str>, cents: i64) -> Price {
        Price {
            effective_from: from.map(day),
            service_type: None,
            name: None,
            amount: Money::from_cents(cents),
            currency: "USD".parse().unwrap(),
        }
    }

    fn row(list: Option<Price>, own: Option<Price>) -> Option<PricedProduct> {
        resolve_price("p".parse().unwrap(), list, own)
    }

    #[test]
    fn latest_started_price_is_effective() {
        let prices = [price(Some("2024-02-01"), 3), price(None, 1), price(Some("2024-01-01"), 2)];
        let on = |day_text| effective_price(prices.clone(), day(day_text)).map(|price| price.amount);
        assert_eq!(on("2023-12-31"), Some(Money::from_cents(1)));
        assert_eq!(on("2024-01-01"), Some(Money::from_cents(2)));
        assert_eq!(on("2024-01-31"), Some(Money::from_cents(2)));
        assert_eq!(on("2024-02-01"), Some(Money::from_cents(3)));
        assert_eq!(effective_price([price(Some("2024-02-01"), 3)], day("2024-01-31")), None);
        assert_eq!(effective_price([], day("2024-01-31")), None);
    }

    #[test]
    fn own_price_takes_precedence_over_the_list_price() {
        let both = row(Some(price(None, 1000)), Some(price(Some("2024-01-01"), 900))).unwrap();
        assert_eq!(both.default_price, Some(Money::from_cents(1000)));
        assert_eq!(both.customer_price, Money::from_cents(900));
        assert_eq!(both.effective_from, Some(day("2024-01-01")));
        let list = row(Some(price(Some("2023-01-01"), 1000)), None).unwrap();
        assert_eq!(
            (list.default_price, list.customer_price),
            (Some(list.customer_price), list.customer_price)
        );
        assert_eq!(list.effective_from, Some(day("2023-01-01")));
        let own = row(None, Some(price(None, 900))).unwrap();
        assert_eq!((own.default_price, own.customer_price), (None, Money::from_cents(900)));
        assert_eq!(row(None, None), None);
    }

    #[test]
    fn own_price_takes_missing_fields_from_the_list_price() {
        let some = |text: &str| Some(text.to_owned());
        let list = Price { name: some("Filter"), service_type: some("parts"), ..price(None, 1000) };
        let own = Price { name: some("Filter, large"), ..price(None, 900) };
        let both = row(Some(list), Some(own)).unwrap();
        assert_eq!((both.name, both.service_type), (some("Filter, large"), some("parts")));
    }

    #[test]
    fn list_price_in_another_currency_is_left_out() {
        let own = Price { currency: "EUR".parse().unwrap(), ..price(None, 900) };
        let both = row(Some(price(None, 1000)), Some(own)).unwrap();
        assert_eq!((both.default_price, both.currency.to_string().as_str()), (None, "EUR"));
    }
}
