//! A large table, put straight into the engine, because writing a million customers through the store takes hours.
//!
//! It holds every record, slot and rank. Of the search entries it holds only those that the measured lists read: the
//! marks of states and of one tag, and the terms of three words. [`check_format`] compares it with an import.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use clientele_shared::model::{
    Address, Customer, CustomerFields, CustomerNumber, CustomerType, Mode, Tag, Tenant, TenantId, Timestamp,
};
use clientele_shared::rules::entries::{self, MarkKind, Sort, SortValue};
use clientele_shared::store::{ImportedRow, RowKey, Store};
use clientele_shared::table::keys::{self, Key, RankBlock, Slot, attribute};
use dynoxide::{Database, ImportOptions, types};

use crate::error::BenchError;
use crate::scenario::TABLE_NAME;

/// Number of customers that have the tag.
const TAGGED: u32 = 50_000;

/// Number of customers whose first name is [`RARE_NAME`], spread evenly.
pub(crate) const RARE: u32 = 745;

/// Number of customers, the oldest, whose first name is [`OLD_NAME`].
const OLD: u32 = 45_000;

/// A name of few customers.
pub(crate) const RARE_NAME: &str = "Chris";

/// A name of too many customers to read their keys, none of them among the newest.
pub(crate) const OLD_NAME: &str = "Zoe";

/// The name of half of all other customers.
const COMMON_NAME: &str = "Ann";

/// The state of half of all customers.
pub(crate) const STATE: &str = "WA";

/// Number of customers that are put in one transaction of the engine.
const BATCH: u32 = 5_000;

/// How many of a tenant's slots end in the same rank, see [`keys::rank`].
const RANK_SHARDS: u8 = 16;

type Item = HashMap<String, AttributeValue>;

/// A tenant with `count` customers.
pub(crate) struct LargeTable<'a> {
    pub(crate) database: &'a Database,
    pub(crate) tenant: &'a Tenant,
    pub(crate) tag: &'a Tag,
    pub(crate) count: u32,
}

impl LargeTable<'_> {
    /// Puts all items.
    pub(crate) fn fill(&self) -> Result<(), BenchError> {
        let numbers: Vec<u32> = (1..=self.count).collect();
        for batch in numbers.chunks(BATCH as usize) {
            let mut items = Vec::new();
            for number in batch.iter().filter_map(|number| CustomerNumber::try_from(*number).ok()) {
                let customer = self.customer(number);
                items.push(record(self.tenant, &customer)?);
                items.extend(search_entries(self.tenant, &searched(customer)).filter(is_read));
            }
            self.put(items)?;
        }
        self.put(self.counters())
    }

    /// Puts items without the checks of a write.
    fn put(&self, items: Vec<Item>) -> Result<(), BenchError> {
        let failed = |error: dynoxide::errors::DynoxideError| BenchError::Engine(error.to_string());
        let items = items.into_iter().map(|item| item.into_iter().filter_map(engine_attribute).collect());
        self.database
            .import_items(TABLE_NAME, items.collect(), ImportOptions::default())
            .map(drop)
            .map_err(failed)
    }

    /// Returns the customer with this number.
    fn customer(&self, number: CustomerNumber) -> Customer {
        let nth = number.get();
        let rare_step = self.count / RARE;
        let first_name = match nth {
            _ if nth.is_multiple_of(rare_step) && nth / rare_step <= RARE => RARE_NAME,
            _ if nth <= OLD => OLD_NAME,
            _ if nth.is_multiple_of(2) => COMMON_NAME,
            _ => "John",
        };
        let mut fields = typical(first_name, nth);
        fields.physical.state = Some(if nth.is_multiple_of(2) { STATE } else { "OR" }.into());
        if nth.is_multiple_of((self.count / TAGGED).max(1)) {
            fields.tag_ids.extend(self.tag.id.as_str().parse());
        }
        new_customer(self.tenant, number, Timestamp::from_millis(1_700_000_000_000 + i64::from(nth)), fields)
    }

    /// Returns the sequence, and the slots and ranks as they are after commits through all slots.
    fn counters(&self) -> Vec<Item> {
        let last = [("last", number(self.count)), ("at", number(1_800_000_000_000_u64))];
        let mut items = vec![item(&keys::customer_sequence(self.tenant), last)];
        let cell = keys::cell_attribute(self.customer(CustomerNumber::MAX).cell());
        for slot in Slot::all() {
            let share = share(self.count, u32::from(slot.get()), u32::from(keys::SLOTS));
            let attributes = [
                ("seq", number(share.max(1))),
                ("at", number(1)),
                ("newest", number(self.count)),
                (cell.as_str(), number(share)),
            ];
            items.push(item(&keys::slot(self.tenant, slot), attributes));
        }
        let blocks = (1..=self.count).step_by(keys::RANK_NUMBERS as usize / 2);
        let mut blocks: Vec<RankBlock> = blocks
            .chain([self.count])
            .filter_map(|nth| CustomerNumber::try_from(nth).ok())
            .map(RankBlock::of)
            .collect();
        blocks.dedup();
        for block in blocks {
            let numbers = block.last_number().min(self.count) - block.first_number().max(1) + 1;
            for shard in 0..RANK_SHARDS {
                let share = share(numbers, u32::from(shard), u32::from(RANK_SHARDS));
                let key = keys::rank(self.tenant, block, Slot::new(shard));
                items.push(item(&key, [(cell.as_str(), number(share))]));
            }
        }
        items
    }
}

