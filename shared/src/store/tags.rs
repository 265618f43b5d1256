//! A tenant's tags: all in one partition, so that whoever shows customers reads them in one call.
//!
//! A deleted tag's id may stay on customers: it is never given out again, and whoever shows or filters by tags
//! leaves out what is no longer there. So deleting is one write, and never half done.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use serde::{Deserialize, Serialize};

use super::{Item, Store, Write, WriteAuthorization, call, key_of, text};
use crate::model::{Color, Tag, TagId, Tenant};
use crate::table::keys::{self, attribute};
use crate::{Error, Result};

/// What DynamoDB says when the condition of a call does not hold.
const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// What changes of a tag; `None` stays.
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
    /// All tags of a tenant, in the order of their numbers, as the last write left them: one query.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn tags_list(&self, tenant: &Tenant) -> Result<Vec<Tag>> {
        let items = self.partition_items(&keys::tags_partition(tenant), "reading tags").await?;
        let mut tags = items.into_iter().map(to_tag).collect::<Result<Vec<_>>>()?;
        tags.sort_by(|a, b| (a.id.as_str().len(), &a.id).cmp(&(b.id.as_str().len(), &b.id)));
        Ok(tags)
    }

    /// One tag.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn tag_get(&self, tenant: &Tenant, id: &TagId) -> Result<Tag> {
        let item = self.item_get(&keys::tag(tenant, id), "reading a tag").await?;
        to_tag(item.ok_or(Error::NotFound("Tag"))?)
    }

    /// Makes a tag: two round trips.
    ///
    /// # Errors
    /// Those of the calls.
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
            // The number is nobody else's: an earlier attempt of this very call was written, and its answer lost.
            Err(error) if error.code() == Some(CONDITION_FAILED) => Ok(tag),
            Err(error) => Err(call::failed("creating a tag", error)),
        }
    }

    /// The ids of the tags of these names, and of all others; those that are not there are made, each by itself. Of
    /// several tags with one name the first that was made counts.
    ///
    /// # Errors
    /// Those of the calls. Some of the tags may be made then: asked again, they are found.
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
                let made = self.tag_create(tenant, name.clone(), Color::default(), authorization).await?;
                ids.insert(made.name, made.id);
            }
        }
        Ok(ids)
    }

    /// Changes a tag; returns it as it is then.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
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

    /// Deletes a tag. Customers may keep its id, which is shown nowhere.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
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

/// The one condition of these calls is that the tag is there.
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
