//! A customer as a row of a file: all columns, and the documented columns of the CSV routes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::FormulaGuard;
use super::cell::{Cell, CellType};
use crate::model::{Contact, Customer, CustomerFields, JsonObject, Tag, TagId, Timestamp};

/// Header row of a customer file with the documented columns.
pub const COLUMNS: [&str; 17] = [
    "id",
    "firstName",
    "lastName",
    "companyName",
    "email",
    "phone",
    "mobilePhone",
    "street",
    "city",
    "state",
    "zipCode",
    "status",
    "tags",
    "notes",
    "quickbooksId",
    "createdAt",
    "updatedAt",
];

/// Delimiter between the tags in a cell. No tag's name contains it.
pub const TAG_SEPARATOR: &str = ";";

/// All columns of a customer. An import of a file with these columns restores every field that can be stored.
pub static ALL_COLUMNS: [CustomerColumn; 53] = [
    CustomerColumn::new(
        "id",
        CellType::Text,
        Value::Record(|customer| customer.number.to_customer_id().into()),
    ),
    CustomerColumn::text("firstName", |fields| &fields.first_name),
    CustomerColumn::text("lastName", |fields| &fields.last_name),
    CustomerColumn::text("companyName", |fields| &fields.company_name),
    CustomerColumn::text("email", |fields| &fields.email),
    CustomerColumn::text("phone", |fields| &fields.phone),
    CustomerColumn::text("mobilePhone", |fields| &fields.mobile_phone),
    CustomerColumn::text("fax", |fields| &fields.fax),
    CustomerColumn::text("website", |fields| &fields.website),
    CustomerColumn::new("status", CellType::Text, Value::Field(|fields| fields.status.as_str().into())),
    CustomerColumn::new(
        "customerType",
        CellType::Text,
        Value::Field(|fields| fields.customer_type.as_str().into()),
    ),
    CustomerColumn::new("isVip", CellType::Boolean, Value::Field(|fields| Cell::Boolean(fields.is_vip))),
    CustomerColumn::text("street", |fields| &fields.physical.line1),
    CustomerColumn::text("street2", |fields| &fields.physical.line2),
    CustomerColumn::text("city", |fields| &fields.physical.city),
    CustomerColumn::text("state", |fields| &fields.physical.state),
    CustomerColumn::text("zipCode", |fields| &fields.physical.postal_code),
    CustomerColumn::text("country", |fields| &fields.physical.country),
    CustomerColumn::text("area", |fields| &fields.physical.area),
    CustomerColumn::text("recipientFirstName", |fields| &fields.physical.first_name),
    CustomerColumn::text("recipientLastName", |fields| &fields.physical.last_name),
    CustomerColumn::text("recipientEmail", |fields| &fields.physical.email),
    CustomerColumn::text("recipientPhone", |fields| &fields.physical.phone),
    CustomerColumn::text("billingStreet", |fields| &fields.billing.line1),
    CustomerColumn::text("billingStreet2", |fields| &fields.billing.line2),
    CustomerColumn::text("billingCity", |fields| &fields.billing.city),
    CustomerColumn::text("billingState", |fields| &fields.billing.state),
    CustomerColumn::text("billingZipCode", |fields| &fields.billing.postal_code),
    CustomerColumn::text("billingCountry", |fields| &fields.billing.country),
    CustomerColumn::text("billingArea", |fields| &fields.billing.area),
    CustomerColumn::text("billingFirstName", |fields| &fields.billing.first_name),
    CustomerColumn::text("billingLastName", |fields| &fields.billing.last_name),
    CustomerColumn::text("billingEmail", |fields| &fields.billing.email),
    CustomerColumn::text("billingPhone", |fields| &fields.billing.phone),
    CustomerColumn::new("tags", CellType::Text, Value::Tags),
    CustomerColumn::text("notes", |fields| &fields.notes),
    CustomerColumn::new(
        "internalFlags",
        CellType::Text,
        Value::Field(|fields| json(fields.internal_flags.as_ref())),
    ),
    CustomerColumn::new("custom", CellType::Text, Value::Field(|fields| json(fields.custom.as_ref()))),
    CustomerColumn::new(
        "acceptsMarketing",
        CellType::Boolean,
        Value::Field(|fields| Cell::Boolean(fields.accepts_marketing)),
    ),
    CustomerColumn::new(
        "onMyWayNotifyVia",
        CellType::Text,
        Value::Field(|fields| fields.on_my_way_notify_via.map_or(Cell::Empty, |via| via.as_str().into())),
    ),
    CustomerColumn::new(
        "primaryServiceLocationUuid",
        CellType::Text,
        Value::Field(|fields| {
            fields.primary_service_location_uuid.map_or(Cell::Empty, |uuid| uuid.to_string().into())
        }),
    ),
    CustomerColumn::text("quickbooksId", |fields| &fields.quickbooks_id),
    CustomerColumn::text("taxId", |fields| &fields.tax_id),
    CustomerColumn::text("paymentTerms", |fields| &fields.payment_terms),
    CustomerColumn::text("currency", |fields| &fields.currency),
    CustomerColumn::new("creditLimit", CellType::Money, Value::Field(|fields| fields.credit_limit.into())),
    CustomerColumn::new(
        "discountRate",
        CellType::Text,
        Value::Field(|fields| fields.discount_rate.map_or(Cell::Empty, |rate| rate.to_string().into())),
    ),
    CustomerColumn::text("preferredShipping", |fields| &fields.preferred_shipping),
    CustomerColumn::new("customerSince", CellType::Time, Value::Field(|fields| fields.customer_since.into())),
    CustomerColumn::new("contacts", CellType::Text, Value::Field(|fields| contacts(&fields.contacts))),
    CustomerColumn::new(
        "contactSequence",
        CellType::Integer,
        Value::Field(|fields| Cell::Integer(fields.contact_sequence)),
    ),
    CustomerColumn::new(
        "createdAt",
        CellType::Time,
        Value::Record(|customer| to_the_second(customer.created_at)),
    ),
    CustomerColumn::new(
        "updatedAt",
        CellType::Time,
        Value::Record(|customer| to_the_second(customer.updated_at)),
    ),
];