/// Returns the part of `count` that counter `nth` of `counters` holds.
fn share(count: u32, nth: u32, counters: u32) -> u32 {
    count / counters + u32::from(nth < count % counters)
}

/// Returns a customer of typical size.
fn typical(first_name: &str, nth: u32) -> CustomerFields {
    CustomerFields {
        first_name: Some(first_name.into()),
        last_name: Some(format!("Doe{nth:07}")),
        email: Some(format!("john{nth:07}@example.com")),
        phone: Some("206-555-1234".into()),
        physical: Address {
            line1: Some("123 Main St".into()),
            city: Some("Seattle".into()),
            state: Some(STATE.into()),
            postal_code: Some("98101".into()),
            ..Address::default()
        },
        ..CustomerFields::default()
    }
}

fn new_customer(tenant: &Tenant, number: CustomerNumber, at: Timestamp, fields: CustomerFields) -> Customer {
    let uuid = tenant.customer_uuid(number);
    Customer { number, uuid, version: 1, created_at: at, updated_at: at, deleted_at: None, fields }
}

/// Returns the item of a record, in the format of the store.
fn record(tenant: &Tenant, customer: &Customer) -> Result<Item, BenchError> {
    let cell = customer.cell();
    let updated_at = SortValue::moment(customer.updated_at);
    let order = Sort::Updated.entry_name().unwrap_or_default();
    let fields = serde_json::to_string(&customer.fields)
        .map_err(|error| clientele_shared::Error::internal("writing a customer's fields", error))?;
    let [created_at, updated_at_millis] =
        [customer.created_at, customer.updated_at].map(Timestamp::as_millis);
    let json = format!(
        "{{\"number\":{},\"version\":{},\"created_at\":{created_at},\"updated_at\":{updated_at_millis},\
         \"fields\":{fields}}}",
        customer.number, customer.version
    );
    let attributes = [
        (attribute::STATUS_PK, text(keys::status_partition(tenant, cell))),
        (attribute::TYPE_PK, text(keys::type_partition(tenant, CustomerType::Residential))),
        (attribute::SEARCH_PK, text(keys::sort_partition(tenant, order))),
        (attribute::SEARCH_SK, text(keys::value_sort(updated_at.as_str(), customer.number.get().into()))),
        (attribute::NUMBER, number(customer.number)),
        ("version", number(customer.version)),
        ("cell", text(keys::cell_attribute(cell))),
        ("record", text(json)),
    ];
    Ok(item(&keys::customer(tenant, customer.uuid), attributes))
}

