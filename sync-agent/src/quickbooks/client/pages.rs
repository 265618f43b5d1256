//! All objects of an entity, page by page, while others change them.
//!
//! Pages follow the time of the last change, not a position: an object that changes moves to the end, which
//! shifts positions and would make a reader skip objects. A position counts only within one moment that more
//! than a page of objects shares, and is then checked against the object read last.

use std::collections::HashSet;

use clientele_shared::model::Timestamp;
use serde_json::Value;

use super::super::entity::Entity;
use super::super::error::QuickBooksError;
use super::super::query_text::quoted;
use super::{Object, QuickBooks};

/// Objects of a page.
const PAGE_SIZE: usize = 1000;
/// How often the objects of one moment are read again because they shifted.
const MAX_RESTARTS: usize = 10;

/// A reader of all objects of an entity. See [`QuickBooks::query_all`].
#[derive(Debug)]
pub struct Pages {
    client: QuickBooks,
    entity: Entity,
    /// Time of the last change of the object read last, as it was sent; or where to start.
    from: Option<String>,
    /// Position of the next page among the objects since then, counted from 1.
    position: usize,
    /// Id of the object read last, which must be the first of the next page if its position is not 1.
    last: Option<String>,
    restarts: usize,
    seen: HashSet<String>,
    started_at: Option<Timestamp>,
    is_complete: bool,
}

impl QuickBooks {
    /// Returns a reader of all objects of an entity, inactive ones included. Each is read once, and none is
    /// skipped although objects change during the read. [`QuickBooks::cdc`] since [`Pages::started_at`]
    /// returns what changed.
    #[must_use]
    pub fn query_all(&self, entity: Entity) -> Pages {
        Pages {
            client: self.clone(),
            entity,
            from: None,
            position: 1,
            last: None,
            restarts: 0,
            seen: HashSet::new(),
            started_at: None,
            is_complete: false,
        }
    }

    /// Returns a reader of all objects of an entity that changed at or after a moment. Deleted ones are not
    /// found.
    #[must_use]
    pub fn query_changed(&self, entity: Entity, since: Timestamp) -> Pages {
        Pages { from: Some(since.to_rfc3339_seconds()), ..self.query_all(entity) }
    }
}

impl Pages {
    /// Returns the server's time when the first page was read, or `None` before that.
    #[must_use]
    pub fn started_at(&self) -> Option<Timestamp> {
        self.started_at
    }

    /// Returns the next objects, at most 1,000 and possibly none, or `None` after the last ones.
    ///
    /// # Errors
    ///
    /// Returns a [`QuickBooksError`] if the call fails; the next call then reads the same page. Returns
    /// [`QuickBooksError::Malformed`] if an object has no id or no time of its last change.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Object>>, QuickBooksError> {
        if self.is_complete {
            return Ok(None);
        }
        let page = self.client.run_query(&self.query()).await?;
        if self.started_at.is_none() {
            let time = page.time.as_deref().and_then(Timestamp::from_rfc3339);
            let time = time.ok_or_else(|| QuickBooksError::malformed("QuickBooks returned no time"))?;
            self.started_at = Some(time);
        }
        let mut fresh = Vec::with_capacity(page.objects.len());
        let (count, bounds) = (page.objects.len(), bounds(&page.objects)?);
        for object in page.objects {
            if self.seen.insert(id(&object)?.to_owned()) {
                fresh.push(object);
            }
        }
        self.advance(count, bounds)?;
        Ok(Some(fresh))
    }

    fn query(&self) -> String {
        let mut conditions = Vec::new();
        if self.entity.has_active() {
            conditions.push("Active IN (true, false)".to_owned());
        }
        if let Some(from) = &self.from {
            conditions.push(format!("MetaData.LastUpdatedTime >= {}", quoted(from)));
        }
        let conditions = if conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", conditions.join(" AND "))
        };
        format!(
            "SELECT * FROM {}{conditions} ORDERBY MetaData.LastUpdatedTime STARTPOSITION {} MAXRESULTS {PAGE_SIZE}",
            self.entity, self.position
        )
    }

    /// Chooses the next page, after one with this number of objects.
    fn advance(&mut self, count: usize, bounds: Option<Bounds>) -> Result<(), QuickBooksError> {
        let has_shifted =
            self.position > 1 && bounds.as_ref().map(|bounds| &bounds.first_id) != self.last.as_ref();
        let Some(bounds) = bounds.filter(|_| !has_shifted) else {
            if has_shifted {
                return self.restart();
            }
            self.is_complete = true;
            return Ok(());
        };
        if count < PAGE_SIZE {
            self.is_complete = true;
        } else if self.from.as_deref().and_then(Timestamp::from_rfc3339) == Some(bounds.last_time) {
            // The page ends within the moment at which it began. The next one repeats its last object.
            self.position += count - 1;
            self.last = Some(bounds.last_id);
        } else {
            (self.from, self.position, self.last) = (Some(bounds.last_time_text), 1, None);
            self.restarts = 0;
        }
        Ok(())
    }

    /// Reads the objects of the current moment again: some have left it, so that positions have shifted.
    fn restart(&mut self) -> Result<(), QuickBooksError> {
        (self.position, self.last) = (1, None);
        self.restarts += 1;
        if self.restarts > MAX_RESTARTS {
            let text = format!("the {} objects of QuickBooks change too fast to be read", self.entity);
            return Err(QuickBooksError::Malformed(text));
        }
        Ok(())
    }
}

/// The ends of a page.
struct Bounds {
    first_id: String,
    last_id: String,
    last_time: Timestamp,
    last_time_text: String,
}

fn bounds(objects: &[Object]) -> Result<Option<Bounds>, QuickBooksError> {
    let (Some(first), Some(last)) = (objects.first(), objects.last()) else { return Ok(None) };
    let text = last.get("MetaData").and_then(|meta| meta.get("LastUpdatedTime")).and_then(Value::as_str);
    let time = text.and_then(|text| Some((text, Timestamp::from_rfc3339(text)?)));
    let (text, last_time) =
        time.ok_or_else(|| QuickBooksError::malformed("QuickBooks returned an object without its time"))?;
    Ok(Some(Bounds {
        first_id: id(first)?.to_owned(),
        last_id: id(last)?.to_owned(),
        last_time,
        last_time_text: text.to_owned(),
    }))
}

/// Returns the id of an object.
pub(super) fn id(object: &Object) -> Result<&str, QuickBooksError> {
    let id = object.get("Id").and_then(Value::as_str).filter(|id| !id.is_empty());
    id.ok_or_else(|| QuickBooksError::malformed("QuickBooks returned an object without an id"))
}
