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
//! | customer | `T#t#C#<uuid>` | `CUSTOMER` | every write | get (GetItem), every list (BatchGetItem) |
//! | figures | `T#t#C#<uuid>` | `CUSTOMER#FIGURES` | create | lists by expenses (BatchGetItem) |
//! | search term | `T#t#C#<uuid>` | `TERM#<term>` | before a write's commit | a write that changes terms |
//! | mark | `T#t#C#<uuid>` | `TERM##<kind>_<value>` | before a write's commit | a write that changes terms |
//! | sort entry | `T#t#C#<uuid>` | `BY#<sort>` | a write that changes the value | – |
//! | customer's price | `T#t#C#<uuid>` | `PRICE#<product>#<date>` | import | pricing (Query) |
//! | slot | `T#t#SLOTS` | `00` … `63` | every commit | every write (GetItem), every total (Query), readers of the log |
//! | epoch | `T#t#SLOTS` | `EPOCH` | the restore procedure | readers of the log |
//! | rank | `T#t#RANKS` | `<number / 1024>#<slot mod 16>` | a commit that moves customers between cells | a jump to a page |
//! | log entry | `T#t#LOG#<slot>` | `<commit>` | every commit | readers of the log |
//! | number sequence | `T#t#SEQUENCE` | `CUSTOMER` | create, import | create, import, lists from the top |
//! | tag sequence | `T#t#SEQUENCE` | `TAG` | a new tag | a new tag |
//! | idempotency record | `T#t#ONCE#<digest>` | `ONCE` | a write with Idempotency-Key | the same request again |
//! | claim to an email | `T#t#EMAIL#<digest>` | `CLAIM` | a write of an email that must be unique | the same |
//! | walk | `T#t#WALK#<key id>` | `<digest of the list>` | a page by number, an expensive total | the page after it |
//! | tag | `T#t#TAGS` | `<tag id>` | tag writes | requests that show or set tags (Query) |
//! | list price | `T#t#PRICES` | `PRICE#<product>#<date>` | import | pricing (Query) |
//! | usage | `T#t#USAGE` | `<yyyy-mm>` | every metered request | the same |
//! | imported row | `T#t#SOURCE#<digest>` | `ROW` | import | import, which is safe to repeat |
//! | tenant | `TENANTS` | `<tenant>` | commands | commands |
//! | API key | `KEYS` | `<sha-256>` | commands | every function (Query at start-up, GetItem) |
//!
//! | index | partition | sort | projection | serves |
//! |---|---|---|---|---|
//! | by-status | `T#t#STATUS#<status>`, deleted customers `T#t#STATUS#DELETED` | number | all | lists by one status |
//! | by-type | `T#t#TYPE#<type>`, deleted customers included | number | all | lists by type |
//! | by-search | `T#t#SEARCH#<first letter of the term>` | `<term>#<number>` | keys | search |
//! | | `T#t#MARK#<kind>` | `<value><tab><number>` | keys | lists by tag, email, city, state, postal code, QuickBooks id, vip |
//! | | `T#t#BY#<sort>` | `<value><tab><number>` | keys | sorted lists; the record itself under `BY#updated`, the figures under `BY#expenses` |
//!
//! Only records have an attribute `number`: by-status and by-type hold nothing else. API keys and tenants are the two
//! item types without a tenant in the partition key: the first is how a request finds its tenant, the second lists them.

use uuid::Uuid;

use crate::model::{
    ApiKeyId, CounterCell, CustomerNumber, CustomerType, Date, PriceOwner, ProductId, SecretHash, Status,
    TagId, Tenant, TenantId,
};
use crate::rules::entries::{Mark, MarkKind};

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
    /// Customers of one type, by number.
    ByType,
    /// Customers by search term, mark and sort value.
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

/// The start of every sort key of a customer's search terms.
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

/// The sort key of one mark of a customer. No search term begins with `#`.
#[must_use]
pub fn mark(tenant: &Tenant, uuid: Uuid, mark: &Mark) -> Key {
    let sk = format!("{TERM_PREFIX}#{}_{}", mark.kind.as_str(), mark.value);
    Key::new(customer_partition(tenant, uuid), sk)
}

/// The sort entry of a customer.
#[must_use]
pub fn sort_entry(tenant: &Tenant, uuid: Uuid, sort_name: &str) -> Key {
    Key::new(customer_partition(tenant, uuid), format!("BY#{sort_name}"))
}

/// A customer's figures.
#[must_use]
pub fn figures(tenant: &Tenant, uuid: Uuid) -> Key {
    Key::new(customer_partition(tenant, uuid), "CUSTOMER#FIGURES")
}

/// The partition of by-search in which terms with this beginning are.
#[must_use]
pub fn search_partition(tenant: &Tenant, term: &str) -> String {
    let initial = term.chars().next().map(String::from).unwrap_or_default();
    format!("T#{}#SEARCH#{initial}", tenant.as_str())
}

/// The partition of by-search with the marks of one kind.
#[must_use]
pub fn mark_partition(tenant: &Tenant, kind: MarkKind) -> String {
    format!("T#{}#MARK#{}", tenant.as_str(), kind.as_str())
}

/// The partition of by-search with the entries of one sort order.
#[must_use]
pub fn sort_partition(tenant: &Tenant, sort_name: &str) -> String {
    format!("T#{}#BY#{sort_name}", tenant.as_str())
}

