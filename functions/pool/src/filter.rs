//! What lists are filtered and single customers selected by.

use std::collections::BTreeSet;

use async_graphql::{ID, InputObject};

use clientele_shared::model::{self, CustomerNumber};
use clientele_shared::rules::condition::{Condition, Period};
use clientele_shared::rules::text;
use clientele_shared::{Error, Result, store};

use crate::session::{Session, at_most};
use crate::types::{CustomerStatus, DateTime};

/// Which customers a list is about. What is given must all hold; an empty list of values asks for nothing.
#[derive(Debug, InputObject, Default)]
pub(crate) struct CustomerFilter {
    /// Only this status.
    status: Option<CustomerStatus>,
    /// Only these statuses.
    statuses: Option<Vec<CustomerStatus>>,
    /// Only those who have one of these tags.
    tag_ids: Option<Vec<ID>>,
    /// Only this city, whatever case and accents.
    city: Option<String>,
    /// Only this state, whatever case.
    state: Option<String>,
    /// Only this postal code.
    zip_code: Option<String>,
    /// Only this email address, whatever case.
    email: Option<String>,
    /// Only those with an id in QuickBooks, or only those without.
    has_quickbooks_id: Option<bool>,
    /// Created at this moment or later.
    created_at_gte: Option<DateTime>,
    /// Created at this moment or before.
    created_at_lte: Option<DateTime>,
    /// Last changed at this moment or later.
    updated_at_gte: Option<DateTime>,
    /// Last changed at this moment or before.
    updated_at_lte: Option<DateTime>,
}

/// Which customers a page is about, in the form of the other lists of this API.
#[derive(Debug, InputObject, Default)]
pub(crate) struct CustomersSelector {
    /// What must all hold.
    filters: Option<CustomerFilters>,
}

/// Filters by field and operator.
#[derive(Debug, InputObject, Default)]
pub(crate) struct CustomerFilters {
    /// By status.
    status: Option<StatusOperators>,
    /// By tag: has one of them.
    tag_ids: Option<IdOperators>,
    /// By city.
    city: Option<StringOperators>,
    /// By state.
    state: Option<StringOperators>,
    /// By postal code.
    zip_code: Option<StringOperators>,
    /// By email address.
    email: Option<StringOperators>,
    /// By id in QuickBooks.
    quickbooks_id: Option<StringOperators>,
    /// By the moment of creation.
    created_at: Option<DateTimeOperators>,
    /// By the moment of the last change.
    updated_at: Option<DateTimeOperators>,
}

/// What a status can be compared with.
#[derive(Debug, InputObject, Default)]
pub(crate) struct StatusOperators {
    /// Is this one.
    eq: Option<CustomerStatus>,
    /// Is one of these.
    #[graphql(name = "in")]
    one_of: Option<Vec<CustomerStatus>>,
}

/// What an id can be compared with.
#[derive(Debug, InputObject, Default)]
pub(crate) struct IdOperators {
    /// Is this one.
    eq: Option<ID>,
    /// Is one of these.
    #[graphql(name = "in")]
    one_of: Option<Vec<ID>>,
}

/// What a text can be compared with.
#[derive(Debug, InputObject, Default)]
pub(crate) struct StringOperators {
    /// Is this one.
    eq: Option<String>,
    /// Is one of these.
    #[graphql(name = "in")]
    one_of: Option<Vec<String>>,
}

/// What a moment can be compared with.
#[derive(Debug, InputObject, Default)]
pub(crate) struct DateTimeOperators {
    /// Is this second.
    eq: Option<DateTime>,
    /// Is this or later.
    gte: Option<DateTime>,
    /// Is this or before.
    lte: Option<DateTime>,
}

/// Names one customer by exactly one of its members.
#[derive(Debug, InputObject)]
pub(crate) struct CustomerSelector {
    /// The customer's id.
    pub(crate) id: Option<ID>,
    /// The customer's email address. Of several customers that share it, the newest.
    pub(crate) email: Option<String>,
    /// The customer's id in QuickBooks.
    pub(crate) quickbooks_id: Option<String>,
}

/// Whom a selector names.
pub(crate) enum Selected {
    /// The customer of this number; `None` when the id is nobody's.
    Number(Option<CustomerNumber>),
    /// The first customer for whom this holds.
    Condition(Condition),
}

