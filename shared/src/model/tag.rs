//! Tags: labels that a tenant makes for its customers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The least digits of a tag's number in its id.
const DIGITS: usize = 3;

/// A tag's id: `tag_001`, `tag_002` … `tag_1000`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TagId(String);

/// A text that is not a tag's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a tag's id is `tag_` and three digits or more, such as `tag_001`")]
pub struct TagIdError;

impl TagId {
    /// The id of the tenant's tag of that number.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self(format!("tag_{number:0>DIGITS$}"))
    }

    /// The id as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TagId {
    type Err = TagIdError;

    fn from_str(text: &str) -> Result<Self, TagIdError> {
        let number = text
            .strip_prefix("tag_")
            .filter(|digits| digits.len() >= DIGITS && digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok());
        number.map(Self::from_number).filter(|id| id.0 == text).ok_or(TagIdError)
    }
}

impl TryFrom<String> for TagId {
    type Error = TagIdError;

    fn try_from(text: String) -> Result<Self, TagIdError> {
        text.parse()
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
    /// Its id, never given to another tag.
    pub id: TagId,
    /// What people call it.
    pub name: String,
    /// How it is shown.
    pub color: Color,
}

/// A colour as `#4F46E5`: six hexadecimal digits, kept in capitals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Color(String);

/// A text that is not a colour.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a colour such as #4F46E5")]
pub struct ColorError;

impl Color {
    /// The colour as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The colour of a tag whose maker named none.
impl Default for Color {
    fn default() -> Self {
        Self("#4F46E5".to_owned())
    }
}

impl FromStr for Color {
    type Err = ColorError;

    fn from_str(text: &str) -> Result<Self, ColorError> {
        let digits = text.strip_prefix('#').ok_or(ColorError)?;
        let right = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        if right { Ok(Self(text.to_ascii_uppercase())) } else { Err(ColorError) }
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
    fn ids_have_three_digits_or_more() {
        assert_eq!(TagId::from_number(1).as_str(), "tag_001");
        assert_eq!(TagId::from_number(1000).as_str(), "tag_1000");
        for right in ["tag_001", "tag_999", "tag_1000"] {
            assert_eq!(right.parse::<TagId>().unwrap().as_str(), right);
        }
        for wrong in ["", "tag_", "tag_1", "tag_0001", "tag_00x", "TAG_001", "tag_001 ", "weekly", "tag_001#"]
        {
            assert!(wrong.parse::<TagId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn colours_are_six_digits() {
        assert_eq!("#4f46e5".parse::<Color>().unwrap().as_str(), "#4F46E5");
        for wrong in ["", "4F46E5", "#4F46E", "#4F46E5F", "#4F46EG", "red", "#4F46é"] {
            assert!(wrong.parse::<Color>().is_err(), "{wrong}");
        }
    }
}
