//! THE key design: the only place that formats or reads a key.
//!
//! `t` is a tenant's name (`acme`, or `acme+test` for its sandbox). A key never holds anything a client typed
//! except a search term (letters and digits, after `#` for tags, QuickBooks ids and emails, these as they are typed
//! but in small letters), a product id (escaped, see [`price`]) and the digest of an idempotency key or source row.
//!
//! | item | pk | sk | written by | read by |
//! |---|---|---|---|---|
//! | customer | `T#t#C#<uuid>` | `CUSTOMER` | every write | get (GetItem), search (BatchGetItem) |
//! | search term | `T#t#C#<uuid>` | `TERM#<term>` | before a write's commit | a write that changes terms |
//! | counters | `T#t#COUNTS` | `<shard>` | a write that changes a cell | every total (Query, 1 unit) |
//! | number sequence | `T#t#SEQUENCE` | `CUSTOMER` | create, import | create, import (UpdateItem) |
//! | idempotency record | `T#t#ONCE#<digest>` | `ONCE` | a write with Idempotency-Key | the same, again |
//! | claim to an email | `T#t#EMAIL#<digest>` | `CLAIM` | a write of an email that must be unique | the same |
//! | walk | `T#t#WALK#<key id>` | `<list>` | a page by number | the page after it |
//! | page start | `T#t#WALK#<key id>` | `<list>#<page>` | a jump to a page | the next jump |
//! | tag | `T#t#TAGS` | `<tag id>` | tag writes | every read and write that shows or sets tags (Query, 1 unit for 4 KB) |
//! | list price | `T#t#PRICES` | `PRICE#<product>#<date>` | import | pricing (Query) |
//! | customer's price | `T#t#C#<uuid>` | `PRICE#<product>#<date>` | import | pricing (Query) |
//! | tag sequence | `T#t#SEQUENCE` | `TAG` | a new tag | a new tag (UpdateItem) |
//! | usage | `T#t#USAGE` | `<yyyy-mm>` | every request | every request (UpdateItem) |
//! | imported row | `T#t#SOURCE#<digest>` | `ROW` | import | import, to be safe to run twice |
//! | tenant | `TENANTS` | `<tenant>` | commands | commands |
//! | API key | `KEYS` | `<sha-256>` | commands | every function (Query at start, GetItem) |
//!
//! | index | partition | sort | projection | answers |
//! |---|---|---|---|---|
//! | by-status | `T#t#STATUS#<status>`, deleted ones `T#t#STATUS#DELETED` | number | all | lists |
//! | by-type | `T#t#TYPE#<type>#<vip>`, deleted ones `…#DELETED` | number | all | lists by type or vip |
//! | by-search | `T#t#SEARCH#<first letter of the term>` | `<term>#<number>` | keys | search |
//!
//! API keys and tenants are the two item types without a tenant in the partition key: the first is how a
//! request finds its tenant, the second lists them.

use uuid::Uuid;

use crate::model::{
    ApiKeyId, CounterCell, CustomerNumber, CustomerType, Date, PriceOwner, ProductId, SecretHash, Status,
    TagId, Tenant, TenantId,
};

/// The attribute names that keys live in.
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
    /// When DynamoDB may remove the item: seconds since 1970.
    pub const EXPIRES_AT: &str = "expires_at";
}

/// The table's global secondary indexes, by what they answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Index {
    /// Customers of one status, by number.
    ByStatus,
    /// Customers of one type and vip mark, by number.
    ByType,
    /// Customers by search term.
    BySearch,
}

impl Index {
    /// The index's name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ByStatus => "by-status",
            Self::ByType => "by-type",
            Self::BySearch => "by-search",
        }
    }

    /// The attribute that holds the index's partition key.
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

/// How many items a tenant's counters are spread over, so that writers seldom meet on one.
pub const COUNTER_SHARDS: u64 = 8;

/// The start of every sort key of a customer's search terms.
pub const TERM_PREFIX: &str = "TERM#";

/// A customer's record.
#[must_use]
pub fn customer(tenant: &Tenant, uuid: Uuid) -> Key {
    Key::new(customer_partition(tenant, uuid), "CUSTOMER")
}

