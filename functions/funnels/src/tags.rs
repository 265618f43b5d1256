//! Tags by name: this dialect knows no other identity of a tag. A name that no tag has yet makes a new tag.

use std::collections::BTreeSet;

use clientele_functions_graphql::Session;
use clientele_shared::error::FieldError;
use clientele_shared::model::TagId;
use clientele_shared::rules::text::tag_name;
use clientele_shared::{Error, Result};

/// The names of tags in an input.
pub(crate) const TAGS: &str = "node.tags";

/// Maximum number of a customer's tags.
const MAX_TAGS: usize = 100;

/// Checks the names of a customer's tags, and removes duplicates.
///
/// # Errors
/// Returns [`Error::Invalid`] naming every name that is wrong, or if there are too many.
pub(crate) fn read_names(names: &[String]) -> Result<Vec<String>> {
    if names.len() > MAX_TAGS {
        return Err(Error::invalid(TAGS, format!("must have at most {MAX_TAGS} names")));
    }
    let (mut read, mut errors) = (Vec::new(), Vec::new());
    for (at, name) in names.iter().enumerate() {
        match tag_name(name) {
            Ok(name) if read.contains(&name) => {}
            Ok(name) => read.push(name),
            Err(message) => errors.push(FieldError::new(format!("{TAGS}.{at}"), message)),
        }
    }
    if errors.is_empty() { Ok(read) } else { Err(Error::Invalid(errors)) }
}

/// Returns the ids of the tags with these names, after creating those that do not exist if `check` succeeds.
///
/// # Errors
/// Returns the error of `check`, [`Error::Conflict`] if the tenant has too many tags, and [`Error::Unauthorized`] if the caller is not allowed to
/// create some.
pub(crate) async fn ids(
    session: &Session,
    names: &[String],
    check: impl Future<Output = Result<()>>,
) -> Result<Vec<TagId>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let found = session.tags().await?;
    let known = |name: &String| found.iter().find(|tag| tag.name == *name).map(|tag| tag.id.clone());
    let ids: Option<Vec<TagId>> = names.iter().map(known).collect();
    if let Some(ids) = ids {
        return Ok(ids);
    }
    check.await?;
    session.authorization().await?;
    let wanted: BTreeSet<String> = names.iter().cloned().collect();
    let ids = session.store.tags_get_or_create(&session.tenant, &wanted).await;
    let ids = session.written(ids)?;
    session.invalidate_tags();
    Ok(names.iter().filter_map(|name| ids.get(name).cloned()).collect())
}

/// Returns the ids of all tags with this name, whatever its case.
///
/// # Errors
/// Returns [`Error::Throttled`] or [`Error::Unavailable`] if the tags cannot be read.
pub(crate) async fn named(session: &Session, name: &str) -> Result<Vec<TagId>> {
    let name = name.to_lowercase();
    let tags = session.tags().await?;
    Ok(tags.iter().filter(|tag| tag.name.to_lowercase() == name).map(|tag| tag.id.clone()).collect())
}
