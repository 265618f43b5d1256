//! What this dialect's clients send for a customer. Absent members stay, `null` and `""` clear; a member that says
//! what the record has already is no change and is not checked, so that what was got can be sent back.

use async_graphql::{ID, InputObject, MaybeUndefined};

use clientele_shared::error::FieldError;
use clientele_shared::model::{CustomerFields, Settings, Status, TagId};
use clientele_shared::rules::text::{Rule, email, line, long_text};
use clientele_shared::{Error, Result};

use crate::session::Session;
use crate::types::CustomerStatus;

/// What every input for a customer has.
#[derive(Debug, InputObject, Default)]
pub(crate) struct CustomerMembers {
    /// The customer's first name.
    first_name: MaybeUndefined<String>,
    /// The customer's last name.
    last_name: MaybeUndefined<String>,
    /// Email address.
    email: MaybeUndefined<String>,
    /// Primary phone number, kept as it is typed.
    phone: MaybeUndefined<String>,
    /// Mobile phone number, kept as it is typed.
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
    /// Where the customer stands; cannot be cleared.
    status: MaybeUndefined<CustomerStatus>,
    /// The tags the customer is to have, in place of those it has.
    tag_ids: MaybeUndefined<Vec<ID>>,
    /// Internal notes.
    notes: MaybeUndefined<String>,
    /// The customer's id in QuickBooks.
    quickbooks_id: MaybeUndefined<String>,
}

/// A new customer: at least one of first name, last name, company name and email must be given.
#[derive(Debug, InputObject)]
pub(crate) struct CreateCustomerInput {
    #[graphql(flatten)]
    members: CustomerMembers,
}

/// What changes of a customer. Absent members stay, `null` clears.
#[derive(Debug, InputObject)]
pub(crate) struct UpdateCustomerInput {
    #[graphql(flatten)]
    members: CustomerMembers,
    /// Tags the customer gets beside those it has.
    add_tag_ids: Option<Vec<ID>>,
    /// Tags the customer loses.
    remove_tag_ids: Option<Vec<ID>>,
}

/// One change of many customers.
#[derive(Debug, InputObject)]
pub(crate) struct BulkUpdateCustomersInput {
    /// The customers, 500 at the most.
    pub(crate) ids: Vec<ID>,
    /// What changes of each.
    pub(crate) update: UpdateCustomerInput,
}

/// A change of a customer that is ready to be made.
pub(crate) struct Change {
    members: CustomerMembers,
    tags: Option<TagChange>,
}

/// How a customer's tags change.
struct TagChange {
    /// What replaces them.
    set: Option<Vec<TagId>>,
    add: Vec<TagId>,
    remove: Vec<TagId>,
    /// Every tag there is: ids of deleted ones go with the change.
    known: Vec<TagId>,
}

impl CreateCustomerInput {
    /// The fields of the new customer, and its tags as they were sent: whether there are such is still to be
    /// looked up, which can be done side by side with what comes next.
    pub(crate) fn read(self, settings: &Settings) -> Result<(CustomerFields, Vec<ID>)> {
        let mut fields = CustomerFields::default();
        if settings.pool_creates_leads {
            fields.status = Status::Lead;
        }
        let tags = self.members.tag_ids.clone().take().unwrap_or_default();
        let mut fields = Change { members: self.members, tags: None }.apply(fields)?;
        for tag in &tags {
            if !fields.tag_ids.contains(tag) {
                fields.tag_ids.push(tag.to_string());
            }
        }
        if lacks_identity(&fields) { Err(identity_required()) } else { Ok((fields, tags)) }
    }
}

impl UpdateCustomerInput {
    /// The change it asks for.
    pub(crate) async fn read(self, session: &Session) -> Result<Change> {
        let add = self.add_tag_ids.unwrap_or_default();
        let remove = self.remove_tag_ids.unwrap_or_default();
        let tags = TagChange::read(session, &self.members, &add, &remove).await?;
        Ok(Change { members: self.members, tags })
    }
}

impl TagChange {
    async fn read(
        session: &Session,
        members: &CustomerMembers,
        add: &[ID],
        remove: &[ID],
    ) -> Result<Option<Self>> {
        let set = match &members.tag_ids {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(Vec::new()),
            MaybeUndefined::Value(ids) => Some(session.tag_ids("tagIds", ids).await?),
        };
        if set.is_none() && add.is_empty() && remove.is_empty() {
            return Ok(None);
        }
        let add = session.tag_ids("addTagIds", add).await?;
        let remove = session.tag_ids("removeTagIds", remove).await?;
        let known = session.tags().await?.iter().map(|tag| tag.id.clone()).collect();
        Ok(Some(Self { set, add, remove, known }))
    }

