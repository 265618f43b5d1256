//! Customer inputs: what clients of this dialect send for a customer.
//!
//! - Absent fields keep their value; `null` and `""` clear it.
//! - A field equal to its current value is not a change and is not validated, so a client can send back what
//!   it read.

use std::collections::HashSet;

use async_graphql::{ID, InputObject, MaybeUndefined};

use clientele_shared::error::FieldError;
use clientele_shared::model::{CustomerFields, Status, TagId};
use clientele_shared::rules::text::{Rule, email, is_blank, line, long_text};
use clientele_shared::{Error, Result};

use crate::session::{MAX_VALUES, Session};
use crate::settings::PoolSettings;
use crate::tag::read_ids;
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
            MaybeUndefined::Value(ids) => Some(session.parse_tag_ids("tagIds", ids).await?),
        };
        if set.is_none() && add.is_empty() && remove.is_empty() {
            return Ok(None);
        }
        let add = session.parse_tag_ids("addTagIds", add).await?;
        let remove = session.parse_tag_ids("removeTagIds", remove).await?;
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
        let mut form = Form::default();
        let input = &self.input;
        form.text("firstName", &input.first_name, &mut fields.first_name, line);
        form.text("lastName", &input.last_name, &mut fields.last_name, line);
        form.text("email", &input.email, &mut fields.email, email);
        form.verbatim("phone", &input.phone, &mut fields.phone);
        form.verbatim("mobilePhone", &input.mobile_phone, &mut fields.mobile_phone);
        form.text("companyName", &input.company_name, &mut fields.company_name, line);
        form.text("street", &input.street, &mut fields.physical.line1, line);
        form.text("city", &input.city, &mut fields.physical.city, line);
        form.text("state", &input.state, &mut fields.physical.state, line);
        form.text("zipCode", &input.zip_code, &mut fields.physical.postal_code, line);
        form.text("notes", &input.notes, &mut fields.notes, long_text);
        form.text("quickbooksId", &input.quickbooks_id, &mut fields.quickbooks_id, line);
        match &input.status {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => form.add_error("status", "must not be null"),
            MaybeUndefined::Value(status) => fields.status = (*status).into(),
        }
        if let Some(tags) = &self.tags {
            let before = fields.tag_ids.len();
            fields.tag_ids = tags.apply(&fields.tag_ids);
            if fields.tag_ids.len() > MAX_VALUES.max(before) {
                let message = format!("must leave the customer with at most {MAX_VALUES} tags");
                form.add_error("addTagIds", message);
            }
        }
        if !form.errors.is_empty() {
            return Err(Error::Invalid(form.errors));
        }
        if lacks_identity(&fields) && !lacked_identity { Err(identity_required()) } else { Ok(fields) }
    }
}

/// Collects the errors found while an input is applied.
#[derive(Default)]
struct Form {
    errors: Vec<FieldError>,
}

impl Form {
    /// Sets a text field to the trimmed text, or clears it if the text is blank.
    fn text(&mut self, name: &str, input: &MaybeUndefined<String>, target: &mut Option<String>, rule: Rule) {
        match input {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => *target = None,
            MaybeUndefined::Value(text) if Some(text) == target.as_ref() => {}
            MaybeUndefined::Value(text) if is_blank(text) => *target = None,
            MaybeUndefined::Value(text) => match rule(text.trim()) {
                Ok(value) => *target = Some(value),
                Err(message) => self.add_error(name, message),
            },
        }
    }

    /// Sets a text field to the text exactly as sent, including outer white space, or clears it if the text is blank.
    fn verbatim(&mut self, name: &str, input: &MaybeUndefined<String>, target: &mut Option<String>) {
        match input {
            MaybeUndefined::Value(text) if !is_blank(text) && Some(text) != target.as_ref() => {
                match line(text) {
                    Ok(value) => *target = Some(value),
                    Err(message) => self.add_error(name, message),
                }
            }
            _ => self.text(name, input, target, line),
        }
    }

    fn add_error(&mut self, name: &str, message: impl Into<String>) {
        self.errors.push(FieldError::new(name, message));
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
