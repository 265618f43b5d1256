//! What this dialect's clients send for a tag.

use async_graphql::{InputObject, MaybeUndefined};

use clientele_shared::model::{Color, TagId};
use clientele_shared::rules::text::tag_name;
use clientele_shared::store::TagChange;
use clientele_shared::{Error, Result};

/// A new tag.
#[derive(Debug, InputObject)]
pub(crate) struct CreateTagInput {
    /// What people call it.
    name: String,
    /// How it is shown, `#` and six hexadecimal digits; `#4F46E5` where it is not given.
    color: Option<String>,
}

/// What changes of a tag; absent members stay.
#[derive(Debug, InputObject)]
pub(crate) struct UpdateTagInput {
    /// What people call it; cannot be cleared.
    name: MaybeUndefined<String>,
    /// How it is shown; cannot be cleared.
    color: MaybeUndefined<String>,
}

impl CreateTagInput {
    pub(crate) fn read(self) -> Result<(String, Color)> {
        let color = self.color.map(|color| read_color(&color)).transpose()?.unwrap_or_default();
        Ok((read_name(&self.name)?, color))
    }
}

impl UpdateTagInput {
    pub(crate) fn read(self) -> Result<TagChange> {
        let given = |name: &str, value: MaybeUndefined<String>| match value {
            MaybeUndefined::Undefined => Ok(None),
            MaybeUndefined::Null => Err(Error::invalid(name, "must not be null")),
            MaybeUndefined::Value(text) => Ok(Some(text)),
        };
        Ok(TagChange {
            name: given("name", self.name)?.map(|name| read_name(&name)).transpose()?,
            color: given("color", self.color)?.map(|color| read_color(&color)).transpose()?,
        })
    }
}

/// The tag that an id names. What has not the form of an id is nobody's.
pub(crate) fn read_id(id: &str) -> Result<TagId> {
    id.parse().map_err(|_| Error::NotFound("Tag"))
}

fn read_name(name: &str) -> Result<String> {
    tag_name(name).map_err(|message| Error::invalid("name", message))
}

fn read_color(color: &str) -> Result<Color> {
    color
        .trim()
        .parse()
        .map_err(|error: clientele_shared::model::ColorError| Error::invalid("color", error.to_string()))
}