/// The partition that holds a customer and everything under it.
#[must_use]
pub fn customer_partition(tenant: &Tenant, uuid: Uuid) -> String {
    format!("T#{}#C#{uuid}", tenant.as_str())
}

/// The uuid in a customer's partition key.
#[must_use]
pub fn customer_uuid(pk: &str) -> Option<Uuid> {
    pk.rsplit_once("#C#").and_then(|(_, uuid)| Uuid::try_parse(uuid).ok())
}

/// One search term of a customer.
#[must_use]
pub fn term(tenant: &Tenant, uuid: Uuid, term: &str) -> Key {
    Key::new(customer_partition(tenant, uuid), format!("{TERM_PREFIX}{term}"))
}

/// The term in the sort key of a search term.
#[must_use]
pub fn term_text(sk: &str) -> Option<&str> {
    sk.strip_prefix(TERM_PREFIX)
}

/// The partition of by-search in which terms with this beginning are.
#[must_use]
pub fn search_partition(tenant: &Tenant, term: &str) -> String {
    let initial = term.chars().next().map(String::from).unwrap_or_default();
    format!("T#{}#SEARCH#{initial}", tenant.as_str())
}

/// The sort key of by-search for one customer's term.
#[must_use]
pub fn search_sort(term: &str, number: CustomerNumber) -> String {
    format!("{term}#{number:0>10}")
}

/// What the sort keys of by-search begin with for exactly this term, and not for a longer one.
#[must_use]
pub fn search_sort_exactly(term: &str) -> String {
    format!("{term}#")
}

/// The customer's number in a sort key of by-search.
#[must_use]
pub fn search_number(search_sk: &str) -> Option<CustomerNumber> {
    let (_, digits) = search_sk.rsplit_once('#')?;
    CustomerNumber::new(digits.parse().ok()?)
}

/// The partition of by-status that customers of this cell are in.
#[must_use]
pub fn status_partition(tenant: &Tenant, cell: CounterCell) -> String {
    if cell.is_deleted { deleted_partition(tenant) } else { live_status_partition(tenant, cell.status) }
}

/// The partition of by-status that customers of this status are in, deleted ones left out.
#[must_use]
pub fn live_status_partition(tenant: &Tenant, status: Status) -> String {
    format!("T#{}#STATUS#{}", tenant.as_str(), status.as_str())
}

/// The partition of by-status that soft-deleted customers are in, whatever their status.
#[must_use]
pub fn deleted_partition(tenant: &Tenant) -> String {
    format!("T#{}#STATUS#DELETED", tenant.as_str())
}

/// The partition of by-type that customers of this type and mark are in.
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

/// The partition that holds a tenant's counters.
#[must_use]
pub fn counts_partition(tenant: &Tenant) -> String {
    format!("T#{}#COUNTS", tenant.as_str())
}

/// One of a tenant's counter items.
#[must_use]
pub fn counts(tenant: &Tenant, shard: u64) -> Key {
    Key::new(counts_partition(tenant), shard.to_string())
}

/// The attribute of a counter item that counts a cell, e.g. `ACv-` for active, commercial, vip, not deleted.
#[must_use]
pub fn cell_attribute(cell: CounterCell) -> String {
    let status = &cell.status.as_str()[..1];
    let customer_type = &cell.customer_type.as_str()[..1];
    let vip = if cell.is_vip { 'v' } else { '-' };
    let deleted = if cell.is_deleted { 'd' } else { '-' };
    format!("{status}{customer_type}{vip}{deleted}")
}

/// A tenant's sequence of customer numbers.
#[must_use]
pub fn customer_sequence(tenant: &Tenant) -> Key {
    Key::new(format!("T#{}#SEQUENCE", tenant.as_str()), "CUSTOMER")
}

/// The partition that holds a tenant's tags.
#[must_use]
pub fn tags_partition(tenant: &Tenant) -> String {
    format!("T#{}#TAGS", tenant.as_str())
}

/// One tag.
#[must_use]
pub fn tag(tenant: &Tenant, id: &TagId) -> Key {
    Key::new(tags_partition(tenant), id.as_str())
}

