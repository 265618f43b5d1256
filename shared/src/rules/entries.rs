//! Search entries: the terms, marks and sort values under which the index holds a customer. Pure; the keys are made in
//! [`crate::table::keys`].

use std::collections::BTreeSet;

use super::{fold, search};
use crate::model::{Customer, Figures, TagId, Timestamp};

/// The longest value in a sort key, in bytes. DynamoDB's limit for the whole key is 1,024.
const MAX_VALUE: usize = 900;

/// Added to amounts, so that negative ones sort first.
const SHIFT: i64 = 1_000_000_000_000_000_000;

/// A value that lists are filtered by: one entry for each customer that has it, in order of number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// The kind of value.
    pub kind: MarkKind,
    /// The folded value; empty for kinds without one.
    pub value: String,
}

/// The kinds of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// The customer has this tag.
    Tag,
    /// The customer has this email.
    Email,
    /// The customer has this id in QuickBooks.
    QuickbooksId,
    /// The customer's physical address is in this city.
    City,
    /// The customer's physical address is in this state.
    State,
    /// The customer's physical address has this postal code.
    PostalCode,
    /// The customer is marked as important.
    Vip,
    /// The customer's status is not `ACTIVE`.
    Idle,
}

impl MarkKind {
    /// The kind's name in keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Email => "email",
            Self::QuickbooksId => "qb",
            Self::City => "city",
            Self::State => "state",
            Self::PostalCode => "zip",
            Self::Vip => "vip",
            Self::Idle => "idle",
        }
    }
}

impl Mark {
    /// A kind without a value.
    #[must_use]
    pub fn plain(kind: MarkKind) -> Self {
        Self { kind, value: String::new() }
    }

    /// A tag.
    #[must_use]
    pub fn tag(id: &TagId) -> Self {
        Self { kind: MarkKind::Tag, value: id.as_str().to_owned() }
    }

    /// An email, compared without case.
    #[must_use]
    pub fn email(email: &str) -> Self {
        Self { kind: MarkKind::Email, value: bounded(fold::email(email)) }
    }

    /// An id in QuickBooks, compared as typed.
    #[must_use]
    pub fn quickbooks_id(id: &str) -> Self {
        Self { kind: MarkKind::QuickbooksId, value: bounded(single_line(id)) }
    }

    /// A part of an address, compared without case, accents and punctuation.
    #[must_use]
    pub fn text(kind: MarkKind, text: &str) -> Self {
        let words = fold::words(text).join(" ");
        let value = if words.is_empty() { single_line(text.trim()) } else { words };
        Self { kind, value: bounded(value) }
    }
}

/// The marks of a customer.
#[must_use]
pub fn marks(customer: &Customer) -> BTreeSet<Mark> {
    let fields = &customer.fields;
    let text = |kind, value: &Option<String>| value.as_deref().map(|value| Mark::text(kind, value));
    let mut marks: BTreeSet<Mark> = fields.tag_ids.iter().map(Mark::tag).collect();
    marks.extend(fields.email.as_deref().map(Mark::email));
    marks.extend(fields.quickbooks_id.as_deref().map(Mark::quickbooks_id));
    marks.extend(text(MarkKind::City, &fields.physical.city));
    marks.extend(text(MarkKind::State, &fields.physical.state));
    marks.extend(text(MarkKind::PostalCode, &fields.physical.postal_code));
    marks.extend(fields.is_vip.then(|| Mark::plain(MarkKind::Vip)));
    marks.extend((fields.status != crate::model::Status::Active).then(|| Mark::plain(MarkKind::Idle)));
    marks
}

/// The search terms of a customer.
#[must_use]
pub fn terms(customer: &Customer) -> BTreeSet<String> {
    search::terms(customer.uuid, &customer.fields)
}

/// An order that lists can be read in. Equal values are ordered by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Sort {
    /// By number, which is also the order of creation.
    #[default]
    Number,
    /// By the moment of the last change.
    Updated,
    /// By email.
    Email,
    /// By given name.
    FirstName,
    /// By family name.
    LastName,
    /// By given and family name, or the organisation's name if there is neither.
    FullName,
    /// By the total value of all orders.
    Expenses,
    /// By the number of orders.
    OrdersCount,
}

impl Sort {
    /// The orders by a text of the record.
    pub const TEXTS: [Self; 4] = [Self::Email, Self::FirstName, Self::LastName, Self::FullName];

    /// The order's name in keys; `None` for the order by number, which has no entries.
    #[must_use]
    pub fn entry_name(self) -> Option<&'static str> {
        match self {
            Self::Number => None,
            Self::Updated => Some("updated"),
            Self::Email => Some("email"),
            Self::FirstName => Some("first_name"),
            Self::LastName => Some("last_name"),
            Self::FullName => Some("full_name"),
            Self::Expenses => Some("expenses"),
            Self::OrdersCount => Some("orders_count"),
        }
    }
}

