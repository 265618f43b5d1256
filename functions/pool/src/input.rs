//! Customer inputs: what clients of this dialect send for a customer.
//!
//! - Absent fields keep their value; `null` and `""` clear it.
//! - A field equal to its current value is not a change and is not validated, so a client can send back what
//!   it read.

use std::collections::HashSet;

use async_graphql::{ID, InputObject, MaybeUndefined};

use clientele_functions_common::form::{FormErrors, Spacing};
use clientele_functions_graphql::Session;
use clientele_functions_graphql::input::member;
use clientele_shared::model::{CustomerFields, Status, TagId};
use clientele_shared::rules::text::{Rule, email, line, long_text};
use clientele_shared::{Error, Result};

use crate::settings::PoolSettings;
use crate::tag::{MAX_VALUES, parse_ids, read_ids};
use crate::types::CustomerStatus;

/// The fields that all customer inputs share.
#[derive(Debug, InputObject, Default)]
pub(crate) struct CustomerInputFields {
    /// The customer's first name.
    first_name: MaybeUndefined<String>,
    /// The customer's last name.
    last_name: MaybeUndefined<String>,
    /// Email address.
    email: MaybeUndefined<String>,
    /// Primary phone number, stored as entered.
    phone: MaybeUndefined<String>,
    /// Mobile phone number, stored as entered.
    mobile_phone: MaybeUndefined<String>,
    /// Business name.
    company_name: MaybeUndefined<String>,
    /// Street address.
    street: MaybeUndefined<String>,
    /// City.
    city: MaybeUndefined<String>,
    /// State or province.
    state: MaybeUndefined<String>,
    /// Postal code.
    zip_code: MaybeUndefined<String>,
    /// Stage of the relationship with the customer. Cannot be cleared.
    status: MaybeUndefined<CustomerStatus>,
    /// Tags that replace all of the customer's tags, at most 100.
    tag_ids: MaybeUndefined<Vec<ID>>,
    /// Internal notes.
    notes: MaybeUndefined<String>,
    /// The customer's id in QuickBooks.
    quickbooks_id: MaybeUndefined<String>,
}

/// A new customer. At least one of `firstName`, `lastName`, `companyName` and `email` is required.
#[derive(Debug, InputObject)]
pub(crate) struct CreateCustomerInput {
    #[graphql(flatten)]
    fields: CustomerInputFields,
}

/// Changes to a customer. Absent fields keep their value; `null` clears it.
#[derive(Debug, InputObject)]
pub(crate) struct UpdateCustomerInput {
    #[graphql(flatten)]
    fields: CustomerInputFields,
    /// Tags to add to the customer, at most 100.
    add_tag_ids: Option<Vec<ID>>,
    /// Tags to remove from the customer, at most 100. A tag that is also added is removed.
    remove_tag_ids: Option<Vec<ID>>,
}

/// The same changes to many customers.
#[derive(Debug, InputObject)]
pub(crate) struct BulkUpdateCustomersInput {
    /// Ids of the customers, at most 500.
    pub(crate) ids: Vec<ID>,
    /// Changes to make to each customer.
    pub(crate) update: UpdateCustomerInput,
}

/// A validated change that can be applied to a customer.
pub(crate) struct Change {
    input: CustomerInputFields,
    tags: Option<TagChange>,
}

/// Changes to a customer's tags.
struct TagChange {
    /// The tags that replace the customer's tags; `None` keeps them.
    set: Option<Vec<TagId>>,
    add: Vec<TagId>,
    /// All tags that exist, without those to remove. Ids of deleted tags are dropped with the change.
    kept: HashSet<TagId>,
}

impl CreateCustomerInput {
    /// Returns the fields of the new customer. The caller must still check that its tags exist, which it can do
    /// concurrently with other reads.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] naming every field that is wrong, or if the customer would have neither a
    /// name nor an email address, or if its tag ids are too many or malformed.
    pub(crate) fn read(self, settings: &PoolSettings) -> Result<CustomerFields> {
        let mut fields = CustomerFields::default();
        if settings.creates_leads {
            fields.status = Status::Lead;
        }
        let tags = self.fields.tag_ids.clone().take().unwrap_or_default();
        let mut fields = Change { input: self.fields, tags: None }.apply(fields)?;
        if lacks_identity(&fields) {
            return Err(identity_required());
        }
        fields.tag_ids = read_ids("tagIds", &tags)?;
        Ok(fields)
    }
}

