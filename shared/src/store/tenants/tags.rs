//! A tenant's tags: all in one partition, so that one query reads them.
//!
//! A deleted tag's id can stay on customers: ids are never reused, and readers leave out ids of tags that no longer
//! exist. Deleting a tag is therefore one write and never half done.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use futures::future::{try_join, try_join4};
use serde::{Deserialize, Serialize};

use crate::model::{Color, Tag, TagId, Tenant};
use crate::store::calls::{contended, finish_put};
use crate::store::items::{Item, key_item, number, text, text_in};
use crate::store::log::entry::Change;
use crate::store::write::transaction::{Guard, Outcome, Step, Transaction, unexpected};
use crate::store::{IdempotencyKey, Store, Write, WriteAuthorization};
use crate::table::keys::{self, attribute};
use crate::{Error, Result};

/// A change of a tag; `None` leaves the value unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagChange {
    /// The new name.
    pub name: Option<String>,
    /// The new colour.
    pub color: Option<Color>,
}

/// Maximum number of tags that a tenant has, so that a list can read them all.
const MAX_TAGS: i64 = 1_000;

/// The number of a tenant's tags, next to the last number given to one.
const COUNT: &str = "count";

#[derive(Serialize, Deserialize)]
struct Record {
    name: String,
    color: Color,
}

impl Store {
    /// Returns all tags of a tenant, in the order of their numbers: one strongly consistent query.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn tags_list(&self, tenant: &Tenant) -> Result<Vec<Tag>> {
        let items = self.partition_items(&keys::tags_partition(tenant), "reading tags").await?;
        let mut tags = items.into_iter().map(to_tag).collect::<Result<Vec<_>>>()?;
        tags.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(tags)
    }

    /// Returns one tag.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the tenant has no such tag.
    pub async fn tag_get(&self, tenant: &Tenant, id: &TagId) -> Result<Tag> {
        let item = self.item_get(&keys::tag(tenant, id), "reading a tag").await?;
        to_tag(item.ok_or(Error::NotFound("Tag"))?)
    }

    /// Creates a tag: two round trips. A duplicate request returns the tag as the first one created it.
    ///
    /// # Errors
    /// Returns [`Error::Conflict`] if the tenant has 1,000 tags or the key was used for another request,
    /// [`Error::Throttled`] if nothing was written for lack of capacity, and [`Error::Unavailable`] if it is unknown
    /// whether the tag was created.
    pub async fn tag_create(
        &self,
        tenant: &Tenant,
        name: String,
        color: Color,
        idempotency: Option<&IdempotencyKey>,
        authorization: WriteAuthorization<'_>,
    ) -> Result<Tag> {
        let sequence = keys::tag_sequence(tenant);
        let (number, stored, _, mut lane) = try_join4(
            self.sequence_allocate(&sequence),
            self.stored_reply_get(tenant, idempotency),
            authorization,
            self.lane(tenant),
        )
        .await?;
        if let Some(stored) = stored {
            return from_stored(&stored);
        }
        let tag = Tag { id: TagId::from_number(number), name, color };
        let step = Step { changes: vec![Change::Tag(tag.id.clone())], ..Step::default() };
        let mut step = step
            .guarded(self.put_new(item(tenant, &tag)?)?, Guard::Absent)
            .guarded(self.tag_count_add(tenant, 1)?, Guard::Room);
        if let Some(key) = idempotency {
            step = step.guarded(self.stored_reply_put(tenant, key, to_stored(&tag)?)?, Guard::FirstRequest);
        }
        match Transaction::of(self, tenant, step).commit(&mut lane).await? {
            Outcome::Applied { .. } => Ok(tag),
            outcome if outcome.is_refused_by(Guard::FirstRequest) => {
                let stored = self.stored_reply_get(tenant, idempotency).await?;
                from_stored(&stored.ok_or_else(|| Error::broken("an idempotency record vanished"))?)
            }
            outcome if outcome.is_refused_by(Guard::Room) => {
                Err(Error::Conflict(format!("The tenant has {MAX_TAGS} tags; delete one first")))
            }
            outcome => Err(unexpected(&outcome)),
        }
    }

    /// Adds to the number of a tenant's tags, which stays at [`MAX_TAGS`] or below.
    fn tag_count_add(&self, tenant: &Tenant, change: i64) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&*self.table)
            .set_key(Some(key_item(&keys::tag_sequence(tenant))))
            .update_expression("ADD #count :change")
            .condition_expression("attribute_not_exists(#count) OR #count <= :most")
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_values(":change", number(change))
            .expression_attribute_values(":most", number(MAX_TAGS - change))
            .build()
            .map_err(|e| Error::internal("building the update of a count", e))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Returns the ids of all tags by name, after creating the named tags that do not exist, one write each. If several
    /// tags share a name, the oldest wins.
    ///
    /// # Errors
    /// Returns the errors of [`Self::tag_create`]. A part of the tags can be created then; a repeated call finds them.
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
                let tag =
                    self.tag_create(tenant, name.clone(), Color::default(), None, authorization).await?;
                ids.insert(tag.name, tag.id);
            }
        }
        Ok(ids)
    }

    /// Changes a tag and returns it: two round trips. Concurrent changes of different parts both take effect.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the tenant has no such tag, and the errors of [`Self::tag_create`].
    pub async fn tag_update(
        &self,
        tenant: &Tenant,
        id: &TagId,
        change: TagChange,
        authorization: WriteAuthorization<'_>,
    ) -> Result<Tag> {
        let (read, mut lane) = try_join(self.tag_get(tenant, id), self.lane(tenant)).await?;
        authorization.await?;
        let mut old = read;
        let mut attempts = self.attempts();
        loop {
            let new = Tag {
                name: change.name.clone().unwrap_or_else(|| old.name.clone()),
                color: change.color.clone().unwrap_or_else(|| old.color.clone()),
                id: id.clone(),
            };
            if new == old {
                return Ok(old);
            }
            let step = Step { changes: vec![Change::Tag(id.clone())], ..Step::default() };
            let step = step.guarded(self.tag_replace(tenant, &old, &new)?, Guard::Unchanged);
            if let Outcome::Applied { .. } = Transaction::of(self, tenant, step).commit(&mut lane).await? {
                return Ok(new);
            }
            attempts.back_off(contended).await?;
            old = self.tag_get(tenant, id).await?;
        }
    }

    /// Deletes a tag. Customers can keep its id, which no reader shows.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the tenant has no such tag, and the errors of [`Self::tag_create`].
    pub async fn tag_delete(
        &self,
        tenant: &Tenant,
        id: &TagId,
        authorization: WriteAuthorization<'_>,
    ) -> Result<()> {
        let (_, mut lane) = try_join(authorization, self.lane(tenant)).await?;
        let step = Step { changes: vec![Change::Tag(id.clone())], ..Step::default() };
        let step = step
            .guarded(self.delete_existing(&keys::tag(tenant, id))?, Guard::Present)
            .guarded(self.tag_count_add(tenant, -1)?, Guard::Room);
        match Transaction::of(self, tenant, step).commit(&mut lane).await? {
            Outcome::Applied { .. } => Ok(()),
            outcome if outcome.is_refused_by(Guard::Present) => Err(Error::NotFound("Tag")),
            outcome => Err(unexpected(&outcome)),
        }
    }

    /// A put of a tag, provided that it is still as it was read.
    fn tag_replace(&self, tenant: &Tenant, old: &Tag, new: &Tag) -> Result<TransactWriteItem> {
        finish_put(
            Put::builder()
                .table_name(&*self.table)
                .set_item(Some(item(tenant, new)?))
                .condition_expression("#name = :name AND #color = :color")
                .expression_attribute_names("#name", "name")
                .expression_attribute_names("#color", "color")
                .expression_attribute_values(":name", text(&old.name))
                .expression_attribute_values(":color", text(String::from(old.color.clone()))),
        )
    }
}

