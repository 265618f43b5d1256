//! What a customer pays on a day: its own price where it has one in force, else the price list's.

use crate::model::{Currency, Date, Money, Price, ProductId};

/// What a customer pays for a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedProduct {
    /// The product.
    pub product: ProductId,
    /// What kind of service it is.
    pub service_type: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// What everybody else pays; `None` where the price list has no price in force, or one in another currency.
    pub default_price: Option<Money>,
    /// What the customer pays.
    pub customer_price: Money,
    /// What both are in.
    pub currency: Currency,
    /// The first day of the price that the customer pays; without one it holds from the beginning.
    pub effective_from: Option<Date>,
}

/// Of prices of one owner and product, the one that holds on a day: the last that began.
#[must_use]
pub fn effective_price(prices: impl IntoIterator<Item = Price>, day: Date) -> Option<Price> {
    let begun = prices.into_iter().filter(|price| price.effective_from.is_none_or(|from| from <= day));
    begun.max_by_key(|price| price.effective_from)
}

/// What a customer pays for a product, by the price list's and its own price in force; `None` without either.
///
/// What its own price does not say of the product, the price list says. A list price in another currency is left
/// out: in the one column there is for the currency, it would be read as an amount in the customer's.
#[must_use]
pub fn resolve_price(product: ProductId, list: Option<Price>, own: Option<Price>) -> Option<PricedProduct> {
    let default = list.as_ref().map(|list| (list.amount, list.currency));
    let applies = match (own, list) {
        (Some(own), Some(list)) => Price {
            service_type: own.service_type.or(list.service_type),
            name: own.name.or(list.name),
            ..own
        },
        (own, list) => own.or(list)?,
    };
    Some(PricedProduct {
        product,
        service_type: applies.service_type,
        name: applies.name,
        default_price: default
            .filter(|(_, currency)| *currency == applies.currency)
            .map(|(amount, _)| amount),
        customer_price: applies.amount,
        currency: applies.currency,
        effective_from: applies.effective_from,
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
    fn the_last_price_that_began_holds() {
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
    fn the_customers_own_price_goes_before_the_lists() {
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
    fn what_the_own_price_does_not_say_the_list_says() {
        let some = |text: &str| Some(text.to_owned());
        let list = Price { name: some("Filter"), service_type: some("parts"), ..price(None, 1000) };
        let own = Price { name: some("Filter, large"), ..price(None, 900) };
        let both = row(Some(list), Some(own)).unwrap();
        assert_eq!((both.name, both.service_type), (some("Filter, large"), some("parts")));
    }

    #[test]
    fn a_list_price_in_another_currency_is_not_shown_beside_the_own() {
        let own = Price { currency: "EUR".parse().unwrap(), ..price(None, 900) };
        let both = row(Some(price(None, 1000)), Some(own)).unwrap();
        assert_eq!((both.default_price, both.currency.to_string().as_str()), (None, "EUR"));
    }
}
