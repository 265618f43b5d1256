//! Conditions on a customer's fields: what each means, and which marks of the search index hold the customers that meet
//! it. The index returns candidates, and each is checked against its record.

use std::collections::BTreeSet;

use super::entries::{Mark, MarkKind};
use super::fold;
use crate::model::{Customer, TagId, Timestamp};

/// A condition on one field of a customer. Of several values, the customer must have one.
///
/// City, state and postal code are those of the physical address. Texts are compared ignoring case, accents
/// and punctuation, emails ignoring case and surrounding white space; QuickBooks ids must match exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Has one of these tags.
    Tag(Vec<TagId>),
    /// Is in one of these cities.
    City(Vec<String>),
    /// Is in one of these states.
    State(Vec<String>),
    /// Has one of these postal codes.
    PostalCode(Vec<String>),
    /// Has one of these email addresses.
    Email(Vec<String>),
    /// Has one of these QuickBooks ids.
    QuickbooksId(Vec<String>),
    /// Has a QuickBooks id (`true`), or has none (`false`).
    HasQuickbooksId(bool),
    /// Has agreed to marketing (`true`), or has not (`false`).
    AcceptsMarketing(bool),
    /// Was created in this period.
    CreatedAt(Period),
    /// Last changed in this period.
    UpdatedAt(Period),
}

/// A period of time, including both ends. Moments are compared with the precision of one second, as they are
/// displayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    /// The first moment; `None` if the period has no start.
    pub from: Option<Timestamp>,
    /// The last moment; `None` if the period has no end.
    pub to: Option<Timestamp>,
}

impl Period {
    fn holds(self, moment: Timestamp) -> bool {
        let shown = Timestamp::from_millis(0).plus_seconds(moment.as_seconds());
        self.from.is_none_or(|from| from <= shown) && self.to.is_none_or(|to| shown <= to)
    }
}

impl Condition {
    /// Returns whether the condition holds for this customer.
    #[must_use]
    pub fn holds(&self, customer: &Customer) -> bool {
        let fields = &customer.fields;
        match self {
            Self::Tag(ids) => ids.iter().any(|id| fields.tag_ids.contains(id)),
            Self::City(values) => is_one_of(fields.physical.city.as_deref(), values, is_same_text),
            Self::State(values) => is_one_of(fields.physical.state.as_deref(), values, is_same_text),
            Self::PostalCode(values) => {
                is_one_of(fields.physical.postal_code.as_deref(), values, is_same_text)
            }
            Self::Email(values) => is_one_of(fields.email.as_deref(), values, is_same_email),
            Self::QuickbooksId(values) => {
                is_one_of(fields.quickbooks_id.as_deref(), values, |own, value| own == value)
            }
            Self::HasQuickbooksId(has) => fields.quickbooks_id.is_some() == *has,
            Self::AcceptsMarketing(accepts) => fields.accepts_marketing == *accepts,
            Self::CreatedAt(period) => period.holds(customer.created_at),
            Self::UpdatedAt(period) => period.holds(customer.updated_at),
        }
    }

    /// The marks of which every customer that meets the condition has one; `None` if no marks can tell.
    #[must_use]
    pub fn marks(&self) -> Option<BTreeSet<Mark>> {
        let texts = |kind, values: &[String]| values.iter().map(|value| Mark::text(kind, value)).collect();
        match self {
            Self::Tag(ids) => Some(ids.iter().map(Mark::tag).collect()),
            Self::City(values) => Some(texts(MarkKind::City, values)),
            Self::State(values) => Some(texts(MarkKind::State, values)),
            Self::PostalCode(values) => Some(texts(MarkKind::PostalCode, values)),
            Self::Email(values) => Some(values.iter().map(|email| Mark::email(email)).collect()),
            Self::QuickbooksId(values) => Some(values.iter().map(|id| Mark::quickbooks_id(id)).collect()),
            Self::HasQuickbooksId(_)
            | Self::AcceptsMarketing(_)
            | Self::CreatedAt(_)
            | Self::UpdatedAt(_) => None,
        }
    }

    /// A text that is equal for conditions that mean the same.
    #[must_use]
    pub fn canonical(&self) -> String {
        let moment = |at: Option<Timestamp>| at.map(|at| at.as_millis().to_string()).unwrap_or_default();
        let period = |period: &Period| format!("{}..{}", moment(period.from), moment(period.to));
        match (self, self.marks()) {
            (_, Some(marks)) => {
                let marks = marks.iter().map(|mark| format!("{}={}", mark.kind.as_str(), mark.value));
                marks.collect::<Vec<_>>().join("|")
            }
            (Self::CreatedAt(created), None) => format!("created={}", period(created)),
            (Self::UpdatedAt(updated), None) => format!("updated={}", period(updated)),
            (Self::HasQuickbooksId(has), None) => format!("has_qb={has}"),
            (Self::AcceptsMarketing(accepts), None) => format!("marketing={accepts}"),
            // The others have marks.
            (_, None) => String::new(),
        }
    }
}