/// The sort key of by-search for one customer's term.
#[must_use]
pub fn search_sort(term: &str, number: CustomerNumber) -> String {
    format!("{term}#{number:0>10}")
}

/// Separates a value from the number in a sort key of by-search: a tab sorts below every character of a value.
pub const VALUE_SEPARATOR: char = '\t';

/// The sort key of by-search for one customer's mark or sort value.
#[must_use]
pub fn value_sort(value: &str, number: u64) -> String {
    format!("{value}\t{number:0>10}")
}

/// The end of the sort keys of values that are at most this one.
#[must_use]
pub fn value_sort_end(value: &str) -> String {
    format!("{value}\t9999999999")
}

/// Returns the customer number in a sort key of by-search.
#[must_use]
pub fn search_number(search_sk: &str) -> Option<CustomerNumber> {
    let (_, digits) = search_sk.rsplit_once(['#', '\t'])?;
    CustomerNumber::new(digits.parse().ok()?)
}

/// The value in a sort key of by-search.
#[must_use]
pub fn search_value(search_sk: &str) -> Option<&str> {
    search_sk.rsplit_once('\t').map(|(value, _)| value)
}

/// The partition of by-status that customers of this cell are in.
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

/// The partition of by-type that customers of this type are in, deleted ones included.
#[must_use]
pub fn type_partition(tenant: &Tenant, customer_type: CustomerType) -> String {
    format!("T#{}#TYPE#{}", tenant.as_str(), customer_type.as_str())
}

/// How many slots a tenant has.
pub const SLOTS: u8 = 64;

/// One of a tenant's slots, 0 to 63.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u8);

impl Slot {
    /// The slot with this number, which wraps around at 64.
    #[must_use]
    pub fn new(slot: u8) -> Self {
        Self(slot % SLOTS)
    }

    /// The slot's number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }

    /// All slots.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SLOTS).map(Self)
    }
}

/// The partition of a tenant's slots and of its epoch.
#[must_use]
pub fn slots_partition(tenant: &Tenant) -> String {
    format!("T#{}#SLOTS", tenant.as_str())
}

/// One slot.
#[must_use]
pub fn slot(tenant: &Tenant, slot: Slot) -> Key {
    Key::new(slots_partition(tenant), format!("{:0>2}", slot.0))
}

/// The slot in a sort key of the slots' partition; `None` for the epoch.
#[must_use]
pub fn slot_of(sk: &str) -> Option<Slot> {
    sk.parse().ok().filter(|slot| *slot < SLOTS).map(Slot)
}

/// The tenant's epoch. A restore of the table renews it, so that readers of the log start over.
#[must_use]
pub fn epoch(tenant: &Tenant) -> Key {
    Key::new(slots_partition(tenant), "EPOCH")
}

/// How many consecutive customer numbers a rank counts.
pub const RANK_NUMBERS: u32 = 1024;

/// How many items the rank of one block is spread over.
const RANK_SHARDS: u8 = 16;

/// A block of consecutive customer numbers that is counted together: block 1 is 1024 to 2047.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RankBlock(u32);

impl RankBlock {
    /// The block that a number belongs to.
    #[must_use]
    pub fn of(number: CustomerNumber) -> Self {
        Self(number.get() / RANK_NUMBERS)
    }

    /// The highest number of the block.
    #[must_use]
    pub fn last_number(self) -> u32 {
        self.0 * RANK_NUMBERS + (RANK_NUMBERS - 1)
    }

    /// The lowest number of the block; 0 for the first block, although no customer has it.
    #[must_use]
    pub fn first_number(self) -> u32 {
        self.0 * RANK_NUMBERS
    }
}

/// The partition of a tenant's ranks.
#[must_use]
pub fn ranks_partition(tenant: &Tenant) -> String {
    format!("T#{}#RANKS", tenant.as_str())
}

/// The rank of a block of numbers, as far as commits through this slot (and those 16 apart) count it.
#[must_use]
pub fn rank(tenant: &Tenant, block: RankBlock, slot: Slot) -> Key {
    Key::new(ranks_partition(tenant), format!("{:0>7}#{:0>2}", block.0, slot.0 % RANK_SHARDS))
}

/// The block in the sort key of a rank.
#[must_use]
pub fn rank_block(sk: &str) -> Option<RankBlock> {
    sk.split_once('#')?.0.parse().ok().map(RankBlock)
}

/// The partition of the log entries of one slot.
#[must_use]
pub fn log_partition(tenant: &Tenant, slot: Slot) -> String {
    format!("T#{}#LOG#{:0>2}", tenant.as_str(), slot.0)
}

/// The log entry of one commit.
#[must_use]
pub fn log_entry(tenant: &Tenant, slot: Slot, seq: u64) -> Key {
    Key::new(log_partition(tenant, slot), log_sort(seq))
}

/// The sort key of the log entry of the commit with this number.
#[must_use]
pub fn log_sort(seq: u64) -> String {
    format!("{seq:0>12}")
}

/// The number of the commit in the sort key of a log entry.
#[must_use]
pub fn log_seq(sk: &str) -> Option<u64> {
    sk.parse().ok()
}

/// The attribute of a slot or rank that counts a cell, e.g. `ACv-` for active, commercial, vip, not deleted.
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

/// A tenant's requests of one month, `2024-01`.
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
