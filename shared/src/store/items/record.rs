//! A customer as an item of the table, and back.
//!
//! The whole record is one attribute with JSON text. As attributes of the item, its fields would each be a value to
//! allocate, hash and convert, which made reading a record three times as expensive. No key, condition or update looks
//! inside. Next to it are the attributes that indexes and conditions need, and the cell, which a jump to a page reads
//! without the record.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::{Item, integer_in, key_item, number, optional_integer_in, text, text_in};
use crate::model::{CounterCell, Customer, CustomerFields, CustomerNumber, Tenant, Timestamp};
use crate::rules::entries::SortValue;
use crate::table::keys::{self, attribute};
use crate::{Error, Result};

/// The sort order whose entries are the records themselves.
const UPDATED: &str = "updated";

/// The attribute with the record as JSON text.
const RECORD: &str = "record";

/// The attribute with the record's version, for conditions.
const VERSION: &str = "version";

/// The attribute with the customer's status, type, vip mark and deletion, as slots and ranks name them.
const CELL: &str = "cell";

/// The attribute that counts clean-ups of obsolete search terms.
pub(in crate::store) const TERMS: &str = "terms";

/// The attributes that [`to_record`] reads.
pub(in crate::store) const RECORD_ATTRIBUTES: [&str; 3] = [attribute::PK, RECORD, TERMS];

/// The attributes that [`to_number_and_cell`] reads.
pub(in crate::store) const CELL_ATTRIBUTES: [&str; 2] = [attribute::NUMBER, CELL];

/// The JSON text of a record.
#[derive(Serialize, Deserialize)]
struct Json<Fields> {
    number: CustomerNumber,
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Timestamp>,
    fields: Fields,
}

/// A customer's record as a write reads it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) struct Record {
    pub(in crate::store) customer: Customer,
    /// Raised whenever obsolete search terms are deleted outside a change of the record.
    pub(in crate::store) terms: u64,
}

/// The item that holds a customer. The index partitions and the number are what the indexes are made of, and move with
/// the record.
pub(in crate::store) fn from_customer(tenant: &Tenant, customer: &Customer) -> Result<Item> {
    let cell = customer.cell();
    let updated_at = SortValue::moment(customer.updated_at);
    let updated_sort = keys::value_sort(updated_at.as_str(), customer.number.get().into());
    let attributes = [
        (attribute::STATUS_PK, text(keys::status_partition(tenant, cell))),
        (attribute::TYPE_PK, text(keys::type_partition(tenant, cell.customer_type))),
        (attribute::SEARCH_PK, text(keys::sort_partition(tenant, UPDATED))),
        (attribute::SEARCH_SK, text(updated_sort)),
        (attribute::NUMBER, number(customer.number)),
        (VERSION, number(customer.version)),
        (CELL, text(keys::cell_attribute(cell))),
        (RECORD, text(to_json(customer)?)),
    ];
    let mut item = key_item(&keys::customer(tenant, customer.uuid));
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    Ok(item)
}

fn to_json(customer: &Customer) -> Result<String> {
    let json = Json {
        number: customer.number,
        version: customer.version,
        created_at: customer.created_at,
        updated_at: customer.updated_at,
        deleted_at: customer.deleted_at,
        fields: &customer.fields,
    };
    serde_json::to_string(&json).map_err(|e| Error::internal("writing a customer as JSON", e))
}

/// The customer in an item.
pub(in crate::store) fn to_customer(item: Item) -> Result<Customer> {
    let uuid = keys::customer_uuid(text_in(&item, attribute::PK)?)
        .ok_or_else(|| Error::broken("a customer's key holds no uuid"))?;
    let json: Json<CustomerFields> = serde_json::from_str(text_in(&item, RECORD)?)
        .map_err(|e| Error::internal("reading a customer's record", e))?;
    Ok(Customer {
        number: json.number,
        uuid,
        version: json.version,
        created_at: json.created_at,
        updated_at: json.updated_at,
        deleted_at: json.deleted_at,
        fields: json.fields,
    })
}

/// The effect of a record that cannot be read on a read of several. Only a fault of the table can cause one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Unreadable {
    /// The read fails: a file must be complete.
    Fail,
    /// The record is logged and left out: the other customers stay accessible.
    LeaveOut,
}

/// The customer in an item; `None` if it cannot be read and is left out.
pub(in crate::store) fn to_customer_or(item: Item, unreadable: Unreadable) -> Result<Option<Customer>> {
    let key = item.get(attribute::PK).and_then(|key| key.as_s().ok()).cloned().unwrap_or_default();
    match (to_customer(item), unreadable) {
        (Ok(customer), _) => Ok(Some(customer)),
        (Err(error), Unreadable::LeaveOut) => {
            tracing::error!(
                key,
                error = error.chain(),
                "a customer that cannot be read is left out of a list"
            );
            Ok(None)
        }
        (Err(error), Unreadable::Fail) => {
            Err(Error::internal(format!("reading the customer of {key}"), error))
        }
    }
}