fn is_one_of(own: Option<&str>, values: &[String], is_same: fn(&str, &str) -> bool) -> bool {
    own.is_some_and(|own| values.iter().any(|value| is_same(own, value)))
}

fn is_same_text(one: &str, other: &str) -> bool {
    let words = fold::words(one);
    if words.is_empty() { one.trim() == other.trim() } else { words == fold::words(other) }
}

fn is_same_email(one: &str, other: &str) -> bool {
    fold::email(one) == fold::email(other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Address, CustomerFields, CustomerNumber};
    use crate::rules::entries;

    fn customer(fields: CustomerFields) -> Customer {
        let at = |millis| Timestamp::from_millis(millis);
        Customer {
            number: CustomerNumber::MAX,
            uuid: uuid::Uuid::nil(),
            version: 1,
            created_at: at(10_500),
            updated_at: at(20_000),
            deleted_at: None,
            fields,
        }
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[track_caller]
    fn check(condition: &Condition, expected: bool) {
        let customer = customer(CustomerFields {
            email: some("John.Smith@Example.com"),
            quickbooks_id: some("QB-12345"),
            tag_ids: vec![TagId::from_number(7), TagId::from_number(12)],
            physical: Address {
                city: some("São Paulo"),
                state: some("TX"),
                postal_code: some("78701"),
                ..Address::default()
            },
            ..CustomerFields::default()
        });
        assert_eq!(condition.holds(&customer), expected, "{condition:?}");
    }

    #[test]
    fn each_condition_checks_its_own_field() {
        let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let tag = |id: &str| id.parse::<TagId>().unwrap();
        check(&Condition::Tag(vec![tag("tag_001"), tag("tag_007")]), true);
        check(&Condition::Tag(vec![tag("tag_070")]), false);
        check(&Condition::City(texts(&["sao paulo"])), true);
        check(&Condition::City(texts(&["sao"])), false);
        check(&Condition::State(texts(&["CA", "tx"])), true);
        check(&Condition::PostalCode(texts(&["787"])), false);
        check(&Condition::Email(texts(&["john.smith@example.COM"])), true);
        check(&Condition::Email(texts(&["johnsmith@example.com"])), false);
        check(&Condition::QuickbooksId(texts(&["QB-12345"])), true);
        check(&Condition::QuickbooksId(texts(&["QB12345"])), false);
        check(&Condition::HasQuickbooksId(false), false);
        check(&Condition::AcceptsMarketing(false), true);
        check(&Condition::AcceptsMarketing(true), false);
    }

    #[test]
    fn periods_include_both_ends_to_the_second() {
        let at = |millis| Some(Timestamp::from_millis(millis));
        check(&Condition::CreatedAt(Period { from: None, to: at(10_000) }), true);
        check(&Condition::CreatedAt(Period { from: at(10_000), to: at(10_000) }), true);
        check(&Condition::CreatedAt(Period { from: at(11_000), to: None }), false);
        check(&Condition::UpdatedAt(Period { from: at(20_000), to: None }), true);
        check(&Condition::UpdatedAt(Period { from: None, to: at(19_999) }), false);
    }

    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof!["[a-zA-Z0-9é@. -]{1,12}", "\\PC{1,8}"]
    }

    proptest! {
        /// Marks can find too many customers, never too few.
        #[test]
        fn customers_that_meet_a_condition_have_one_of_its_marks(
            own in any_text(), other in any_text(), same in any::<bool>(),
        ) {
            let wanted = if same { own.to_uppercase() } else { other };
            let fields = CustomerFields {
                email: Some(own.clone()),
                quickbooks_id: Some(own.clone()),
                physical: Address {
                    city: Some(own.clone()), state: Some(own.clone()), postal_code: Some(own), ..Address::default()
                },
                ..CustomerFields::default()
            };
            let customer = customer(fields);
            let has = entries::marks(&customer);
            let wanted = vec![wanted];
            for condition in [
                Condition::City(wanted.clone()), Condition::State(wanted.clone()),
                Condition::PostalCode(wanted.clone()), Condition::Email(wanted.clone()),
                Condition::QuickbooksId(wanted),
            ] {
                let marks = condition.marks().unwrap();
                prop_assert!(!condition.holds(&customer) || !has.is_disjoint(&marks), "{condition:?}");
            }
        }
    }
}
