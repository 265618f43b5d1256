//! The company itself.

use serde_json::Value;

use super::super::error::QuickBooksError;
use super::{Object, QuickBooks};

/// A company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// Its name.
    pub name: String,
    /// Code of its currency, such as `USD`.
    pub home_currency: String,
    /// Whether customers can have other currencies.
    pub is_multicurrency: bool,
}

impl QuickBooks {
    /// Returns the company. This takes two metered calls.
    ///
    /// # Errors
    ///
    /// Returns a [`QuickBooksError`] if a call fails, and [`QuickBooksError::Malformed`] if a response lacks
    /// the name or the currency.
    pub async fn company(&self) -> Result<Company, QuickBooksError> {
        let info = self.read(&format!("companyinfo/{}", self.0.realm_id), &[]).await?;
        let preferences = self.read("preferences", &[]).await?;
        let prefs = "Preferences/CurrencyPrefs";
        Ok(Company {
            name: text(&info, "CompanyInfo/CompanyName")?,
            home_currency: text(&preferences, &format!("{prefs}/HomeCurrency/value"))?,
            is_multicurrency: find(&preferences, &format!("{prefs}/MultiCurrencyEnabled"))
                .and_then(Value::as_bool)
                .unwrap_or_default(),
        })
    }
}

fn find<'a>(object: &'a Object, path: &str) -> Option<&'a Value> {
    let (first, rest) = path.split_once('/')?;
    object.get(first)?.pointer(&format!("/{rest}"))
}

fn text(object: &Object, path: &str) -> Result<String, QuickBooksError> {
    let text = find(object, path).and_then(Value::as_str);
    text.map(str::to_owned)
        .ok_or_else(|| QuickBooksError::Malformed(format!("the response of QuickBooks lacks {path}")))
}