/// The customer's number and cell, from an item that was read without the record.
pub(in crate::store) fn to_number_and_cell(item: &Item) -> Result<(CustomerNumber, CounterCell)> {
    let number = u64::try_from(integer_in(item, attribute::NUMBER)?).ok().and_then(CustomerNumber::new);
    let number = number.ok_or_else(|| Error::broken("a customer's number is out of range"))?;
    let cell = keys::cell_of(text_in(item, CELL)?)
        .ok_or_else(|| Error::broken("a customer's item names no cell"))?;
    Ok((number, cell))
}

/// The item that holds a record.
pub(in crate::store) fn from_record(tenant: &Tenant, record: &Record) -> Result<Item> {
    let mut item = from_customer(tenant, &record.customer)?;
    if record.terms > 0 {
        item.insert(TERMS.into(), number(record.terms));
    }
    Ok(item)
}

/// The record in an item.
pub(in crate::store) fn to_record(item: Item) -> Result<Record> {
    let terms = optional_integer_in(&item, TERMS)?.unwrap_or(0).unsigned_abs();
    Ok(Record { customer: to_customer(item)?, terms })
}

/// The most bytes of an item that are written, a little below the 400 KB of DynamoDB.
pub(in crate::store) const MAX_ITEM_BYTES: usize = 400_000;

/// About how many bytes an item has.
pub(in crate::store) fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size_of(value)).sum()
}

fn size_of(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + size_of(value)).sum::<usize>(),
        AttributeValue::M(members) => 3 + members.len() + size(members),
        // Numbers, booleans and nulls; items that are committed hold nothing else.
        _ => 21,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Contact, CustomerType, JsonObject, Mode, Money, NotifyVia, Status, TagId};

    fn tenant() -> Tenant {
        Tenant::new(&"acme".parse().unwrap(), Mode::Live)
    }

    fn customer(fields: CustomerFields) -> Customer {
        let number = CustomerNumber::new(7).unwrap();
        Customer {
            number,
            uuid: tenant().customer_uuid(number),
            version: 3,
            created_at: Timestamp::from_millis(1),
            updated_at: Timestamp::from_millis(2),
            deleted_at: Some(Timestamp::from_millis(3)),
            fields,
        }
    }

    #[test]
    fn every_field_survives_the_table() {
        let customer = customer(full_fields());
        let item = from_customer(&tenant(), &customer).unwrap();
        assert_eq!(to_customer(item).unwrap(), customer);
    }

    #[test]
    fn cell_can_be_read_without_the_record() {
        for cell in CounterCell::all() {
            let fields = CustomerFields {
                status: cell.status,
                customer_type: cell.customer_type,
                is_vip: cell.is_vip,
                ..CustomerFields::default()
            };
            let mut customer = customer(fields);
            customer.deleted_at = customer.deleted_at.filter(|_| cell.is_deleted);
            let mut item = from_customer(&tenant(), &customer).unwrap();
            item.retain(|name, _| CELL_ATTRIBUTES.contains(&name.as_str()));
            assert_eq!(to_number_and_cell(&item).unwrap(), (customer.number, cell));
        }
    }

    #[test]
    fn empty_fields_take_no_room() {
        assert_eq!(serde_json::to_string(&CustomerFields::default()).unwrap(), "{}");
    }

    fn full_fields() -> CustomerFields {
        let some = |text: &str| Some(text.to_owned());
        CustomerFields {
            first_name: some("Luís"),
            last_name: some("G"),
            company_name: some("C"),
            email: some("e@example.com"),
            phone: some("1"),
            mobile_phone: some("2"),
            fax: some("3"),
            website: some("https://example.com"),
            status: Status::Lead,
            customer_type: CustomerType::Commercial,
            is_vip: true,
            physical: Address { line1: some("a"), country: some("BR"), ..Address::default() },
            billing: Address { area: some("b"), ..Address::default() },
            tag_ids: vec![TagId::from_number(1)],
            notes: some("n"),
            internal_flags: Some(JsonObject::parse(r#"{"a": [1, 2.50, null]}"#).unwrap()),
            custom: Some(JsonObject::parse(r#"{"k": "v"}"#).unwrap()),
            accepts_marketing: true,
            on_my_way_notify_via: Some(NotifyVia::Both),
            primary_service_location_uuid: Some(uuid::Uuid::from_u128(9)),
            quickbooks_id: some("QB-1"),
            tax_id: some("98-7654321"),
            payment_terms: some("net_30"),
            currency: some("EUR"),
            credit_limit: Some(Money::from_cents(1_000_000)),
            discount_rate: Some("2.5".parse().unwrap()),
            preferred_shipping: some("UPS_GROUND"),
            customer_since: Some(Timestamp::from_millis(4)),
            contacts: vec![Contact {
                id: "cont_1".into(),
                name: "Bob".into(),
                title: None,
                email: None,
                phone: some("4"),
                is_primary: true,
                created_at: Timestamp::from_millis(5),
                updated_at: Timestamp::from_millis(6),
            }],
            contact_sequence: 101,
        }
    }
}