/// The documented columns.
pub static DOCUMENTED: LazyLock<[&CustomerColumn; 17]> = LazyLock::new(|| {
    let [first, ..] = &ALL_COLUMNS;
    COLUMNS.map(|name| CustomerColumn::named(name).unwrap_or(first))
});

/// Tag names by tag id.
#[derive(Debug, Clone, Default)]
pub struct TagNames(HashMap<TagId, String>);

impl FromIterator<Tag> for TagNames {
    fn from_iter<T: IntoIterator<Item = Tag>>(tags: T) -> Self {
        Self(tags.into_iter().map(|tag| (tag.id, tag.name)).collect())
    }
}

impl TagNames {
    /// Returns the names of the tags as one cell. Deleted tags have no name and are left out.
    fn joined(&self, ids: &[TagId]) -> String {
        let names: Vec<Cow<'_, str>> =
            ids.iter().filter_map(|id| self.0.get(id)).map(|name| quoted(name)).collect();
        names.join(TAG_SEPARATOR)
    }
}

/// Returns a tag's name, in quotation marks if it would not be read as it is. Only an older version has stored a name with
/// the delimiter or with white space around it.
fn quoted(name: &str) -> Cow<'_, str> {
    let is_plain = !name.contains(TAG_SEPARATOR) && !name.starts_with('"') && name.trim() == name;
    if is_plain { name.into() } else { format!("\"{}\"", name.replace('"', "\"\"")).into() }
}

/// A customer, and the names of the tenant's tags.
#[derive(Debug, Clone, Copy)]
pub struct CustomerRow<'a> {
    /// The customer.
    pub customer: &'a Customer,
    /// The names.
    pub tags: &'a TagNames,
}

/// A column of a file of customers.
#[derive(Debug, Clone, Copy)]
pub struct CustomerColumn {
    /// Name in the header row.
    pub name: &'static str,
    /// Type of the values.
    pub cell_type: CellType,
    value: Value,
}

/// How a column's value is found in a customer.
#[derive(Debug, Clone, Copy)]
enum Value {
    /// A text of the record.
    Text(for<'a> fn(&'a CustomerFields) -> &'a Option<String>),
    /// Another value of the record.
    Field(for<'a> fn(&'a CustomerFields) -> Cell<'a>),
    /// The names of the tags.
    Tags,
    /// The identity or a moment of the customer, which no client sets.
    Record(for<'a> fn(&'a Customer) -> Cell<'a>),
}

