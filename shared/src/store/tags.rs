//! A tenant's tags, all in one partition, so that code that shows customers can read them in one call.
//!
//! A deleted tag's id can remain on customers. The id is never reused, and code that shows or filters by tags
//! ignores ids of deleted tags. Deleting a tag is therefore a single write and cannot fail halfway.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use serde::{Deserialize, Serialize};

use super::{Item, Store, Write, WriteAuthorization, call, key_of, text};
use crate::model::{Color, Tag, TagId, Tenant};
use crate::table::keys::{self, attribute};
use crate::{Error, Result};

/// The error code of DynamoDB if the condition of a call does not hold.
const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// Changes to a tag; fields that are `None` stay unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagChange {
    /// The new name.
    pub name: Option<String>,
    /// The new colour.
    pub color: Option<Color>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    name: String,
    color: Color,
}

impl Store {
    /// Returns all tags of a tenant, ordered by number: one strongly consistent query.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached,
    /// and [`Error::Internal`] for any other failure.
    pub async fn tags_list(&self, tenant: &Tenant) -> Result<Vec<Tag>> {
        let items = self.partition_items(&keys::tags_partition(tenant), "reading tags").await?;
        let mut tags = items.into_iter().map(to_tag).collect::<Result<Vec<_>>>()?;
        tags.sort_by(|a, b| (a.id.as_str().len(), &a.id).cmp(&(b.id.as_str().len(), &b.id)));
        Ok(tags)
    }

    /// Returns a tag.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the tenant has no such tag. Returns [`Error::Throttled`],
    /// [`Error::Unavailable`] or [`Error::Internal`] if DynamoDB cannot complete a call.
    pub async fn tag_get(&self, tenant: &Tenant, id: &TagId) -> Result<Tag> {
        let item = self.item_get(&keys::tag(tenant, id), "reading a tag").await?;
        to_tag(item.ok_or(Error::NotFound("Tag"))?)
    }

    /// Creates a tag: two round trips.
    ///
    /// # Errors
    /// Returns the error of `authorization` if the write is not authorized. Returns [`Error::Throttled`] or
    /// [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached, and [`Error::Internal`] for any
    /// other failure.
    pub async fn tag_create(
        &self,
        tenant: &Tenant,
        name: String,
        color: Color,
        authorization: WriteAuthorization<'_>,
    ) -> Result<Tag> {
        let sequence = keys::tag_sequence(tenant);
        let (number, _) =
            futures::future::try_join(self.sequence_allocate(&sequence, 1), authorization).await?;
        let tag = Tag { id: TagId::from_number(number), name, color };
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item(tenant, &tag)?))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", attribute::PK);
        match put.send().await {
            Ok(_) => Ok(tag),
            // The allocated number is unique, so an earlier attempt of this call wrote the tag and its
            // response was lost.
            Err(error) if error.code() == Some(CONDITION_FAILED) => Ok(tag),
            Err(error) => Err(call::failed("creating a tag", error)),
        }
    }

    /// Returns the ids of all tags by name, after creating the named tags that do not exist, one write each.
    /// If several tags share a name, the oldest wins.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached,
    /// and [`Error::Internal`] for any other failure. Some of the tags might then have been created; a second
    /// call finds them.
    pub async fn tags_get_or_create(
        &self,
        tenant: &Tenant,
        names: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, TagId>> {
        let mut ids = BTreeMap::new();
        for tag in self.tags_list(tenant).await? {
            ids.entry(tag.name).or_insert(tag.id);
        }
        for name in names {
            if !ids.contains_key(name) {
                let authorization = Write::plain().authorization;
                let created = self.tag_create(tenant, name.clone(), Color::default(), authorization).await?;
                ids.insert(created.name, created.id);
            }
        }
        Ok(ids)
    }

    /// Changes a tag and returns its new state.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the tenant has no such tag, and the error of `authorization` if the
    /// write is not authorized. Returns [`Error::Throttled`], [`Error::Unavailable`] or [`Error::Internal`]
    /// if DynamoDB cannot complete a call.
    pub async fn tag_update(
        &self,
        tenant: &Tenant,
        id: &TagId,
        change: TagChange,
        authorization: WriteAuthorization<'_>,
    ) -> Result<Tag> {
        let parts: Vec<(&str, String)> = [("name", change.name), ("color", change.color.map(String::from))]
            .into_iter()
            .filter_map(|(member, value)| Some((member, value?)))
            .collect();
        authorization.await?;
        if parts.is_empty() {
            return self.tag_get(tenant, id).await;
        }
        let sets: Vec<String> = parts.iter().map(|(member, _)| format!("#{member} = :{member}")).collect();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(&keys::tag(tenant, id))))
            .update_expression(format!("SET {}", sets.join(", ")))
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", attribute::PK)
            .return_values(aws_sdk_dynamodb::types::ReturnValue::AllNew);
        for (member, value) in parts {
            update = update
                .expression_attribute_names(format!("#{member}"), member)
                .expression_attribute_values(format!(":{member}"), text(value));
        }
        let answer = update.send().await.map_err(|e| missing_or(e, "changing a tag"))?;
        to_tag(answer.attributes.unwrap_or_default())
    }

    /// Deletes a tag. Its id can remain on customers, but is no longer shown.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the tenant has no such tag, and the error of `authorization` if the
    /// write is not authorized. Returns [`Error::Throttled`], [`Error::Unavailable`] or [`Error::Internal`]
    /// if DynamoDB cannot complete a call.
    pub async fn tag_delete(
        &self,
        tenant: &Tenant,
        id: &TagId,
        authorization: WriteAuthorization<'_>,
    ) -> Result<()> {
        authorization.await?;
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key_of(&keys::tag(tenant, id))))
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", attribute::PK);
        delete.send().await.map_err(|e| missing_or(e, "deleting a tag"))?;
        Ok(())
    }
}

/// Converts the error of a call whose only condition is that the tag exists.
fn missing_or<E>(error: SdkError<E>, context: &'static str) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match error.code() {
        Some(CONDITION_FAILED) => Error::NotFound("Tag"),
        _ => call::failed(context, error),
    }
}

fn item(tenant: &Tenant, tag: &Tag) -> Result<Item> {
    let record = Record { name: tag.name.clone(), color: tag.color.clone() };
    let mut item: Item = serde_dynamo::to_item(record).map_err(|e| Error::internal("writing a tag", e))?;
    item.extend(key_of(&keys::tag(tenant, &tag.id)));
    Ok(item)
}

fn to_tag(item: Item) -> Result<Tag> {
    let id = super::text_in(&item, attribute::SK)?
        .parse()
        .map_err(|e| Error::internal("reading a tag's key", e))?;
    let Record { name, color } =
        serde_dynamo::from_item(item).map_err(|e| Error::internal("reading a tag", e))?;
    Ok(Tag { id, name, color })
}
