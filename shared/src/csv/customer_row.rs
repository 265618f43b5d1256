//! A customer as a CSV row: the columns and the cells.

use std::borrow::Cow;
use std::collections::HashMap;

use super::FormulaGuard;
use crate::model::{Customer, Tag, TagId};

/// Header row of a customer file.
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

/// Delimiter between the tags in a cell.
pub const TAG_SEPARATOR: &str = ";";

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
        let names: Vec<&str> = ids.iter().filter_map(|id| self.0.get(id)).map(String::as_str).collect();
        names.join(TAG_SEPARATOR)
    }
}

/// Returns a customer's cells, in the order of [`COLUMNS`].
#[must_use]
pub fn cells<'a>(customer: &'a Customer, tags: &TagNames, guard: FormulaGuard) -> [Cow<'a, str>; 17] {
    let fields = &customer.fields;
    let address = &fields.physical;
    let cells = [
        customer.number.to_customer_id().into(),
        text(&fields.first_name),
        text(&fields.last_name),
        text(&fields.company_name),
        text(&fields.email),
        text(&fields.phone),
        text(&fields.mobile_phone),
        text(&address.line1),
        text(&address.city),
        text(&address.state),
        text(&address.postal_code),
        fields.status.as_str().into(),
        tags.joined(&fields.tag_ids).into(),
        text(&fields.notes),
        text(&fields.quickbooks_id),
        customer.created_at.to_rfc3339_seconds().into(),
        customer.updated_at.to_rfc3339_seconds().into(),
    ];
    cells.map(|cell| guard.apply(cell))
}

fn text(value: &Option<String>) -> Cow<'_, str> {
    value.as_deref().unwrap_or_default().into()
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
    fn row_has_the_documented_format() {
        assert_eq!(
            row(luis(), FormulaGuard::On),
            "cust_456,Luís,,\"Embraer, \"\"S.A.\"\"\",,'+55 (12) 3923-5555,,,São Paulo,,,ACTIVE,weekly;salt,,,\
             2024-01-15T10:30:00Z,2024-01-16T14:20:00Z\r\n"
        );
        assert!(row(luis(), FormulaGuard::Off).contains(",+55 (12) 3923-5555,"));
    }
}