    fn apply(&self, before: &[String]) -> Vec<String> {
        let base: Vec<&str> = match &self.set {
            Some(set) => set.iter().map(TagId::as_str).collect(),
            None => before.iter().map(String::as_str).collect(),
        };
        let mut after: Vec<String> = Vec::new();
        for id in base.into_iter().chain(self.add.iter().map(TagId::as_str)) {
            let is = |other: &TagId| other.as_str() == id;
            let stays = self.known.iter().any(is) && !self.remove.iter().any(is);
            if stays && !after.iter().any(|other| other == id) {
                after.push(id.to_owned());
            }
        }
        after
    }
}

impl Change {
    /// Whether the change can be made to some customer.
    pub(crate) fn check(&self) -> Result<()> {
        let text = || Some("-".to_owned());
        let anybody = CustomerFields {
            first_name: text(),
            last_name: text(),
            company_name: text(),
            email: text(),
            ..CustomerFields::default()
        };
        self.apply(anybody).map(drop)
    }

    /// What the fields of a customer become.
    pub(crate) fn apply(&self, mut fields: CustomerFields) -> Result<CustomerFields> {
        let was_nobody = lacks_identity(&fields);
        let mut form = Form::default();
        let members = &self.members;
        form.text("firstName", &members.first_name, &mut fields.first_name, line);
        form.text("lastName", &members.last_name, &mut fields.last_name, line);
        form.text("email", &members.email, &mut fields.email, email);
        form.verbatim("phone", &members.phone, &mut fields.phone);
        form.verbatim("mobilePhone", &members.mobile_phone, &mut fields.mobile_phone);
        form.text("companyName", &members.company_name, &mut fields.company_name, line);
        form.text("street", &members.street, &mut fields.physical.line1, line);
        form.text("city", &members.city, &mut fields.physical.city, line);
        form.text("state", &members.state, &mut fields.physical.state, line);
        form.text("zipCode", &members.zip_code, &mut fields.physical.postal_code, line);
        form.text("notes", &members.notes, &mut fields.notes, long_text);
        form.text("quickbooksId", &members.quickbooks_id, &mut fields.quickbooks_id, line);
        match &members.status {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => form.wrong("status", "must not be null"),
            MaybeUndefined::Value(status) => fields.status = (*status).into(),
        }
        if let Some(tags) = &self.tags {
            fields.tag_ids = tags.apply(&fields.tag_ids);
        }
        if !form.wrong.is_empty() {
            return Err(Error::Invalid(form.wrong));
        }
        if lacks_identity(&fields) && !was_nobody { Err(identity_required()) } else { Ok(fields) }
    }
}

/// What is wrong with an input so far.
#[derive(Default)]
struct Form {
    wrong: Vec<FieldError>,
}

impl Form {
    /// Sets a text, without the blanks around it.
    fn text(&mut self, name: &str, input: &MaybeUndefined<String>, target: &mut Option<String>, rule: Rule) {
        match input {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => *target = None,
            MaybeUndefined::Value(text) if Some(text) == target.as_ref() => {}
            MaybeUndefined::Value(text) if text.trim().is_empty() => *target = None,
            MaybeUndefined::Value(text) => match rule(text.trim()) {
                Ok(value) => *target = Some(value),
                Err(message) => self.wrong(name, message),
            },
        }
    }

    /// Sets a text to the letter.
    fn verbatim(&mut self, name: &str, input: &MaybeUndefined<String>, target: &mut Option<String>) {
        self.text(name, input, target, line);
        if let (MaybeUndefined::Value(text), Some(kept)) = (input, target)
            && kept == text.trim()
        {
            kept.clone_from(text);
        }
    }

    fn wrong(&mut self, name: &str, message: impl Into<String>) {
        self.wrong.push(FieldError::new(name, message));
    }
}

/// Whether a customer can be called nothing.
fn lacks_identity(fields: &CustomerFields) -> bool {
    [&fields.first_name, &fields.last_name, &fields.company_name, &fields.email]
        .into_iter()
        .all(Option::is_none)
}

fn identity_required() -> Error {
    let message = "one of firstName, lastName, companyName and email must be given";
    Error::invalid("input", message)
}
