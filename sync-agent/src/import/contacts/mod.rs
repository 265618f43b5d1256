//! Imports of contacts: each row adds a contact to a customer, or changes one.
//!
//! A contact is named by its id, or else by a key such as its name, so importing a row again changes nothing. All rows of a
//! customer in a batch are applied in one write, which is conditional on the version of the customer that was read.

pub mod fields;
pub mod key;
mod row;
mod write;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::Path;

use clientele_shared::Error as StoreError;
use clientele_shared::model::{CustomerFields, CustomerNumber, Timestamp};
use csv::StringRecord;
use uuid::Uuid;

use self::fields::ContactField;
use self::key::ContactKey;
use self::row::{Effect, Rejection, RowContact};
use self::write::ContactWrite;
use super::cells::reason;
use super::customers_by_text::CustomersByText;
use super::field::{ImportField as _, MissingField};
use super::import_kind::{Classified, Committed, ImportKind, ReadRow, ReadRules, Session, Target};
use super::mapping::Mapping;
use super::outcome::{Findings, ImportCounts, ImportError, ImportOptions, RowChange};
use super::reader::RejectedRow;
use super::seen::Seen;

/// The import of contacts, with its options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contacts {
    /// Name of the source under whose ids customers were imported.
    pub source: Option<String>,
    /// The field by which rows without an id name contacts.
    pub key: ContactKey,
    /// Whether an empty cell clears its field.
    pub clear_empty: bool,
}

impl ImportKind for Contacts {
    type Field = ContactField;
    type Session = ContactSession;

    fn missing(&self, holds: &dyn Fn(ContactField) -> bool) -> Option<MissingField> {
        let names_contacts = holds(self.key.field()) || holds(ContactField::ContactId);
        ContactField::missing(holds).or_else(|| (!names_contacts).then(|| self.key.missing()))
    }

    fn begin(
        &self,
        _: &Path,
        options: &ImportOptions<ContactField>,
        now: Timestamp,
    ) -> Result<ContactSession, ImportError> {
        Ok(ContactSession {
            source: self.source.clone(),
            key: self.key,
            clear_empty: self.clear_empty,
            rules: options.rules(now),
            seen: Seen::default(),
            seen_ids: Seen::default(),
            seen_primary: Seen::default(),
            findings: Findings::default(),
        })
    }
}

/// The import of one file of contacts.
#[derive(Debug)]
pub struct ContactSession {
    source: Option<String>,
    key: ContactKey,
    clear_empty: bool,
    rules: ReadRules,
    /// Contacts of the rows read so far, as the rows name them.
    seen: Seen,
    /// Those of them that exist, by their ids.
    seen_ids: Seen,
    /// Customers whose primary contact has been read.
    seen_primary: Seen,
    findings: Findings,
}

/// A valid row, whose customer is not yet known.
#[derive(Debug)]
pub struct ContactRow {
    line: u64,
    contact: RowContact,
    cells: StringRecord,
}

impl ContactRow {
    fn reject(self, reason: String) -> RejectedRow {
        RejectedRow { line: self.line, reason, cells: self.cells.into_byte_record() }
    }
}

impl ReadRow for ContactSession {
    type Field = ContactField;
    type Row = ContactRow;

    fn read(
        &mut self,
        mapping: &Mapping<ContactField>,
        record: &StringRecord,
        line: u64,
    ) -> Result<ContactRow, String> {
        let contact = row::contact(mapping, record, self.rules.unguard, self.key, self.clear_empty);
        let contact = contact.map_err(|errors| reason(&errors))?;
        // No part contains a line break.
        if let Some(first) =
            self.seen.record(&format!("{}\n{}", contact.customer, contact.compared_key()), line)
        {
            return Err(same_contact(first));
        }
        if contact.is_primary == Some(true)
            && let Some(first) = self.seen_primary.record(&contact.customer, line)
        {
            let column = mapping.name_of(ContactField::IsPrimary);
            return Err(format!(
                "{column}: the customer's primary contact is on line {first}; choose one of the two"
            ));
        }
        self.findings.look_at(contact.email(), contact.phone());
        Ok(ContactRow { line, contact, cells: record.clone() })
    }
}

fn same_contact(line: u32) -> String {
    format!("row: is about the same contact as line {line}; keep only one of the two")
}

