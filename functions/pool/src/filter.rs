//! Inputs that filter lists of customers and select single customers.

use std::collections::BTreeSet;

use async_graphql::{ID, InputObject};

use clientele_functions_graphql::Session;
use clientele_shared::model::{self, CustomerNumber};
use clientele_shared::rules::condition::{Condition, Period};
use clientele_shared::rules::text;
use clientele_shared::{Error, Result, store};

use crate::tag::{self, check_value_count};
use crate::types::{CustomerStatus, DateTime};

/// Conditions that every customer in the list must meet. An empty list of values sets no condition.
#[derive(Debug, InputObject, Default)]
pub(crate) struct CustomerFilter {
    /// Has this status.
    status: Option<CustomerStatus>,
    /// Has one of these statuses.
    statuses: Option<Vec<CustomerStatus>>,
    /// Has one of these tags, at most 100.
    tag_ids: Option<Vec<ID>>,
    /// Is in this city. Case, accents and punctuation are ignored.
    city: Option<String>,
    /// Is in this state. Case, accents and punctuation are ignored.
    state: Option<String>,
    /// Has this postal code. Case, accents and punctuation are ignored.
    zip_code: Option<String>,
    /// Has this email address. Case is ignored.
    email: Option<String>,
    /// `true`: has an id in QuickBooks; `false`: has none.
    has_quickbooks_id: Option<bool>,
    /// Created at or after this time.
    created_at_gte: Option<DateTime>,
    /// Created at or before this time.
    created_at_lte: Option<DateTime>,
    /// Last changed at or after this time.
    updated_at_gte: Option<DateTime>,
    /// Last changed at or before this time.
    updated_at_lte: Option<DateTime>,
}

/// Conditions on the customers of a page, in the format of the other lists of this API.
#[derive(Debug, InputObject, Default)]
pub(crate) struct CustomersSelector {
    /// Conditions that every customer must meet.
    filters: Option<CustomerFilters>,
}

/// Conditions by field and operator. Every customer must meet all of them.
#[derive(Debug, InputObject, Default)]
pub(crate) struct CustomerFilters {
    /// Condition on the status.
    status: Option<StatusOperators>,
    /// Condition on the tags: the customer has one of the given tags.
    tag_ids: Option<IdOperators>,
    /// Condition on the city. Case, accents and punctuation are ignored.
    city: Option<StringOperators>,
    /// Condition on the state. Case, accents and punctuation are ignored.
    state: Option<StringOperators>,
    /// Condition on the postal code. Case, accents and punctuation are ignored.
    zip_code: Option<StringOperators>,
    /// Condition on the email address. Case is ignored.
    email: Option<StringOperators>,
    /// Condition on the id in QuickBooks, which must match exactly.
    quickbooks_id: Option<StringOperators>,
    /// Condition on the time of creation.
    created_at: Option<DateTimeOperators>,
    /// Condition on the time of the last change.
    updated_at: Option<DateTimeOperators>,
}

/// Operators for a status.
#[derive(Debug, InputObject, Default)]
pub(crate) struct StatusOperators {
    /// Equals this value.
    eq: Option<CustomerStatus>,
    /// Equals one of these values.
    #[graphql(name = "in")]
    one_of: Option<Vec<CustomerStatus>>,
}

/// Operators for ids.
#[derive(Debug, InputObject, Default)]
pub(crate) struct IdOperators {
    /// Equals this value.
    eq: Option<ID>,
    /// Equals one of these values, at most 100.
    #[graphql(name = "in")]
    one_of: Option<Vec<ID>>,
}

/// Operators for a string.
#[derive(Debug, InputObject, Default)]
pub(crate) struct StringOperators {
    /// Equals this value.
    eq: Option<String>,
    /// Equals one of these values, at most 100.
    #[graphql(name = "in")]
    one_of: Option<Vec<String>>,
}

/// Operators for a date and time.
#[derive(Debug, InputObject, Default)]
pub(crate) struct DateTimeOperators {
    /// Equals this time, to the second.
    eq: Option<DateTime>,
    /// Is at or after this time.
    gte: Option<DateTime>,
    /// Is at or before this time.
    lte: Option<DateTime>,
}

/// Selects one customer by exactly one of these fields.
#[derive(Debug, InputObject)]
pub(crate) struct CustomerSelector {
    /// The customer's id.
    pub(crate) id: Option<ID>,
    /// The customer's email address. If several customers share it, the newest is selected.
    pub(crate) email: Option<String>,
    /// The customer's id in QuickBooks. If several customers share it, the newest is selected.
    pub(crate) quickbooks_id: Option<String>,
}

/// The customer that a selector selects.
pub(crate) enum Selected {
    /// The customer with this number; `None` if the id is malformed, so no customer can have it.
    Number(Option<CustomerNumber>),
    /// The newest customer that meets this condition.
    Condition(Condition),
}

impl CustomerSelector {
    /// Reads the selector.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] if the selector does not have exactly one field, or its text is blank or
    /// too long.
    pub(crate) fn read(self) -> Result<Selected> {
        match (self.id, self.email, self.quickbooks_id) {
            (Some(id), None, None) => Ok(Selected::Number(CustomerNumber::from_customer_id(&id))),
            (None, Some(email), None) => {
                Ok(Selected::Condition(Condition::Email(vec![value("email", email)?])))
            }
            (None, None, Some(id)) => {
                Ok(Selected::Condition(Condition::QuickbooksId(vec![value("quickbooksId", id)?])))
            }
            _ => Err(Error::invalid("selector", "must contain exactly one of id, email and quickbooksId")),
        }
    }
}

