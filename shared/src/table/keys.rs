//! The key design, and the only code that formats or parses keys.
//!
//! `t` is a tenant's name (`acme`, or `acme+test` for its sandbox). Only three kinds of client input appear
//! in keys:
//!
//! - search terms: letters and digits, after `#` for tags, QuickBooks ids and emails, the last of which are
//!   lower-cased but otherwise as typed;
//! - product ids, escaped (see [`price`]);
//! - digests of emails, idempotency keys, source rows, searches and filter conditions.
//!
//! | item | pk | sk | written by | read by |
//! |---|---|---|---|---|
//! | customer | `T#t#C#<uuid>` | `CUSTOMER` | every write | get (GetItem), search (BatchGetItem) |
//! | search term | `T#t#C#<uuid>` | `TERM#<term>` | before a write's commit | a write that changes terms |
//! | counters | `T#t#COUNTS` | `<shard>` | a write that changes a cell | every total (Query, 1 unit) |
//! | number sequence | `T#t#SEQUENCE` | `CUSTOMER` | create, import | create, import (UpdateItem) |
//! | idempotency record | `T#t#ONCE#<digest>` | `ONCE` | a write with Idempotency-Key | a repeat of that write |
//! | email claim | `T#t#EMAIL#<digest>` | `CLAIM` | a write of an email that must be unique | the same writes |
//! | saved position | `T#t#WALK#<key id>` | `<list>` | a request for a page by number | the request for the next page |
//! | page start | `T#t#WALK#<key id>` | `<list>#<page>` | a jump to a page | later jumps |
//! | tag | `T#t#TAGS` | `<tag id>` | tag writes | every read and write that shows or sets tags (Query, 1 unit per 4 KB) |
//! | list price | `T#t#PRICES` | `PRICE#<product>#<date>` | import | pricing (Query) |
//! | customer's price | `T#t#C#<uuid>` | `PRICE#<product>#<date>` | import | pricing (Query) |
//! | tag sequence | `T#t#SEQUENCE` | `TAG` | a new tag | a new tag (UpdateItem) |
//! | usage | `T#t#USAGE` | `<yyyy-mm>` | every metered request | every metered request (UpdateItem) |
//! | imported row | `T#t#SOURCE#<digest>` | `ROW` | import | import, to skip rows that are already imported |
//! | tenant | `TENANTS` | `<tenant>` | commands | commands |
//! | API key | `KEYS` | `<sha-256>` | commands | every function (Query at start-up, GetItem) |
//!
//! | index | partition | sort | projection | serves |
//! |---|---|---|---|---|
//! | by-status | `T#t#STATUS#<status>`, for deleted customers `T#t#STATUS#DELETED` | number | all | lists |
//! | by-type | `T#t#TYPE#<type>#<vip>`, for deleted customers `…#DELETED` | number | all | lists by type or VIP flag |
//! | by-search | `T#t#SEARCH#<first letter of the term>` | `<term>#<number>` | keys | search |
//!
//! API keys and tenants are the two item types without a tenant in the partition key: a request finds its
//! tenant through its API key, and one partition lists all tenants.

use uuid::Uuid;

use crate::model::{
    ApiKeyId, CounterCell, CustomerNumber, CustomerType, Date, PriceOwner, ProductId, SecretHash, Status,
    TagId, Tenant, TenantId,
};

/// Names of the attributes that hold keys.
pub mod attribute {
    /// The table's partition key.
    pub const PK: &str = "pk";
    /// The table's sort key.
    pub const SK: &str = "sk";
    /// The partition key of by-status.
    pub const STATUS_PK: &str = "status_pk";
    /// The partition key of by-type.
    pub const TYPE_PK: &str = "type_pk";
    /// The sort key of by-status and by-type: the customer's number.
    pub const NUMBER: &str = "number";
    /// The partition key of by-search.
    pub const SEARCH_PK: &str = "search_pk";
    /// The sort key of by-search.
    pub const SEARCH_SK: &str = "search_sk";
    /// When DynamoDB is allowed to delete the item, in seconds since 1970.
    pub const EXPIRES_AT: &str = "expires_at";
}

/// The global secondary indexes of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Index {
    /// Customers with one status, by number.
    ByStatus,
    /// Customers with one type and VIP flag, by number.
    ByType,
    /// Customers by search term.
    BySearch,
}

impl Index {
    /// Returns the index's name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ByStatus => "by-status",
            Self::ByType => "by-type",
            Self::BySearch => "by-search",
        }
    }

    /// Returns the attribute that holds the index's partition key.
    #[must_use]
    pub fn partition_attribute(self) -> &'static str {
        match self {
            Self::ByStatus => attribute::STATUS_PK,
            Self::ByType => attribute::TYPE_PK,
            Self::BySearch => attribute::SEARCH_PK,
        }
    }
}

/// The primary key of one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }
}

/// Number of items over which a tenant's counters are spread, so that concurrent writers seldom contend for
/// one item.
pub const COUNTER_SHARDS: u64 = 8;