/// Returns the items of a customer's terms and marks.
fn search_entries<'a>(tenant: &'a Tenant, customer: &'a Customer) -> impl Iterator<Item = Item> + 'a {
    let terms = entries::terms(customer).into_iter().map(|term| {
        let sort = keys::search_sort(&term, customer.number);
        let key = keys::term(tenant, customer.uuid, &term);
        let partition = keys::search_partition(tenant, &term);
        item(&key, [(attribute::SEARCH_PK, text(partition)), (attribute::SEARCH_SK, text(sort))])
    });
    let marks = entries::marks(customer).into_iter().map(|mark| {
        let sort = keys::value_sort(&mark.value, customer.number.get().into());
        let key = keys::mark(tenant, customer.uuid, &mark);
        let partition = keys::mark_partition(tenant, mark.kind);
        item(&key, [(attribute::SEARCH_PK, text(partition)), (attribute::SEARCH_SK, text(sort))])
    });
    terms.chain(marks)
}

/// Returns the customer with only the fields that the measured lists search, which saves making all other entries.
fn searched(customer: Customer) -> Customer {
    let CustomerFields { first_name, physical, tag_ids, .. } = customer.fields;
    let physical = Address { state: physical.state, ..Address::default() };
    Customer {
        fields: CustomerFields { first_name, physical, tag_ids, ..CustomerFields::default() },
        ..customer
    }
}

/// Returns whether a measured list reads this search entry.
fn is_read(entry: &Item) -> bool {
    let text = |name| entry.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str);
    let (key, partition) = (text(attribute::SK), text(attribute::SEARCH_PK));
    let is_marked = [MarkKind::State, MarkKind::Tag]
        .iter()
        .any(|kind| partition.ends_with(&format!("#MARK#{}", kind.as_str())));
    let words = [COMMON_NAME, RARE_NAME, OLD_NAME].map(str::to_lowercase);
    is_marked || words.iter().any(|word| key == format!("{}{word}", keys::TERM_PREFIX))
}

/// Imports one customer through the store, and fails if it does not write the items that are put here.
pub(crate) async fn check_format(store: &Store, client: &Client) -> Result<(), BenchError> {
    let id: TenantId =
        "format".parse().map_err(|error| clientele_shared::Error::internal("naming the tenant", error))?;
    store.tenant_create(&id).await?;
    let tenant = Tenant::new(&id, Mode::Live);
    let numbers = store.customer_numbers_allocate(&tenant, 1).await?;
    let fields = typical(COMMON_NAME, 1);
    let row = ImportedRow {
        key: RowKey::new("bench", "1"),
        number: numbers.first,
        at: numbers.at,
        fields: fields.clone(),
    };
    store.customers_import(&tenant, vec![row]).await?;
    let customer = new_customer(&tenant, numbers.first, numbers.at, fields);
    let query = client
        .query()
        .table_name(TABLE_NAME)
        .key_condition_expression("#pk = :pk")
        .expression_attribute_names("#pk", attribute::PK)
        .expression_attribute_values(":pk", text(keys::customer_partition(&tenant, customer.uuid)));
    let stored = query.send().await.map_err(|error| BenchError::Engine(format!("{error:?}")))?;
    let own = std::iter::once(record(&tenant, &customer)?).chain(search_entries(&tenant, &customer));
    for item in own {
        if !stored.items().contains(&item) {
            return Err(BenchError::OtherFormat { item: format!("{item:?}") });
        }
    }
    Ok(())
}

fn item<const N: usize>(key: &Key, attributes: [(&str, AttributeValue); N]) -> Item {
    let key = [(attribute::PK, text(&key.pk)), (attribute::SK, text(&key.sk))];
    key.into_iter().chain(attributes).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Converts an attribute to the engine's representation. The items here hold only texts and numbers.
fn engine_attribute((name, value): (String, AttributeValue)) -> Option<(String, types::AttributeValue)> {
    match value {
        AttributeValue::S(text) => Some((name, types::AttributeValue::S(text))),
        AttributeValue::N(digits) => Some((name, types::AttributeValue::N(digits))),
        _ => None,
    }
}
