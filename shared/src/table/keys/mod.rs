//! The key design, and with its submodules the only code that formats or parses keys.
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
//! | figures | `T#t#C#<uuid>` | `CUSTOMER#FIGURES` | create, orders | every write of orders, responses with figures |
//! | credit checks | `T#t#C#<uuid>` | `CUSTOMER#CREDIT` | credit check | credit check (Query, with record and figures) |
//! | order | `T#t#C#<uuid>` | `ORDER#<moment>#<order id>` | import | lists of orders (Query), a change of the order |
//! | month of orders | `T#t#C#<uuid>` | `MONTH#<yyyy-mm>` | every write of orders | lists of orders, analytics (Query) |
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
//! | imported row | `T#t#SOURCE#<digest>` | `ROW` | import of customers, import of orders | import, which is safe to repeat |
//! | tenant | `TENANTS` | `<tenant>` | commands | commands |
//! | connection to QuickBooks | `T#t#QB` | `CONNECTION` | connect | sync |
//! | mirror's progress | `T#t#QB#<company>` | `STATE`, `LEASE` | sync | sync |
//! | batch of writes to QuickBooks | `T#t#QB#<company>` | `INTENT#<request id>` | sync, before the call | sync, after an interruption |
//! | change in QuickBooks | `T#t#QB#<company>` | `HINT#<entity>#<id>`, of a merge `HINT#<entity>#<id>#MERGED` | webhook | sync |
//! | customer that QuickBooks refused | `T#t#QB#<company>` | `PARKED#<number>` | sync | sync |
//! | object of QuickBooks that cannot be mirrored | `T#t#QB#<company>` | `PARKED-OBJECT#<entity>#<id>` | sync | sync |
//! | field that both sides changed | `T#t#QB#<company>` | `CONFLICT#<number>#<field>` | sync | commands |
//! | counterpart in QuickBooks | `T#t#C#<uuid>` | `QB#<company>` | sync | sync |
//! | object in QuickBooks | `T#t#QB#<company>#<entity>` | `<id>` | sync | sync |
//! | scheduled export | `T#t#EXPORT` | `SCHEDULE#<name>`, `LEASE#<name>` | commands, `export-scheduled` | the same |
//! | company's tenant | `REALMS` | `<company>` | connect | webhook |
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
//! Only records have an attribute `number`: by-status and by-type hold nothing else. API keys, tenants and companies are
//! the item types without a tenant in the partition key: a request finds its tenant by its key and a webhook by its
//! company, and the second lists them.

mod counts;
mod customer;
mod indexes;
mod mirror;
mod orders;
mod prices;
mod schedules;
mod tenant;

pub use self::counts::{
    RANK_NUMBERS, RankBlock, SLOTS, Slot, cell_attribute, cell_of, epoch, log_entry, log_partition, log_seq,
    log_sort, rank, rank_block, ranks_partition, slot, slot_of, slots_partition,
};
pub use self::customer::{
    TERM_PREFIX, credit, customer, customer_partition, customer_uuid, figures, mark, sort_entry, term,
};
pub use self::indexes::{
    Index, VALUE_SEPARATOR, deleted_partition, live_status_partition, mark_partition, search_number,
    search_partition, search_sort, search_value, sort_partition, status_partition, type_partition,
    value_sort, value_sort_end,
};
pub use self::mirror::{
    CONFLICT_PREFIX, HINT_PREFIX, INTENT_PREFIX, PARKED_OBJECT_PREFIX, PARKED_PREFIX, connection, link,
    links_partition, mapping, mirror_conflict, mirror_hint, mirror_intent, mirror_lease, mirror_merge_hint,
    mirror_parked, mirror_parked_object, mirror_partition, mirror_state, realm_owner,
};
pub use self::orders::{month, month_start, months_between, order, order_moment, orders_between};
pub use self::prices::{PRICE_PREFIX, price, price_product, prices_partition};
pub use self::schedules::{SCHEDULE_PREFIX, export_lease, schedule, schedules_partition};
pub use self::tenant::{
    API_KEYS, TENANTS, api_key, customer_sequence, email_claim, idempotency_record, imported_row, tag,
    tag_sequence, tags_partition, tenant, tenant_prefix, usage, walk,
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

#[cfg(test)]
mod keys_tests;
