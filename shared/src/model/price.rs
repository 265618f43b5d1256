//! Prices: what a product costs from a given day, either for all customers or for one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Date, Money};

/// Maximum length of a product id, in characters.
const MAX_PRODUCT_ID: usize = 64;

/// Id of a product or service: 1 to 64 characters on one line, without surrounding white space.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProductId(String);

/// A text that is not a product id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {MAX_PRODUCT_ID} characters on one line")]
pub struct ProductIdError;

impl ProductId {
    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProductId {
    type Err = ProductIdError;

    fn from_str(text: &str) -> Result<Self, ProductIdError> {
        let id = text.trim();
        let is_valid =
            (1..=MAX_PRODUCT_ID).contains(&id.chars().count()) && !id.chars().any(char::is_control);
        if is_valid { Ok(Self(id.to_owned())) } else { Err(ProductIdError) }
    }
}

impl TryFrom<String> for ProductId {
    type Error = ProductIdError;

    fn try_from(text: String) -> Result<Self, ProductIdError> {
        text.parse()
    }
}

impl From<ProductId> for String {
    fn from(id: ProductId) -> Self {
        id.0
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A currency code in the format of ISO 4217: three capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// A text that is not a currency code.
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

/// The price of a product from a given day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// The first day on which the price applies. Without it the price applies from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<Date>,
    /// The kind of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_type: Option<String>,
    /// Display name of the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Price of one unit.
    pub amount: Money,
    /// Currency of the amount.
    pub currency: Currency,
}

/// The customers to whom a price applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriceOwner {
    /// All customers: the price is in the tenant's price list.
    List,
    /// This customer only.
    Customer(Uuid),
}

/// A price with its owner and product. Each owner, product and first day has at most one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceEntry {
    /// To whom the price applies.
    pub owner: PriceOwner,
    /// The product that is priced.
    pub product: ProductId,
    /// The amount, and the day from which it applies.
    pub price: Price,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn product_ids_are_trimmed_and_limited_to_64_characters_on_one_line() {
        for (text, id) in [("7", "7"), (" A#1 ", "A#1"), ("Rhönbräu 0.5", "Rhönbräu 0.5")] {
            assert_eq!(text.parse::<ProductId>().unwrap().as_str(), id);
        }
        assert!("é".repeat(64).parse::<ProductId>().is_ok());
        for invalid in ["", "  ", "a\nb", "a\u{85}b", &"é".repeat(65)] {
            assert!(invalid.parse::<ProductId>().is_err(), "{invalid}");
        }
    }

    #[test]
    fn currencies_must_be_three_capital_letters() {
        assert_eq!("USD".parse::<Currency>().map(|currency| currency.to_string()), Ok("USD".into()));
        for invalid in ["", "usd", "US", "USDT", "U$D", "ÉU", " USD"] {
            assert!(invalid.parse::<Currency>().is_err(), "{invalid}");
        }
    }
}