impl Session for ContactSession {
    type New = ContactWrite;
    type Commit = (CustomerNumber, Vec<ContactWrite>);

    async fn classify(
        &mut self,
        target: &Target,
        mapping: &Mapping<ContactField>,
        rows: Vec<ContactRow>,
    ) -> Result<Classified<ContactWrite>, StoreError> {
        let named = rows.iter().map(|row| row.contact.customer.as_str());
        let customers = CustomersByText::find(target, self.source.as_deref(), named).await?;
        let mut records = self.records(target, &customers, &rows).await?;
        let mut classified = Classified { new: Vec::new(), present: 0, rejected: Vec::new() };
        for row in rows {
            let customer = match customers.get(&row.contact.customer) {
                Ok(customer) => customer,
                Err(reason) => {
                    let column = mapping.name_of(ContactField::CustomerId);
                    classified.rejected.push(row.reject(format!("{column}: {reason}")));
                    continue;
                }
            };
            let Some(fields) = records.get_mut(&customer) else {
                let id = customer.to_customer_id();
                classified.rejected.push(row.reject(format!("row: its customer {id} is deleted")));
                continue;
            };
            let existing = row.contact.position(&fields.contacts);
            if let Ok(Some(at)) = existing
                && let Some(first) = self
                    .seen_ids
                    .record(&format!("{}\n{}", customer.to_customer_id(), fields.contacts[at].id), row.line)
            {
                classified.rejected.push(row.reject(same_contact(first)));
                continue;
            }
            match row.contact.apply(fields, self.rules.now) {
                Err(Rejection { field, reason }) => {
                    let column = field.map_or_else(|| "row".to_owned(), |field| mapping.name_of(field));
                    classified.rejected.push(row.reject(format!("{column}: {reason}")));
                }
                Ok((Effect::Unchanged, ..)) => classified.present += 1,
                Ok((effect, contact, changes)) => {
                    let id = format!("{} {contact}", customer.to_customer_id());
                    let change = RowChange { id, key: row.contact.key(), changes };
                    let now = self.rules.now;
                    classified.new.push(ContactWrite { customer, row, effect, change, now });
                }
            }
        }
        Ok(classified)
    }

    async fn commits(
        &mut self,
        _: &Target,
        new: Vec<ContactWrite>,
    ) -> Result<VecDeque<(CustomerNumber, Vec<ContactWrite>)>, StoreError> {
        let mut by_customer: BTreeMap<CustomerNumber, Vec<ContactWrite>> = BTreeMap::new();
        for write in new {
            by_customer.entry(write.customer).or_default().push(write);
        }
        Ok(by_customer.into_iter().collect())
    }

    fn expected(new: &[ContactWrite]) -> ImportCounts {
        let created = new.iter().filter(|write| write.effect == Effect::Created).count() as u64;
        ImportCounts { written: created, updated: new.len() as u64 - created, ..ImportCounts::default() }
    }

    fn changes(new: &[ContactWrite]) -> Vec<RowChange> {
        let updated = new.iter().filter(|write| write.effect == Effect::Updated);
        updated.map(|write| write.change.clone()).collect()
    }

    async fn commit(
        target: Target,
        (customer, writes): (CustomerNumber, Vec<ContactWrite>),
    ) -> Result<Committed, StoreError> {
        write::write(&target, customer, writes).await
    }

    fn findings(&self) -> Findings {
        self.findings
    }
}

impl ContactSession {
    /// Reads the fields of the customers that the rows name and that are not deleted.
    async fn records(
        &self,
        target: &Target,
        customers: &CustomersByText,
        rows: &[ContactRow],
    ) -> Result<HashMap<CustomerNumber, CustomerFields>, StoreError> {
        let numbers = rows.iter().filter_map(|row| customers.get(&row.contact.customer).ok());
        let uuids: BTreeSet<Uuid> = numbers.map(|number| target.tenant.customer_uuid(number)).collect();
        let get = || target.store.customers_by_uuid(&target.tenant, &uuids);
        let found = target.retry().run(target.store.ambient(), get).await?.into_values();
        let live = found.filter(|customer| customer.deleted_at.is_none());
        Ok(live.map(|customer| (customer.number, customer.fields)).collect())
    }
}