/// Prefix of the sort keys of a customer's search terms.
pub const TERM_PREFIX: &str = "TERM#";

/// Returns the key of a customer's record.
#[must_use]
pub fn customer(tenant: &Tenant, uuid: Uuid) -> Key {
    Key::new(customer_partition(tenant, uuid), "CUSTOMER")
}

/// Returns the partition that holds a customer and all its items.
#[must_use]
pub fn customer_partition(tenant: &Tenant, uuid: Uuid) -> String {
    format!("T#{}#C#{uuid}", tenant.as_str())
}

/// Returns the UUID in a customer's partition key.
#[must_use]
pub fn customer_uuid(pk: &str) -> Option<Uuid> {
    pk.rsplit_once("#C#").and_then(|(_, uuid)| Uuid::try_parse(uuid).ok())
}

/// Returns the key of one search term of a customer.
#[must_use]
pub fn term(tenant: &Tenant, uuid: Uuid, term: &str) -> Key {
    Key::new(customer_partition(tenant, uuid), format!("{TERM_PREFIX}{term}"))
}

/// Returns the term in the sort key of a search term.
#[must_use]
pub fn term_text(sk: &str) -> Option<&str> {
    sk.strip_prefix(TERM_PREFIX)
}

/// Returns the partition of by-search that holds the terms starting with this text.
#[must_use]
pub fn search_partition(tenant: &Tenant, term: &str) -> String {
    let initial = term.chars().next().map(String::from).unwrap_or_default();
    format!("T#{}#SEARCH#{initial}", tenant.as_str())
}

/// Returns the sort key in by-search of one customer's term.
#[must_use]
pub fn search_sort(term: &str, number: CustomerNumber) -> String {
    format!("{term}#{number:0>10}")
}

/// Returns the prefix of the sort keys in by-search of exactly this term, without longer terms.
#[must_use]
pub fn search_sort_exactly(term: &str) -> String {
    format!("{term}#")
}

/// Returns the customer number in a sort key of by-search.
#[must_use]
pub fn search_number(search_sk: &str) -> Option<CustomerNumber> {
    let (_, digits) = search_sk.rsplit_once('#')?;
    CustomerNumber::new(digits.parse().ok()?)
}

/// Returns the partition of by-status that holds the customers of this cell.
#[must_use]
pub fn status_partition(tenant: &Tenant, cell: CounterCell) -> String {
    if cell.is_deleted { deleted_partition(tenant) } else { live_status_partition(tenant, cell.status) }
}

/// Returns the partition of by-status that holds the customers with this status that are not deleted.
#[must_use]
pub fn live_status_partition(tenant: &Tenant, status: Status) -> String {
    format!("T#{}#STATUS#{}", tenant.as_str(), status.as_str())
}

/// Returns the partition of by-status that holds the soft-deleted customers of every status.
#[must_use]
pub fn deleted_partition(tenant: &Tenant) -> String {
    format!("T#{}#STATUS#DELETED", tenant.as_str())
}

/// Returns the partition of by-type that holds the customers with this type, VIP flag and deletion.
#[must_use]
pub fn type_partition(
    tenant: &Tenant,
    customer_type: CustomerType,
    is_vip: bool,
    is_deleted: bool,
) -> String {
    let vip = if is_vip { "VIP" } else { "PLAIN" };
    let deleted = if is_deleted { "#DELETED" } else { "" };
    format!("T#{}#TYPE#{}#{vip}{deleted}", tenant.as_str(), customer_type.as_str())
}

/// Returns the partition that holds a tenant's counters.
#[must_use]
pub fn counts_partition(tenant: &Tenant) -> String {
    format!("T#{}#COUNTS", tenant.as_str())
}

/// Returns the key of one of a tenant's counter items.
#[must_use]
pub fn counts(tenant: &Tenant, shard: u64) -> Key {
    Key::new(counts_partition(tenant), shard.to_string())
}

/// Returns the attribute of a counter item that counts this cell, such as `ACv-` for active, commercial, VIP,
/// not deleted.
#[must_use]
pub fn cell_attribute(cell: CounterCell) -> String {
    let status = &cell.status.as_str()[..1];
    let customer_type = &cell.customer_type.as_str()[..1];
    let vip = if cell.is_vip { 'v' } else { '-' };
    let deleted = if cell.is_deleted { 'd' } else { '-' };
    format!("{status}{customer_type}{vip}{deleted}")
}

/// Returns the key of a tenant's sequence of customer numbers.
#[must_use]
pub fn customer_sequence(tenant: &Tenant) -> Key {
    Key::new(format!("T#{}#SEQUENCE", tenant.as_str()), "CUSTOMER")
}

/// Returns the partition that holds a tenant's tags.
#[must_use]
pub fn tags_partition(tenant: &Tenant) -> String {
    format!("T#{}#TAGS", tenant.as_str())
}

/// Returns the key of a tag.
#[must_use]
pub fn tag(tenant: &Tenant, id: &TagId) -> Key {
    Key::new(tags_partition(tenant), id.as_str())
}

