//! A tenant's settings: its own, and those of each dialect, which only the dialect's crate understands.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// A tenant's settings. Each has a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Count the requests of each month and report the count in `X-Usage-*` headers. This costs one write
    /// unit per request.
    pub usage_metering: bool,
    /// Requests per month above which requests are refused while metering is on.
    pub usage_limit: u64,
    /// Refuse a customer the email of another customer that is not deleted. Imports are exempt.
    pub unique_email: bool,
    /// Mark CSV cells that a spreadsheet would run as formulas.
    pub csv_formula_guard: bool,
    /// Settings of dialects that differ from the defaults, by [`DialectSettings::NAME`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dialects: BTreeMap<String, Map<String, Value>>,
}

/// The settings of one dialect, defined in its own crate.
///
/// Stored settings that the type lacks are ignored, so that functions of an older version keep working.
pub trait DialectSettings: Default + Serialize + DeserializeOwned {
    /// The dialect's name among a tenant's settings.
    const NAME: &'static str;
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            usage_metering: true,
            usage_limit: 50_000,
            unique_email: false,
            csv_formula_guard: true,
            dialects: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Returns a dialect's settings, or its defaults if none were set.
    ///
    /// # Errors
    /// Returns [`Error::Internal`] if a stored setting has another type than the dialect's.
    pub fn dialect<T: DialectSettings>(&self) -> Result<T> {
        let Some(own) = self.dialects.get(T::NAME) else { return Ok(T::default()) };
        T::deserialize(own).map_err(|e| Error::internal(format!("reading the settings of {}", T::NAME), e))
    }

    /// Returns the settings with those of a dialect replaced.
    ///
    /// # Errors
    /// Returns [`Error::Internal`] if the dialect's settings are not a map.
    pub fn with_dialect<T: DialectSettings>(mut self, own: &T) -> Result<Self> {
        let context = || format!("writing the settings of {}", T::NAME);
        match serde_json::to_value(own).map_err(|e| Error::internal(context(), e))? {
            Value::Object(own) => self.dialects.insert(T::NAME.to_owned(), own),
            _ => return Err(Error::broken(context())),
        };
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Own {
        greets: bool,
        limit: u32,
    }

    impl DialectSettings for Own {
        const NAME: &'static str = "own";
    }

    #[test]
    fn dialect_settings_survive_storage_beside_the_tenants_own() {
        let own = Own { greets: true, limit: 7 };
        let settings = Settings { usage_limit: 9, ..Settings::default() }.with_dialect(&own).unwrap();
        let stored = serde_json::to_string(&settings).unwrap();
        let read: Settings = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, settings);
        assert_eq!((read.usage_limit, read.dialect::<Own>().unwrap()), (9, own));
    }

    #[test]
    fn missing_settings_have_defaults_and_unknown_ones_are_ignored() {
        assert_eq!(Settings::default().dialect::<Own>().unwrap(), Own::default());
        let newer: Settings =
            serde_json::from_str(r#"{"dialects": {"own": {"limit": 3, "newer": true}}}"#).unwrap();
        assert_eq!(newer.dialect::<Own>().unwrap(), Own { greets: false, limit: 3 });
    }

    #[test]
    fn setting_of_another_type_is_an_error() {
        let wrong: Settings = serde_json::from_str(r#"{"dialects": {"own": {"limit": "many"}}}"#).unwrap();
        assert!(wrong.dialect::<Own>().unwrap_err().chain().contains("the settings of own"));
    }
}
