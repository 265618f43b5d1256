//! Tags: labels that a tenant creates for its customers.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Minimum number of digits in a tag id.
const MIN_DIGITS: usize = 3;

/// A tag's id: `tag_001`, `tag_002` … `tag_1000`. Ids sort by their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TagId(String);

/// A text that is not a tag id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a tag id is `tag_` followed by three or more digits, such as `tag_001`")]
pub struct TagIdError;

impl TagId {
    /// Returns the id of the tenant's tag with this number.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self(format!("tag_{number:0>MIN_DIGITS$}"))
    }

    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Ord for TagId {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl PartialOrd for TagId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for TagId {
    type Err = TagIdError;

    fn from_str(text: &str) -> Result<Self, TagIdError> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for TagId {
    type Error = TagIdError;

    fn try_from(text: String) -> Result<Self, TagIdError> {
        let is_canonical = |digits: &str| {
            digits.len() >= MIN_DIGITS
                && digits.bytes().all(|b| b.is_ascii_digit())
                && (digits.len() == MIN_DIGITS || !digits.starts_with('0'))
                && digits.parse::<u64>().is_ok()
        };
        if text.strip_prefix("tag_").is_some_and(is_canonical) { Ok(Self(text)) } else { Err(TagIdError) }
    }
}

impl From<TagId> for String {
    fn from(id: TagId) -> Self {
        id.0
    }
}

impl fmt::Display for TagId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The id, which is never reused for another tag.
    pub id: TagId,
    /// The display name.
    pub name: String,
    /// The display colour.
    pub color: Color,
}

/// A colour such as `#4F46E5`: six hexadecimal digits, stored in capitals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Color(String);

/// A text that is not a colour.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a colour such as #4F46E5")]
pub struct ColorError;

impl Color {
    /// Returns the colour's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The colour of a tag that is created without one.
impl Default for Color {
    fn default() -> Self {
        Self("#4F46E5".to_owned())
    }
}

impl FromStr for Color {
    type Err = ColorError;

    fn from_str(text: &str) -> Result<Self, ColorError> {
        let digits = text.strip_prefix('#').ok_or(ColorError)?;
        let is_valid = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        if is_valid { Ok(Self(text.to_ascii_uppercase())) } else { Err(ColorError) }
    }
}

impl TryFrom<String> for Color {
    type Error = ColorError;

    fn try_from(text: String) -> Result<Self, ColorError> {
        text.parse()
    }
}

impl From<Color> for String {
    fn from(color: Color) -> Self {
        color.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_ids_have_at_least_three_digits() {
        assert_eq!(TagId::from_number(1).as_str(), "tag_001");
        assert_eq!(TagId::from_number(1000).as_str(), "tag_1000");
        for valid in ["tag_001", "tag_999", "tag_1000"] {
            assert_eq!(valid.parse::<TagId>().unwrap().as_str(), valid);
        }
        for invalid in [
            "",
            "tag_",
            "tag_1",
            "tag_0001",
            "tag_00x",
            "TAG_001",
            "tag_001 ",
            "weekly",
            "tag_001#",
            "tag_+01",
            "tag_99999999999999999999",
        ] {
            assert!(invalid.parse::<TagId>().is_err(), "{invalid}");
        }
    }

    #[test]
    fn tag_ids_sort_by_their_numbers() {
        let mut ids = [1_000, 999, 10_000, 2].map(TagId::from_number);
        ids.sort();
        assert_eq!(ids, [2, 999, 1_000, 10_000].map(TagId::from_number));
    }

    #[test]
    fn colors_have_six_hex_digits() {
        assert_eq!("#4f46e5".parse::<Color>().unwrap().as_str(), "#4F46E5");
        for invalid in ["", "4F46E5", "#4F46E", "#4F46E5F", "#4F46EG", "red", "#4F46é"] {
            assert!(invalid.parse::<Color>().is_err(), "{invalid}");
        }
    }
}
