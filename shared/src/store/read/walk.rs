//! Walks: where an API key is in a list that it reads page by page, and what an expensive total was.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::query::{PageRequest, Position, Total};
use crate::model::{ApiKeyId, CustomerNumber, Tenant};
use crate::rules::entries::SortValue;
use crate::store::Store;
use crate::store::calls::failed;
use crate::store::items::{Item, key_item};
use crate::store::write::digest;
use crate::table::keys::{self, Key};
use crate::{Error, Result};

/// How long a walk is remembered after its last page, in seconds.
const TTL_SECONDS: i64 = 3600;

/// The attribute of [`Walk::ahead`].
const AHEAD: &str = "ahead";

/// The state of a walk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Walk {
    /// The page that was read last; 0 for a walk by cursor.
    pub(super) page: u64,
    /// Where that page starts and ends; `None` at the top.
    pub(super) start: Option<Position>,
    pub(super) end: Option<Position>,
    /// The customers that were found to come after its end: most likely the next page, and read speculatively for it.
    pub(super) ahead: Vec<CustomerNumber>,
    /// A total that was counted by reading.
    pub(super) total: Option<Total>,
    /// Whether the search index holds too many candidates to read their keys.
    pub(super) is_dense: bool,
}

#[derive(Serialize, Deserialize)]
struct Record {
    page: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    is_exact: bool,
    is_dense: bool,
    expires_at: i64,
}

impl Walk {
    /// Where a page starts, if it is the page that was read last or the one after it.
    pub(super) fn start_of(&self, page: u64) -> Option<Option<Position>> {
        match page {
            _ if page == self.page => Some(self.start.clone()),
            _ if self.page > 0 && self.is_before(page) => Some(self.end.clone()),
            _ => None,
        }
    }

    /// Whether the page that was read last comes right before this one.
    fn is_before(&self, page: u64) -> bool {
        page.checked_sub(1) == Some(self.page)
    }

    /// The customers that the requested page is likely to show.
    pub(super) fn expected(&self, request: &PageRequest<'_>) -> Vec<CustomerNumber> {
        match request {
            PageRequest::Page { page, .. } if self.is_before(*page) => self.ahead.clone(),
            _ => Vec::new(),
        }
    }
}

/// The key of a walk. The list's name is a digest, because it holds what a client typed.
pub(super) fn walk_key(tenant: &Tenant, walker: &ApiKeyId, list: &str) -> Key {
    keys::walk(tenant, walker, &digest(&[list]))
}

impl Store {
    /// Reads a walk, strongly consistent; `None` if there is none or it has expired.
    pub(super) async fn walk_load(&self, key: &Key) -> Result<Option<Walk>> {
        let Some(item) = self.item_get(key, "reading a walk").await? else { return Ok(None) };
        let ahead =
            item.get(AHEAD).and_then(|bytes| bytes.as_b().ok()).map(|bytes| numbers_in(bytes.as_ref()));
        let record: Record =
            serde_dynamo::from_item(item).map_err(|e| Error::internal("reading a walk", e))?;
        if record.expires_at <= self.ambient.now().as_seconds() {
            return Ok(None);
        }
        let total = if record.is_exact { Total::Exactly } else { Total::AtLeast };
        Ok(Some(Walk {
            page: record.page,
            start: record.start.as_deref().map(position_in).transpose()?,
            end: record.end.as_deref().map(position_in).transpose()?,
            ahead: ahead.unwrap_or_default(),
            total: record.total.map(total),
            is_dense: record.is_dense,
        }))
    }

    /// Stores a walk: one write unit.
    pub(super) async fn walk_save(&self, key: &Key, walk: &Walk) -> Result<()> {
        let record = Record {
            page: walk.page,
            start: walk.start.as_ref().map(position_text),
            end: walk.end.as_ref().map(position_text),
            total: walk.total.map(Total::count),
            is_exact: matches!(walk.total, Some(Total::Exactly(_))),
            is_dense: walk.is_dense,
            expires_at: self.ambient.now().plus_seconds(TTL_SECONDS).as_seconds(),
        };
        let mut item: Item =
            serde_dynamo::to_item(record).map_err(|e| Error::internal("writing a walk", e))?;
        item.extend(key_item(key));
        item.insert(AHEAD.to_owned(), AttributeValue::B(Blob::new(number_bytes(&walk.ahead))));
        let put = self.client.put_item().table_name(&*self.table).set_item(Some(item));
        put.send().await.map_err(|e| failed("storing a walk", e))?;
        Ok(())
    }
}

/// Four bytes for each number, so that 100 of them fit in the one write unit of a walk.
fn number_bytes(numbers: &[CustomerNumber]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.get().to_be_bytes()).collect()
}

fn numbers_in(bytes: &[u8]) -> Vec<CustomerNumber> {
    let numbers = bytes.as_chunks().0.iter().map(|bytes| u32::from_be_bytes(*bytes));
    numbers.filter_map(|number| CustomerNumber::new(number.into())).collect()
}

fn position_text(position: &Position) -> String {
    let value = position
        .value
        .as_ref()
        .map(|value| format!("{}{}", value.as_str(), keys::VALUE_SEPARATOR))
        .unwrap_or_default();
    format!("{value}{}", position.number)
}

fn position_in(text: &str) -> Result<Position> {
    let (value, number) = match text.rsplit_once(keys::VALUE_SEPARATOR) {
        Some((value, number)) => (Some(SortValue::from_key(value)), number),
        None => (None, text),
    };
    let number = CustomerNumber::from_digits(number);
    let number = number.ok_or_else(|| Error::broken("the position of a walk has no number"))?;
    Ok(Position { value, number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_they_were_written() {
        let number = CustomerNumber::new(456).unwrap();
        let values = [None, Some(""), Some("ann lee"), Some("0000000001")];
        for value in values.map(|value| value.map(SortValue::from_key)) {
            let position = Position { value, number };
            assert_eq!(position_in(&position_text(&position)).unwrap(), position);
        }
    }

    #[test]
    fn walk_continues_with_the_same_page_and_the_next() {
        let end = Some(Position::at(CustomerNumber::new(9).unwrap()));
        let walk = Walk { page: 2, end: end.clone(), ..Walk::default() };
        assert_eq!([1, 2, 3, 4].map(|page| walk.start_of(page)), [None, Some(None), Some(end), None]);
        assert_eq!(Walk::default().start_of(1), None);
    }
}
