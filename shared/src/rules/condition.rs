//! Filter conditions on a customer's fields: when each condition holds, and how to look it up in the search
//! index. As in a search, the index only supplies candidates and each one is checked against its record.

use super::{fold, search};
use crate::model::{Customer, TagId, Timestamp};
use crate::table::keys;

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
            Self::Tag(ids) => ids.iter().any(|id| fields.tag_ids.iter().any(|own| own == id.as_str())),
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
            Self::CreatedAt(period) => period.holds(customer.created_at),
            Self::UpdatedAt(period) => period.holds(customer.updated_at),
        }
    }

    /// Returns prefixes of sort keys in by-search, or `None` if the index does not cover the condition. Every
    /// customer for which the condition holds has a term whose sort key starts with one of them.
    #[must_use]
    pub fn probes(&self) -> Option<Vec<String>> {
        let each = |values: &[String], probe: fn(&str) -> Option<String>| {
            values.iter().map(|value| probe(value)).collect::<Option<Vec<_>>>()
        };
        match self {
            Self::Tag(ids) => {
                Some(ids.iter().map(|id| keys::search_sort_exactly(&search::tag_term(id))).collect())
            }
            Self::City(values) | Self::PostalCode(values) => each(values, search::word_probe),
            Self::Email(values) => Some(
                values.iter().map(|email| keys::search_sort_exactly(&search::email_term(email))).collect(),
            ),
            Self::QuickbooksId(values) => {
                each(values, |id| search::quickbooks_term(id).map(|term| keys::search_sort_exactly(&term)))
            }
            Self::State(_) | Self::HasQuickbooksId(_) | Self::CreatedAt(_) | Self::UpdatedAt(_) => None,
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
            tag_ids: vec!["tag_007".into(), "weekly".into()],
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
        /// The index can return too many candidates, never too few.
        #[test]
        fn every_match_is_a_candidate(own in any_text(), other in any_text(), same in any::<bool>()) {
            let value = if same { own.to_uppercase() } else { other };
            let fields = CustomerFields {
                email: Some(own.clone()),
                quickbooks_id: Some(own.clone()),
                physical: Address { city: Some(own.clone()), postal_code: Some(own), ..Address::default() },
                ..CustomerFields::default()
            };
            let customer = customer(fields);
            let terms = search::terms(customer.uuid, &customer.fields);
            let values = vec![value];
            for condition in [
                Condition::City(values.clone()), Condition::PostalCode(values.clone()),
                Condition::Email(values.clone()), Condition::QuickbooksId(values),
            ] {
                if let (true, Some(probes)) = (condition.holds(&customer), condition.probes()) {
                    let sorts = terms.iter().map(|term| keys::search_sort(term, customer.number));
                    let is_candidate =
                        sorts.into_iter().any(|sort| probes.iter().any(|p| sort.starts_with(p)));
                    prop_assert!(is_candidate, "{condition:?}");
                }
            }
        }
    }
}