fn item(tenant: &Tenant, tag: &Tag) -> Result<Item> {
    let record = Record { name: tag.name.clone(), color: tag.color.clone() };
    let mut item: Item = serde_dynamo::to_item(record).map_err(|e| Error::internal("writing a tag", e))?;
    item.extend(key_item(&keys::tag(tenant, &tag.id)));
    Ok(item)
}

/// The reply that is stored for duplicates of a tag's creation: the tag as it was created.
fn to_stored(tag: &Tag) -> Result<String> {
    let stored = (tag.id.as_str(), &tag.name, &tag.color);
    serde_json::to_string(&stored).map_err(|e| Error::internal("writing a tag's stored reply", e))
}

fn from_stored(stored: &str) -> Result<Tag> {
    let (id, name, color): (String, String, Color) =
        serde_json::from_str(stored).map_err(|e| Error::internal("reading a tag's stored reply", e))?;
    let id = id.parse().map_err(|e| Error::internal("reading the id of a tag's stored reply", e))?;
    Ok(Tag { id, name, color })
}

fn to_tag(item: Item) -> Result<Tag> {
    let id = text_in(&item, attribute::SK)?.parse().map_err(|e| Error::internal("reading a tag's key", e))?;
    let Record { name, color } =
        serde_dynamo::from_item(item).map_err(|e| Error::internal("reading a tag", e))?;
    Ok(Tag { id, name, color })
}
