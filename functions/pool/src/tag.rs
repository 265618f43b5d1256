//! Tag inputs: what clients of this dialect send for a tag.

use async_graphql::{ID, InputObject, MaybeUndefined};

use clientele_functions_graphql::Session;
use clientele_shared::model::{Color, TagId};
use clientele_shared::rules::text::tag_name;
use clientele_shared::store::TagChange;
use clientele_shared::{Error, Result};

/// Maximum number of values in a list whose values are looked up one by one, and of a customer's tags.
pub(crate) const MAX_VALUES: usize = 100;

/// A new tag.
#[derive(Debug, InputObject)]
pub(crate) struct CreateTagInput {
    /// Display name.
    name: String,
    /// Display colour: `#` and six hexadecimal digits. Defaults to `#4F46E5`.
    color: Option<String>,
}

/// Changes to a tag. Absent fields keep their value.
#[derive(Debug, InputObject)]
pub(crate) struct UpdateTagInput {
    /// Display name. Cannot be cleared.
    name: MaybeUndefined<String>,
    /// Display colour: `#` and six hexadecimal digits. Cannot be cleared.
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
        let optional = |name: &str, value: MaybeUndefined<String>| match value {
            MaybeUndefined::Undefined => Ok(None),
            MaybeUndefined::Null => Err(Error::invalid(name, "must not be null")),
            MaybeUndefined::Value(text) => Ok(Some(text)),
        };
        Ok(TagChange {
            name: optional("name", self.name)?.map(|name| read_name(&name)).transpose()?,
            color: optional("color", self.color)?.map(|color| read_color(&color)).transpose()?,
        })
    }
}

/// Parses a tag id.
///
/// # Errors
/// Returns [`Error::NotFound`] if the text is not formatted as a tag id, because no tag can have such an id.
pub(crate) fn read_id(id: &str) -> Result<TagId> {
    id.parse().map_err(|_| Error::NotFound("Tag"))
}

/// Parses the tag ids of a list and removes duplicates. The tags may still not exist.
///
/// # Errors
/// Returns [`Error::Invalid`] if there are too many ids or a text is not formatted as a tag id.
pub(crate) fn read_ids(field: &str, ids: &[ID]) -> Result<Vec<TagId>> {
    check_value_count(field, ids.len())?;
    let mut read = Vec::with_capacity(ids.len());
    for id in ids {
        let id = id.parse().map_err(|_| unknown_id(field))?;
        if !read.contains(&id) {
            read.push(id);
        }
    }
    Ok(read)
}

/// Parses tag ids that a client sent, removes duplicates, and checks that the tags exist.
///
/// # Errors
/// Returns the errors of [`read_ids`] and of [`require`].
pub(crate) async fn parse_ids(session: &Session, field: &str, ids: &[ID]) -> Result<Vec<TagId>> {
    let ids = read_ids(field, ids)?;
    require(session, field, &ids).await?;
    Ok(ids)
}

/// Checks that the tenant has all these tags.
///
/// # Errors
/// Returns [`Error::Invalid`] if the tenant lacks one of the tags. Returns [`Error::Throttled`], [`Error::Unavailable`] or
/// [`Error::Internal`] if the tags cannot be read.
pub(crate) async fn require(session: &Session, field: &str, ids: &[TagId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let tags = session.tags().await?;
    let exists = |id: &TagId| tags.iter().any(|tag| tag.id == *id);
    if ids.iter().all(exists) { Ok(()) } else { Err(unknown_id(field)) }
}

/// Checks the number of values in a list.
///
/// # Errors
/// Returns [`Error::Invalid`] if the list has more than [`MAX_VALUES`] values.
pub(crate) fn check_value_count(field: &str, count: usize) -> Result<()> {
    if count > MAX_VALUES {
        return Err(Error::invalid(field, format!("must have at most {MAX_VALUES} values")));
    }
    Ok(())
}

/// Returns the error for a list that names a tag that does not exist.
fn unknown_id(field: &str) -> Error {
    Error::invalid(field, "contains an unknown tag id")
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