impl CustomerColumn {
    const fn text(name: &'static str, text: for<'a> fn(&'a CustomerFields) -> &'a Option<String>) -> Self {
        Self { name, cell_type: CellType::Text, value: Value::Text(text) }
    }

    const fn new(name: &'static str, cell_type: CellType, value: Value) -> Self {
        Self { name, cell_type, value }
    }

    /// Returns the column with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL_COLUMNS.iter().find(|column| column.name == name)
    }

    /// Returns the value of a customer.
    #[must_use]
    pub fn cell<'a>(&self, row: CustomerRow<'a>) -> Cell<'a> {
        match self.value {
            Value::Tags => row.tags.joined(&row.customer.fields.tag_ids).into(),
            Value::Record(cell) => cell(row.customer),
            Value::Text(_) | Value::Field(_) => self.field(&row.customer.fields).unwrap_or(Cell::Empty),
        }
    }

    /// Returns the value of a field that clients set; `None` for tags, whose names are not in the fields, and for columns
    /// that are no such field.
    #[must_use]
    pub fn field<'a>(&self, fields: &'a CustomerFields) -> Option<Cell<'a>> {
        match self.value {
            Value::Text(text) => Some(text(fields).into()),
            Value::Field(cell) => Some(cell(fields)),
            Value::Tags | Value::Record(_) => None,
        }
    }
}

/// Returns a customer's cells, in the order of [`COLUMNS`].
#[must_use]
pub fn cells<'a>(customer: &'a Customer, tags: &'a TagNames, guard: FormulaGuard) -> [Cow<'a, str>; 17] {
    let row = CustomerRow { customer, tags };
    DOCUMENTED.map(|column| guard.apply(column.cell(row).into_text()))
}

fn to_the_second(at: Timestamp) -> Cell<'static> {
    Cell::Time(Timestamp::from_millis(at.as_seconds() * 1_000))
}

fn json(object: Option<&JsonObject>) -> Cell<'_> {
    object.map_or(Cell::Empty, |object| object.as_str().into())
}

fn contacts(contacts: &[Contact]) -> Cell<'_> {
    if contacts.is_empty() {
        return Cell::Empty;
    }
    serde_json::json!(contacts).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::rows;
    use crate::model::{Address, CustomerFields, CustomerNumber, Mode, Tenant, Timestamp};

    fn customer(fields: CustomerFields) -> Customer {
        let number = CustomerNumber::new(456).unwrap();
        Customer {
            number,
            uuid: Tenant::new(&"acme".parse().unwrap(), Mode::Live).customer_uuid(number),
            version: 1,
            created_at: Timestamp::from_millis(1_705_314_600_999),
            updated_at: Timestamp::from_millis(1_705_414_800_000),
            deleted_at: None,
            fields,
        }
    }

    fn row(fields: CustomerFields, guard: FormulaGuard) -> String {
        let tag = |(number, name): (u64, &str)| Tag {
            id: TagId::from_number(number),
            name: name.to_owned(),
            color: crate::model::Color::default(),
        };
        let tags = [(1, "weekly"), (2, "salt")].map(tag).into_iter().collect();
        String::from_utf8(rows([cells(&customer(fields), &tags, guard)]).unwrap()).unwrap()
    }

    fn luis() -> CustomerFields {
        CustomerFields {
            first_name: Some("Luís".into()),
            company_name: Some("Embraer, \"S.A.\"".into()),
            phone: Some("+55 (12) 3923-5555".into()),
            physical: Address { city: Some("São Paulo".into()), ..Address::default() },
            tag_ids: [1, 3, 2].map(TagId::from_number).to_vec(),
            ..CustomerFields::default()
        }
    }

    #[test]
    fn documented_columns_are_found_by_their_names() {
        assert_eq!(DOCUMENTED.map(|column| column.name), COLUMNS);
    }

    #[test]
    fn row_has_the_documented_format() {
        assert_eq!(
            row(luis(), FormulaGuard::On),
            "cust_456,Luís,,\"Embraer, \"\"S.A.\"\"\",,'+55 (12) 3923-5555,,,São Paulo,,,ACTIVE,weekly;salt,,,\
             2024-01-15T10:30:00Z,2024-01-16T14:20:00Z\r\n"
        );
        assert!(row(luis(), FormulaGuard::Off).contains(",+55 (12) 3923-5555,"));
    }
}
