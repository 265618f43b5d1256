//! A customer as an item of the table, and back.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::{Item, number, optional_integer_in};
use crate::model::{Customer, CustomerFields, CustomerNumber, Tenant, Timestamp};
use crate::rules::entries::SortValue;
use crate::table::keys::{self, attribute};
use crate::{Error, Result};

/// The sort order whose entries are the records themselves.
const UPDATED: &str = "updated";

/// The attributes of a customer's item. The two index partitions and the number are what the indexes are
/// made of, and move with the record.
#[derive(Serialize)]
struct Written<'a> {
    pk: String,
    sk: String,
    status_pk: String,
    type_pk: String,
    search_pk: String,
    search_sk: String,
    number: CustomerNumber,
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Timestamp>,
    fields: &'a CustomerFields,
}

/// A customer's record as a write reads it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) struct Record {
    pub(in crate::store) customer: Customer,
    /// Raised whenever obsolete search terms are deleted outside a change of the record.
    pub(in crate::store) terms: u64,
}

/// The attribute that counts clean-ups of obsolete search terms.
pub(in crate::store) const TERMS: &str = "terms";

#[derive(Deserialize)]
struct Read {
    pk: String,
    number: CustomerNumber,
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(default)]
    deleted_at: Option<Timestamp>,
    fields: CustomerFields,
}

/// The item that holds a customer.
pub(in crate::store) fn from_customer(tenant: &Tenant, customer: &Customer) -> Result<Item> {
    let key = keys::customer(tenant, customer.uuid);
    let cell = customer.cell();
    let written = Written {
        pk: key.pk,
        sk: key.sk,
        status_pk: keys::status_partition(tenant, cell),
        type_pk: keys::type_partition(tenant, cell.customer_type),
        search_pk: keys::sort_partition(tenant, UPDATED),
        search_sk: keys::value_sort(
            SortValue::moment(customer.updated_at).as_str(),
            customer.number.get().into(),
        ),
        number: customer.number,
        version: customer.version,
        created_at: customer.created_at,
        updated_at: customer.updated_at,
        deleted_at: customer.deleted_at,
        fields: &customer.fields,
    };
    serde_dynamo::to_item(written).map_err(|e| Error::internal("writing a customer as an item", e))
}

/// The customer in an item.
pub(in crate::store) fn to_customer(item: Item) -> Result<Customer> {
    let read: Read =
        serde_dynamo::from_item(item).map_err(|e| Error::internal("reading a customer's item", e))?;
    let uuid =
        keys::customer_uuid(&read.pk).ok_or_else(|| Error::broken("a customer's key holds no uuid"))?;
    Ok(Customer {
        number: read.number,
        uuid,
        version: read.version,
        created_at: read.created_at,
        updated_at: read.updated_at,
        deleted_at: read.deleted_at,
        fields: read.fields,
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

/// About how many bytes an item has.
pub(in crate::store) fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size_of(value)).sum()
}

fn size_of(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + size_of(value)).sum::<usize>(),
        AttributeValue::M(members) => 3 + members.len() + size(members),
        // Numbers, booleans and nulls; records hold nothing else.
        _ => 21,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Contact, CustomerType, JsonObject, Mode, Money, NotifyVia, Status, TagId};

    #[test]
    fn every_field_survives_the_table() {
        let tenant = Tenant::new(&"acme".parse().unwrap(), Mode::Live);
        let number = CustomerNumber::new(7).unwrap();
        let customer = Customer {
            number,
            uuid: tenant.customer_uuid(number),
            version: 3,
            created_at: Timestamp::from_millis(1),
            updated_at: Timestamp::from_millis(2),
            deleted_at: Some(Timestamp::from_millis(3)),
            fields: full_fields(),
        };
        let item = from_customer(&tenant, &customer).unwrap();
        assert_eq!(to_customer(item).unwrap(), customer);
    }

    #[test]
    fn empty_fields_take_no_room() {
        let item: Item = serde_dynamo::to_item(CustomerFields::default()).unwrap();
        let mut names: Vec<&str> = item.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accepts_marketing", "customer_type", "is_vip", "status"]);
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
        }
    }
}