/// Returns the key of a tenant's sequence of tag numbers.
#[must_use]
pub fn tag_sequence(tenant: &Tenant) -> Key {
    Key::new(format!("T#{}#SEQUENCE", tenant.as_str()), "TAG")
}

/// Prefix of the sort keys of prices.
pub const PRICE_PREFIX: &str = "PRICE#";

/// Returns the partition that holds a price list, or a customer's own prices together with its record.
#[must_use]
pub fn prices_partition(tenant: &Tenant, owner: PriceOwner) -> String {
    match owner {
        PriceOwner::List => format!("T#{}#PRICES", tenant.as_str()),
        PriceOwner::Customer(uuid) => customer_partition(tenant, uuid),
    }
}

/// Returns the key of the price of a product from a day onwards; without a day, from the beginning.
///
/// Sort keys order by product id, byte by byte, and then by day. To achieve that, `#` ends the id, and each
/// character up to `$` is written inside the id as `$` and a digit: space `$0`, `!` `$1`, `"` `$2`, `#` `$3`,
/// `$` `$4`. Every byte of an id is then above the `#` that ends a shorter id, and the escaped characters
/// keep their order and sort below all others.
#[must_use]
pub fn price(tenant: &Tenant, owner: PriceOwner, product: &ProductId, from: Option<Date>) -> Key {
    let day = from.map(|day| day.to_string()).unwrap_or_default();
    let product = escaped(product.as_str());
    Key::new(prices_partition(tenant, owner), format!("{PRICE_PREFIX}{product}#{day}"))
}

/// Returns the product in the sort key of a price.
#[must_use]
pub fn price_product(sk: &str) -> Option<ProductId> {
    let (product, _) = sk.strip_prefix(PRICE_PREFIX)?.split_once('#')?;
    unescaped(product)?.parse().ok()
}

/// The characters allowed in a product id that sort up to the escape character `$`, in order.
const ESCAPED: [char; 5] = [' ', '!', '"', '#', '$'];

fn escaped(id: &str) -> String {
    let mut key = String::with_capacity(id.len());
    for c in id.chars() {
        match ('0'..).zip(ESCAPED).find(|(_, escaped)| *escaped == c) {
            Some((digit, _)) => key.extend(['$', digit]),
            None => key.push(c),
        }
    }
    key
}

fn unescaped(key: &str) -> Option<String> {
    let mut chars = key.chars();
    let mut id = String::with_capacity(key.len());
    while let Some(c) = chars.next() {
        id.push(match c {
            '$' => *ESCAPED.get(chars.next()?.to_digit(10)? as usize)?,
            other => other,
        });
    }
    Some(id)
}

/// Returns the key of the record of an idempotent request.
#[must_use]
pub fn idempotency_record(tenant: &Tenant, digest: &str) -> Key {
    Key::new(format!("T#{}#ONCE#{digest}", tenant.as_str()), "ONCE")
}

/// Returns the key of an API key's saved position in a list that it reads page by page.
#[must_use]
pub fn walk(tenant: &Tenant, key_id: &ApiKeyId, list: &str) -> Key {
    Key::new(format!("T#{}#WALK#{}", tenant.as_str(), key_id.as_str()), list)
}

/// Returns the key of the start of a page, as found by a jump to that page.
#[must_use]
pub fn page_start(tenant: &Tenant, key_id: &ApiKeyId, list: &str, page: u64) -> Key {
    Key::new(walk(tenant, key_id, list).pk, format!("{list}#{page:0>20}"))
}

/// Returns the page in the sort key of a page start.
#[must_use]
pub fn page_of_start(sk: &str) -> Option<u64> {
    sk.rsplit_once('#').and_then(|(_, page)| page.parse().ok())
}

/// Returns the key of a tenant's request count for one month, such as `2024-01`.
#[must_use]
pub fn usage(tenant: &Tenant, month: &str) -> Key {
    Key::new(format!("T#{}#USAGE", tenant.as_str()), month)
}

/// Returns the key of a customer's claim to an email that no other customer is allowed to have.
#[must_use]
pub fn email_claim(tenant: &Tenant, digest: &str) -> Key {
    Key::new(format!("T#{}#EMAIL#{digest}", tenant.as_str()), "CLAIM")
}

/// Returns the key of the marker that a row of a source has been imported.
#[must_use]
pub fn imported_row(tenant: &Tenant, digest: &str) -> Key {
    Key::new(format!("T#{}#SOURCE#{digest}", tenant.as_str()), "ROW")
}

/// The partition that lists all tenants.
pub const TENANTS: &str = "TENANTS";

/// Returns the key of a tenant and its settings.
#[must_use]
pub fn tenant(id: &TenantId) -> Key {
    Key::new(TENANTS.to_owned(), id.to_string())
}

/// The partition that holds all API keys.
pub const API_KEYS: &str = "KEYS";

/// Returns the key of the record of an API key.
#[must_use]
pub fn api_key(hash: &SecretHash) -> Key {
    Key::new(API_KEYS.to_owned(), hash.as_str())
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