/// A tenant's sequence of tag numbers.
#[must_use]
pub fn tag_sequence(tenant: &Tenant) -> Key {
    Key::new(format!("T#{}#SEQUENCE", tenant.as_str()), "TAG")
}

/// The start of every sort key of a price.
pub const PRICE_PREFIX: &str = "PRICE#";

/// The partition that holds a price list, or the own prices of a customer beside its record.
#[must_use]
pub fn prices_partition(tenant: &Tenant, owner: PriceOwner) -> String {
    match owner {
        PriceOwner::List => format!("T#{}#PRICES", tenant.as_str()),
        PriceOwner::Customer(uuid) => customer_partition(tenant, uuid),
    }
}

/// One price: of whom, of what, from when on (without a day: from the beginning).
///
/// Sort keys are in the order of the products' ids, byte by byte, and of one product in the order of the days.
/// For that, `#` ends the id, and whatever sorts up to `$` is written inside it as `$` and a digit: space `$0`,
/// `!` `$1`, `"` `$2`, `#` `$3`, `$` `$4`. So each byte of an id is above the `#` that ends a shorter one, and
/// the escaped ones are, in their order, below all the others.
#[must_use]
pub fn price(tenant: &Tenant, owner: PriceOwner, product: &ProductId, from: Option<Date>) -> Key {
    let day = from.map(|day| day.to_string()).unwrap_or_default();
    let product = escaped(product.as_str());
    Key::new(prices_partition(tenant, owner), format!("{PRICE_PREFIX}{product}#{day}"))
}

/// The product in the sort key of a price.
#[must_use]
pub fn price_product(sk: &str) -> Option<ProductId> {
    let (product, _) = sk.strip_prefix(PRICE_PREFIX)?.split_once('#')?;
    unescaped(product)?.parse().ok()
}

/// What a product id may have that sorts up to the mark of escaping, in order.
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

/// The record of a request that must take effect once.
#[must_use]
pub fn once(tenant: &Tenant, digest: &str) -> Key {
    Key::new(format!("T#{}#ONCE#{digest}", tenant.as_str()), "ONCE")
}

/// Where an API key's owner is in a list that it reads page by page.
#[must_use]
pub fn walk(tenant: &Tenant, walker: &ApiKeyId, list: &str) -> Key {
    Key::new(format!("T#{}#WALK#{}", tenant.as_str(), walker.as_str()), list)
}

/// Where a page of a list starts, as found by a jump to it.
#[must_use]
pub fn page_start(tenant: &Tenant, walker: &ApiKeyId, list: &str, page: u64) -> Key {
    Key::new(walk(tenant, walker, list).pk, format!("{list}#{page:0>20}"))
}

/// The page in the sort key of a page start.
#[must_use]
pub fn page_of_start(sk: &str) -> Option<u64> {
    sk.rsplit_once('#').and_then(|(_, page)| page.parse().ok())
}

/// A tenant's requests of one month, `2024-01`.
#[must_use]
pub fn usage(tenant: &Tenant, month: &str) -> Key {
    Key::new(format!("T#{}#USAGE", tenant.as_str()), month)
}

/// The claim of a customer to an email that no other may have.
#[must_use]
pub fn email_claim(tenant: &Tenant, digest: &str) -> Key {
    Key::new(format!("T#{}#EMAIL#{digest}", tenant.as_str()), "CLAIM")
}

/// The mark that a row of some source was imported.
#[must_use]
pub fn imported_row(tenant: &Tenant, digest: &str) -> Key {
    Key::new(format!("T#{}#SOURCE#{digest}", tenant.as_str()), "ROW")
}

/// The partition that lists the tenants.
pub const TENANTS: &str = "TENANTS";

/// A tenant and its settings.
#[must_use]
pub fn tenant(id: &TenantId) -> Key {
    Key::new(TENANTS.to_owned(), id.to_string())
}

/// The partition that holds every API key.
pub const API_KEYS: &str = "KEYS";

/// What is kept of an API key.
#[must_use]
pub fn api_key(hash: &SecretHash) -> Key {
    Key::new(API_KEYS.to_owned(), hash.as_str())
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