/// A value as sort keys have it: texts folded, numbers with leading zeros.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SortValue(String);

impl SortValue {
    /// A text: folded, on one line, at most 900 bytes.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self(bounded(single_line(fold::text(text).trim())))
    }

    /// A moment, in milliseconds with 13 digits. Moments before 1970 count as 1970.
    #[must_use]
    pub fn moment(at: Timestamp) -> Self {
        Self(format!("{:0>13}", at.as_millis().max(0)))
    }

    /// A count, with 10 digits.
    #[must_use]
    pub fn count(count: u32) -> Self {
        Self(format!("{count:0>10}"))
    }

    /// An amount in hundredths, shifted by 10^18 so that negative amounts sort first, with 19 digits.
    #[must_use]
    pub fn cents(cents: i64) -> Self {
        Self(format!("{:0>19}", cents.clamp(-SHIFT, SHIFT) + SHIFT))
    }

    /// The amount in hundredths of a value that was made of one; `None` for other values.
    #[must_use]
    pub fn to_cents(&self) -> Option<i64> {
        self.0.parse::<i64>().ok()?.checked_sub(SHIFT)
    }

    /// A value that a client sends back, or `None` if no sort key has it.
    #[must_use]
    pub fn from_client(value: &str) -> Option<Self> {
        let is_possible = value.len() <= MAX_VALUE && !value.contains(char::is_control);
        is_possible.then(|| Self(value.to_owned()))
    }

    /// A value that was read from a sort key.
    #[must_use]
    pub fn from_key(value: &str) -> Self {
        Self(value.to_owned())
    }

    /// The value in a sort key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The value by which a customer is ordered; `None` for the order by number.
///
/// Figures are needed for the orders by expenses and number of orders; without them their values are zero.
#[must_use]
pub fn sort_value(sort: Sort, customer: &Customer, figures: &Figures) -> Option<SortValue> {
    let fields = &customer.fields;
    let text = |text: &Option<String>| SortValue::text(text.as_deref().unwrap_or_default());
    Some(match sort {
        Sort::Number => return None,
        Sort::Updated => SortValue::moment(customer.updated_at),
        Sort::Email => SortValue::text(&fold::email(fields.email.as_deref().unwrap_or_default())),
        Sort::FirstName => text(&fields.first_name),
        Sort::LastName => text(&fields.last_name),
        Sort::FullName => SortValue::text(&fields.full_name()),
        Sort::Expenses => SortValue::cents(figures.lifetime_value.to_cents()),
        Sort::OrdersCount => SortValue::count(figures.orders),
    })
}

/// Replaces control characters by spaces: the separator of sort keys has to stay below every character of a value.
fn single_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn bounded(mut text: String) -> String {
    while text.len() > MAX_VALUE {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Address, CustomerFields, CustomerNumber, Status};

    fn customer(fields: CustomerFields) -> Customer {
        Customer {
            number: CustomerNumber::MAX,
            uuid: uuid::Uuid::nil(),
            version: 1,
            created_at: Timestamp::from_millis(1),
            updated_at: Timestamp::from_millis(2),
            deleted_at: None,
            fields,
        }
    }

    #[test]
    fn marks_are_folded_and_only_what_the_customer_has() {
        let fields = CustomerFields {
            email: Some(" Ann@Example.com".into()),
            physical: Address { city: Some("São Paulo".into()), ..Address::default() },
            status: Status::Lead,
            ..CustomerFields::default()
        };
        let marks: Vec<_> =
            marks(&customer(fields)).into_iter().map(|mark| (mark.kind.as_str(), mark.value)).collect();
        let expected = [("email", "ann@example.com"), ("city", "sao paulo"), ("idle", "")];
        assert_eq!(marks, expected.map(|(kind, value)| (kind, value.to_owned())));
    }

    #[test]
    fn numbers_sort_as_texts() {
        let cents = [-5, 0, 7, 1_000, i64::MAX].map(SortValue::cents);
        assert!(cents.is_sorted() && cents.iter().all(|value| value.as_str().len() == 19));
        assert_eq!(SortValue::cents(-12_345).to_cents(), Some(-12_345));
        assert!(SortValue::count(9) < SortValue::count(10));
        let moment = |millis| SortValue::moment(Timestamp::from_millis(millis));
        assert!(moment(-1) <= moment(0) && moment(999) < moment(1_700_000_000_000));
    }

    proptest! {
        #[test]
        fn values_have_no_character_that_sorts_up_to_the_separator(text in "\\PC{0,40}|[\\x00-\\x20a]{0,9}") {
            for value in [SortValue::text(&text).0, Mark::text(MarkKind::City, &text).value] {
                prop_assert!(value.bytes().all(|byte| byte > b'\t'));
                prop_assert!(value.len() <= MAX_VALUE);
            }
        }
    }
}