/// Builds a store filter from the conditions that a client sent.
#[derive(Default)]
struct FilterBuilder {
    statuses: Option<BTreeSet<model::Status>>,
    conditions: Vec<Condition>,
}

/// Returns the store filter for a client's `filter` and `selector`. Customers must meet the conditions of
/// both.
///
/// # Errors
/// Returns [`Error::Invalid`] if a list has too many values, a text is blank or too long, or a tag is
/// unknown. Returns [`Error::Throttled`], [`Error::Unavailable`] or [`Error::Internal`] if the tags cannot be
/// read.
pub(crate) async fn read(
    session: &Session,
    filter: Option<CustomerFilter>,
    selector: Option<CustomersSelector>,
) -> Result<store::CustomerFilter> {
    let mut builder = FilterBuilder::default();
    builder.add_filter(session, filter.unwrap_or_default()).await?;
    builder.add_operators(session, selector.and_then(|s| s.filters).unwrap_or_default()).await?;
    let FilterBuilder { statuses, conditions } = builder;
    Ok(store::CustomerFilter { statuses, conditions, ..store::CustomerFilter::default() })
}

impl FilterBuilder {
    async fn add_filter(&mut self, session: &Session, filter: CustomerFilter) -> Result<()> {
        self.statuses(filter.status, filter.statuses);
        self.tags(session, None, filter.tag_ids).await?;
        self.texts("city", filter.city, None, Condition::City)?;
        self.texts("state", filter.state, None, Condition::State)?;
        self.texts("zipCode", filter.zip_code, None, Condition::PostalCode)?;
        self.texts("email", filter.email, None, Condition::Email)?;
        self.conditions.extend(filter.has_quickbooks_id.map(Condition::HasQuickbooksId));
        self.period(filter.created_at_gte, filter.created_at_lte, Condition::CreatedAt);
        self.period(filter.updated_at_gte, filter.updated_at_lte, Condition::UpdatedAt);
        Ok(())
    }

    async fn add_operators(&mut self, session: &Session, filters: CustomerFilters) -> Result<()> {
        let status = filters.status.unwrap_or_default();
        self.statuses(status.eq, status.one_of);
        let tags = filters.tag_ids.unwrap_or_default();
        self.tags(session, tags.eq, tags.one_of).await?;
        self.text_operators("city", filters.city, Condition::City)?;
        self.text_operators("state", filters.state, Condition::State)?;
        self.text_operators("zipCode", filters.zip_code, Condition::PostalCode)?;
        self.text_operators("email", filters.email, Condition::Email)?;
        self.text_operators("quickbooksId", filters.quickbooks_id, Condition::QuickbooksId)?;
        self.time_operators(filters.created_at, Condition::CreatedAt);
        self.time_operators(filters.updated_at, Condition::UpdatedAt);
        Ok(())
    }

    fn text_operators(
        &mut self,
        name: &str,
        operators: Option<StringOperators>,
        condition: fn(Vec<String>) -> Condition,
    ) -> Result<()> {
        let StringOperators { eq, one_of } = operators.unwrap_or_default();
        self.texts(name, eq, one_of, condition)
    }

    fn time_operators(&mut self, operators: Option<DateTimeOperators>, condition: fn(Period) -> Condition) {
        let DateTimeOperators { eq, gte, lte } = operators.unwrap_or_default();
        self.period(eq, eq, condition);
        self.period(gte, lte, condition);
    }

    fn statuses(&mut self, one: Option<CustomerStatus>, many: Option<Vec<CustomerStatus>>) {
        let many = many.filter(|many| !many.is_empty());
        for statuses in [one.map(|one| vec![one]), many].into_iter().flatten() {
            let statuses: BTreeSet<model::Status> = statuses.into_iter().map(Into::into).collect();
            self.statuses = Some(match self.statuses.take() {
                Some(earlier) => earlier.intersection(&statuses).copied().collect(),
                None => statuses,
            });
        }
    }

    async fn tags(&mut self, session: &Session, one: Option<ID>, many: Option<Vec<ID>>) -> Result<()> {
        let many = many.filter(|many| !many.is_empty());
        for ids in [one.map(|one| vec![one]), many].into_iter().flatten() {
            self.conditions.push(Condition::Tag(tag::parse_ids(session, "tagIds", &ids).await?));
        }
        Ok(())
    }

    fn texts(
        &mut self,
        name: &str,
        one: Option<String>,
        many: Option<Vec<String>>,
        condition: fn(Vec<String>) -> Condition,
    ) -> Result<()> {
        let many = many.filter(|many| !many.is_empty());
        for texts in [one.map(|one| vec![one]), many].into_iter().flatten() {
            check_value_count(name, texts.len())?;
            let values = texts.into_iter().map(|text| value(name, text)).collect::<Result<_>>()?;
            self.conditions.push(condition(values));
        }
        Ok(())
    }

    fn period(&mut self, from: Option<DateTime>, to: Option<DateTime>, condition: fn(Period) -> Condition) {
        if from.is_some() || to.is_some() {
            let period = Period { from: from.map(|from| from.0), to: to.map(|to| to.0) };
            self.conditions.push(condition(period));
        }
    }
}

/// Returns a text to compare with.
///
/// # Errors
/// Returns [`Error::Invalid`] if the text is blank or longer than one line can be.
fn value(name: &str, text: String) -> Result<String> {
    if text.trim().is_empty() {
        return Err(Error::invalid(name, "must not be blank"));
    }
    text::within(&text, text::MAX_LINE).map_err(|message| Error::invalid(name, message))
}