impl CustomerSelector {
    pub(crate) fn read(self) -> Result<Selected> {
        match (self.id, self.email, self.quickbooks_id) {
            (Some(id), None, None) => Ok(Selected::Number(CustomerNumber::from_customer_id(&id))),
            (None, Some(email), None) => {
                Ok(Selected::Condition(Condition::Email(vec![value("email", email)?])))
            }
            (None, None, Some(id)) => {
                Ok(Selected::Condition(Condition::QuickbooksId(vec![value("quickbooksId", id)?])))
            }
            _ => Err(Error::invalid("selector", "must have exactly one of id, email, quickbooksId")),
        }
    }
}

/// A filter of the store while it is put together.
#[derive(Default)]
struct FilterBuilder {
    statuses: Option<BTreeSet<model::Status>>,
    conditions: Vec<Condition>,
}

/// The filter of the store for what a client sent; what both hold must hold.
pub(crate) async fn read(
    session: &Session,
    filter: Option<CustomerFilter>,
    selector: Option<CustomersSelector>,
) -> Result<store::CustomerFilter> {
    let mut builder = FilterBuilder::default();
    builder.flat(session, filter.unwrap_or_default()).await?;
    builder.by_operator(session, selector.and_then(|s| s.filters).unwrap_or_default()).await?;
    let FilterBuilder { statuses, conditions } = builder;
    Ok(store::CustomerFilter { statuses, conditions, ..store::CustomerFilter::default() })
}

impl FilterBuilder {
    async fn flat(&mut self, session: &Session, filter: CustomerFilter) -> Result<()> {
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

    async fn by_operator(&mut self, session: &Session, filters: CustomerFilters) -> Result<()> {
        let status = filters.status.unwrap_or_default();
        self.statuses(status.eq, status.one_of);
        let tags = filters.tag_ids.unwrap_or_default();
        self.tags(session, tags.eq, tags.one_of).await?;
        self.text_operators("city", filters.city, Condition::City)?;
        self.text_operators("state", filters.state, Condition::State)?;
        self.text_operators("zipCode", filters.zip_code, Condition::PostalCode)?;
        self.text_operators("email", filters.email, Condition::Email)?;
        self.text_operators("quickbooksId", filters.quickbooks_id, Condition::QuickbooksId)?;
        self.moment_operators(filters.created_at, Condition::CreatedAt);
        self.moment_operators(filters.updated_at, Condition::UpdatedAt);
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

    fn moment_operators(&mut self, operators: Option<DateTimeOperators>, condition: fn(Period) -> Condition) {
        let DateTimeOperators { eq, gte, lte } = operators.unwrap_or_default();
        self.period(eq, eq, condition);
        self.period(gte, lte, condition);
    }

    fn statuses(&mut self, one: Option<CustomerStatus>, some: Option<Vec<CustomerStatus>>) {
        let some = some.filter(|some| !some.is_empty());
        for wanted in [one.map(|one| vec![one]), some].into_iter().flatten() {
            let wanted: BTreeSet<model::Status> = wanted.into_iter().map(Into::into).collect();
            self.statuses = Some(match self.statuses.take() {
                Some(before) => before.intersection(&wanted).copied().collect(),
                None => wanted,
            });
        }
    }

    async fn tags(&mut self, session: &Session, one: Option<ID>, some: Option<Vec<ID>>) -> Result<()> {
        let some = some.filter(|some| !some.is_empty());
        for wanted in [one.map(|one| vec![one]), some].into_iter().flatten() {
            self.conditions.push(Condition::Tag(session.tag_ids("tagIds", &wanted).await?));
        }
        Ok(())
    }

    fn texts(
        &mut self,
        name: &str,
        one: Option<String>,
        some: Option<Vec<String>>,
        condition: fn(Vec<String>) -> Condition,
    ) -> Result<()> {
        let some = some.filter(|some| !some.is_empty());
        for wanted in [one.map(|one| vec![one]), some].into_iter().flatten() {
            at_most(name, wanted.len())?;
            let values = wanted.into_iter().map(|text| value(name, text)).collect::<Result<_>>()?;
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

/// A text to compare with: a blank one is nobody's.
fn value(name: &str, text: String) -> Result<String> {
    if text.trim().is_empty() {
        return Err(Error::invalid(name, "must not be blank"));
    }
    text::within(&text, text::MAX_LINE).map_err(|message| Error::invalid(name, message))
}