impl UpdateCustomerInput {
    /// Returns the change, with its tag ids checked.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] if a list of tag ids is too long or contains an unknown id. Returns
    /// [`Error::Throttled`], [`Error::Unavailable`] or [`Error::Internal`] if the tags cannot be read.
    pub(crate) async fn read(self, session: &Session) -> Result<Change> {
        let add = self.add_tag_ids.unwrap_or_default();
        let remove = self.remove_tag_ids.unwrap_or_default();
        let tags = TagChange::read(session, &self.fields, &add, &remove).await?;
        Ok(Change { input: self.fields, tags })
    }
}

impl TagChange {
    async fn read(
        session: &Session,
        input: &CustomerInputFields,
        add: &[ID],
        remove: &[ID],
    ) -> Result<Option<Self>> {
        let set = match &input.tag_ids {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(Vec::new()),
            MaybeUndefined::Value(ids) => Some(parse_ids(session, "tagIds", ids).await?),
        };
        if set.is_none() && add.is_empty() && remove.is_empty() {
            return Ok(None);
        }
        let add = parse_ids(session, "addTagIds", add).await?;
        let remove = parse_ids(session, "removeTagIds", remove).await?;
        let mut kept: HashSet<TagId> = session.tags().await?.iter().map(|tag| tag.id.clone()).collect();
        for id in &remove {
            kept.remove(id);
        }
        Ok(Some(Self { set, add, kept }))
    }

    /// Returns a customer's tags after the change, each once.
    fn apply(&self, before: &[TagId]) -> Vec<TagId> {
        let base = self.set.as_deref().unwrap_or(before);
        let mut seen = HashSet::new();
        let all = base.iter().chain(&self.add);
        all.filter(|id| self.kept.contains(id) && seen.insert(*id)).cloned().collect()
    }
}

impl Change {
    /// Checks that the change can be applied to at least some customer.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] if the change is wrong whatever the customer's fields are.
    pub(crate) fn check(&self) -> Result<()> {
        let text = || Some("-".to_owned());
        let full = CustomerFields {
            first_name: text(),
            last_name: text(),
            company_name: text(),
            email: text(),
            ..CustomerFields::default()
        };
        self.apply(full).map(drop)
    }

    /// Returns a customer's fields after the change.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`] naming every field that is wrong, or if the change would clear the only
    /// name or email address that the customer has.
    pub(crate) fn apply(&self, mut fields: CustomerFields) -> Result<CustomerFields> {
        let lacked_identity = lacks_identity(&fields);
        let mut errors = FormErrors::default();
        let input = &self.input;
        let mut set = |name, value, target: &mut Option<String>, rule: Rule, spacing| {
            errors.text(name, member(value), target, (rule, spacing));
        };
        set("firstName", &input.first_name, &mut fields.first_name, line, Spacing::Trimmed);
        set("lastName", &input.last_name, &mut fields.last_name, line, Spacing::Trimmed);
        set("email", &input.email, &mut fields.email, email, Spacing::Trimmed);
        set("phone", &input.phone, &mut fields.phone, line, Spacing::Kept);
        set("mobilePhone", &input.mobile_phone, &mut fields.mobile_phone, line, Spacing::Kept);
        set("companyName", &input.company_name, &mut fields.company_name, line, Spacing::Trimmed);
        set("street", &input.street, &mut fields.physical.line1, line, Spacing::Trimmed);
        set("city", &input.city, &mut fields.physical.city, line, Spacing::Trimmed);
        set("state", &input.state, &mut fields.physical.state, line, Spacing::Trimmed);
        set("zipCode", &input.zip_code, &mut fields.physical.postal_code, line, Spacing::Trimmed);
        set("notes", &input.notes, &mut fields.notes, long_text, Spacing::Trimmed);
        set("quickbooksId", &input.quickbooks_id, &mut fields.quickbooks_id, line, Spacing::Trimmed);
        match &input.status {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => errors.add("status", "must not be null"),
            MaybeUndefined::Value(status) => fields.status = (*status).into(),
        }
        if let Some(tags) = &self.tags {
            let before = fields.tag_ids.len();
            fields.tag_ids = tags.apply(&fields.tag_ids);
            if fields.tag_ids.len() > MAX_VALUES.max(before) {
                let message = format!("must leave the customer with at most {MAX_VALUES} tags");
                errors.add("addTagIds", message);
            }
        }
        let fields = errors.finish(fields)?;
        if lacks_identity(&fields) && !lacked_identity { Err(identity_required()) } else { Ok(fields) }
    }
}

/// Returns whether a customer has neither a name nor an email address.
fn lacks_identity(fields: &CustomerFields) -> bool {
    [&fields.first_name, &fields.last_name, &fields.company_name, &fields.email]
        .into_iter()
        .all(Option::is_none)
}

fn identity_required() -> Error {
    let message = "must leave the customer with at least one of firstName, lastName, companyName and email";
    Error::invalid("input", message)
}
