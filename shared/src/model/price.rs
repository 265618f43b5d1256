//! Prices: what a product costs from a day on, for everybody or for one customer.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Date, Money};

/// The longest product id, in characters.
const MAX_PRODUCT_ID: usize = 64;

/// What names a product or service: 1 to 64 characters on one line, without white space around them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductId(String);

/// A text that is not a product id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {MAX_PRODUCT_ID} characters on one line")]
pub struct ProductIdError;

impl ProductId {
    /// The id as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProductId {
    type Err = ProductIdError;

    fn from_str(text: &str) -> Result<Self, ProductIdError> {
        let id = text.trim();
        let right = (1..=MAX_PRODUCT_ID).contains(&id.chars().count()) && !id.chars().any(char::is_control);
        if right { Ok(Self(id.to_owned())) } else { Err(ProductIdError) }
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A currency in the form of ISO 4217: three capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// A text that is not a currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be three capital letters such as USD")]
pub struct CurrencyError;

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| CurrencyError)?;
        if code.iter().all(u8::is_ascii_uppercase) { Ok(Self(code)) } else { Err(CurrencyError) }
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;

    fn try_from(text: String) -> Result<Self, CurrencyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.to_string()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| fmt::Write::write_char(f, char::from(*letter)))
    }
}

/// What a product costs from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// The first day on which it holds; without one it holds from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<Date>,
    /// What kind of service the product is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_type: Option<String>,
    /// What people call the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The price of one.
    pub amount: Money,
    /// What the amount is in.
    pub currency: Currency,
}

/// Whose price it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriceOwner {
    /// Everybody's: it stands in the tenant's price list.
    List,
    /// This customer's own.
    Customer(Uuid),
}

/// A price, of what, and for whom. Of one owner, product and first day there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceEntry {
    /// For whom.
    pub owner: PriceOwner,
    /// Of what.
    pub product: ProductId,
    /// How much, and from when on.
    pub price: Price,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_id_is_trimmed_bounded_and_on_one_line() {
        for (text, id) in [("7", "7"), (" A#1 ", "A#1"), ("Rhönbräu 0.5", "Rhönbräu 0.5")] {
            assert_eq!(text.parse::<ProductId>().unwrap().as_str(), id);
        }
        assert!("é".repeat(64).parse::<ProductId>().is_ok());
        for wrong in ["", "  ", "a\nb", "a\u{85}b", &"é".repeat(65)] {
            assert!(wrong.parse::<ProductId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        assert_eq!("USD".parse::<Currency>().map(|currency| currency.to_string()), Ok("USD".into()));
        for wrong in ["", "usd", "US", "USDT", "U$D", "ÉU", " USD"] {
            assert!(wrong.parse::<Currency>().is_err(), "{wrong}");
        }
    }
}
