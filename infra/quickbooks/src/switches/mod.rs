//! Behaviours of QuickBooks that are unconfirmed, or that sources describe differently. Each is a
//! switch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod table;

pub use table::{SWITCHES, Switch};

/// The value of a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Setting {
    /// On or off.
    Flag(bool),
    /// A limit or duration. Choices are suggestions: any number up to 10^9 is accepted.
    Number(u64),
    /// One of the choices.
    Word(&'static str),
}

/// Description of a switch.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The switch.
    pub switch: Switch,
    /// Its name.
    pub name: &'static str,
    /// Value unless another is set.
    pub default: Setting,
    /// Values that can be set.
    pub choices: &'static [Setting],
    /// The behaviour that the switch controls.
    pub about: &'static str,
    /// Origin of the default and of the alternatives.
    pub source: &'static str,
}

/// The values of all switches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Switches(BTreeMap<Switch, Setting>);

/// The reason why a switch cannot be set.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// No switch has the name.
    #[error("switch `{0}` does not exist; GET /stand-in/switches lists them")]
    Unknown(String),
    /// The switch cannot have the value.
    #[error("switch `{name}` cannot be {value}; choose one of {choices}")]
    Value {
        /// Name of the switch.
        name: &'static str,
        /// The value, as JSON.
        value: String,
        /// The choices, as JSON.
        choices: String,
    },
}

/// A switch as `GET /stand-in/switches` lists it.
#[derive(Debug, Serialize)]
pub struct Listed {
    name: &'static str,
    value: Setting,
    default: Setting,
    choices: &'static [Setting],
    about: &'static str,
    source: &'static str,
}

impl Switches {
    /// Returns the value of a switch.
    #[must_use]
    pub fn get(&self, switch: Switch) -> Setting {
        self.0.get(&switch).copied().unwrap_or_else(|| spec(switch).default)
    }

    /// Returns whether the switch is set to this word.
    #[must_use]
    pub fn is(&self, switch: Switch, word: &str) -> bool {
        self.get(switch) == Setting::Word(word_of(switch, word).unwrap_or_default())
    }

    /// Returns whether the switch is on.
    #[must_use]
    pub fn is_on(&self, switch: Switch) -> bool {
        self.get(switch) == Setting::Flag(true)
    }

    /// Returns the number of a switch; zero if it has none.
    #[must_use]
    pub fn number(&self, switch: Switch) -> u64 {
        match self.get(switch) {
            Setting::Number(number) => number,
            Setting::Flag(_) | Setting::Word(_) => 0,
        }
    }

    /// Sets a switch by its name.
    ///
    /// # Errors
    ///
    /// Returns [`SwitchError::Unknown`] if no switch has the name, and [`SwitchError::Value`] if the switch
    /// cannot have the value.
    pub fn set(&mut self, name: &str, value: &serde_json::Value) -> Result<(), SwitchError> {
        let spec = SWITCHES.iter().find(|spec| spec.name == name);
        let spec = spec.ok_or_else(|| SwitchError::Unknown(name.to_owned()))?;
        let setting = match (spec.default, value) {
            (Setting::Flag(_), serde_json::Value::Bool(flag)) => Some(Setting::Flag(*flag)),
            (Setting::Number(_), value) => {
                value.as_u64().filter(|n| *n <= 1_000_000_000).map(Setting::Number)
            }
            (Setting::Word(_), serde_json::Value::String(word)) => {
                word_of(spec.switch, word).map(Setting::Word)
            }
            _ => None,
        };
        let setting = setting.ok_or_else(|| SwitchError::Value {
            name: spec.name,
            value: value.to_string(),
            choices: serde_json::to_string(spec.choices).unwrap_or_default(),
        })?;
        self.0.insert(spec.switch, setting);
        Ok(())
    }

    /// Returns all switches with their values.
    #[must_use]
    pub fn list(&self) -> Vec<Listed> {
        let listed = |spec: &Spec| Listed {
            name: spec.name,
            value: self.get(spec.switch),
            default: spec.default,
            choices: spec.choices,
            about: spec.about,
            source: spec.source,
        };
        SWITCHES.iter().map(listed).collect()
    }
}

fn spec(switch: Switch) -> &'static Spec {
    SWITCHES.iter().find(|spec| spec.switch == switch).unwrap_or(&SWITCHES[0])
}

/// Returns the choice that equals `word`.
fn word_of(switch: Switch, word: &str) -> Option<&'static str> {
    spec(switch).choices.iter().find_map(|choice| match choice {
        Setting::Word(choice) if *choice == word => Some(*choice),
        _ => None,
    })
}

/// The switches that differ from their defaults, by name.
impl Serialize for Switches {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named: BTreeMap<&str, Setting> =
            self.0.iter().map(|(key, value)| (spec(*key).name, *value)).collect();
        named.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Switches {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named: BTreeMap<String, serde_json::Value> = BTreeMap::deserialize(deserializer)?;
        let mut switches = Self::default();
        for (name, value) in named {
            switches.set(&name, &value).map_err(serde::de::Error::custom)?;
        }
        Ok(switches)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_switch_is_listed_once_with_its_default_among_its_choices() {
        for (at, spec) in SWITCHES.iter().enumerate() {
            assert_eq!(spec.switch as usize, at, "{} is out of order", spec.name);
            assert!(spec.choices.contains(&spec.default), "{}", spec.name);
            assert!(spec.choices.len() > 1 && !spec.source.is_empty(), "{}", spec.name);
        }
    }

    #[test]
    fn unknown_names_and_values_are_rejected() {
        let mut switches = Switches::default();
        assert!(matches!(switches.set("none", &json!(1)), Err(SwitchError::Unknown(_))));
        for value in [json!("weekly"), json!(1), json!(null)] {
            assert!(matches!(switches.set("refresh_token_rotation", &value), Err(SwitchError::Value { .. })));
        }
        switches.set("refresh_token_rotation", &json!("every_time")).unwrap();
        assert!(switches.is(Switch::RefreshTokenRotation, "every_time"));
        let text = serde_json::to_string(&switches).unwrap();
        assert_eq!(serde_json::from_str::<Switches>(&text).unwrap(), switches);
    }
}
