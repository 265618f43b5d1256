//! The classification of rows: which of them are new, which change a customer, and which say nothing new.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use clientele_shared::Result;
use clientele_shared::model::{Customer, CustomerNumber};
use clientele_shared::store::RowKey;
use uuid::Uuid;

use super::fields::Field;
use super::key::Key;
use super::merge::{changes, is_nameless, merged};
use super::row::NAMELESS;
use super::update::RowUpdate;
use super::{CustomerSession, GoodRow, NewRow};
use crate::import::import_kind::{Classified, Target};
use crate::import::mapping::Mapping;
use crate::import::named_customers::by_email;
use crate::import::outcome::RowChange;

/// Maximum number of ids shown for customers that share a key.
const MAX_IDS_SHOWN: usize = 5;

/// The customers that the rows of a batch name.
struct Matches {
    /// Whether the customer that a row was imported as precedes those with its key.
    prefers_imported: bool,
    /// The customer of each row that was imported.
    imported: BTreeMap<RowKey, CustomerNumber>,
    /// The customers with each value of the key.
    by_key: HashMap<String, Vec<CustomerNumber>>,
    /// The customers themselves, deleted ones too.
    customers: BTreeMap<Uuid, Customer>,
}

impl Matches {
    /// Returns the customers that a row names.
    fn of(&self, row: &GoodRow, mark: &RowKey) -> Vec<CustomerNumber> {
        let by_key = row.key.as_ref().and_then(|key| self.by_key.get(key)).cloned().unwrap_or_default();
        match self.imported.get(mark) {
            Some(number) if by_key.is_empty() || self.prefers_imported => vec![*number],
            _ => by_key,
        }
    }
}

/// Returns why a row that several customers match is rejected.
fn ambiguous(numbers: &[CustomerNumber]) -> String {
    let sorted: BTreeSet<&CustomerNumber> = numbers.iter().collect();
    let mut ids: Vec<String> =
        sorted.into_iter().take(MAX_IDS_SHOWN).map(|number| number.to_customer_id()).collect();
    if numbers.len() > MAX_IDS_SHOWN {
        ids.push("…".into());
    }
    format!(
        "is that of {} customers: {}; change one of them by its id in a column `id`, with --key id",
        numbers.len(),
        ids.join(", ")
    )
}

impl CustomerSession {
    pub(super) async fn classify_rows(
        &mut self,
        target: &Target,
        mapping: &Mapping<Field>,
        rows: Vec<GoodRow>,
    ) -> Result<Classified<NewRow>> {
        self.tags.allow_many(mapping.is_export());
        let marks: Vec<RowKey> = rows.iter().map(|row| RowKey::new(&self.source, &row.id)).collect();
        let matches = self.matches(target, &rows, &marks).await?;
        let mut classified = Classified { new: Vec::new(), present: 0, rejected: Vec::new() };
        for (mark, row) in marks.into_iter().zip(rows) {
            match matches.of(&row, &mark).as_slice() {
                [] if self.update && is_nameless(&row.customer.fields) && !mapping.is_export() => {
                    let reason = format!("row: no customer has this {}, and it {NAMELESS}", self.key_name());
                    classified.rejected.push(row.reject(reason));
                }
                [] => classified.new.push(NewRow::Create(mark, Box::new(row))),
                [number] => {
                    let customer = matches.customers.get(&target.tenant.customer_uuid(*number)).cloned();
                    self.classify_known(target, mapping, (*number, customer), row, &mut classified).await?;
                }
                several if self.update => {
                    let reason = format!("{}: {}", mapping.name_of(self.key_field()), ambiguous(several));
                    classified.rejected.push(row.reject(reason));
                }
                _ => classified.present += 1,
            }
        }
        Ok(classified)
    }

    /// Classifies a row of a customer that exists.
    async fn classify_known(
        &mut self,
        target: &Target,
        mapping: &Mapping<Field>,
        (number, customer): (CustomerNumber, Option<Customer>),
        row: GoodRow,
        classified: &mut Classified<NewRow>,
    ) -> Result<()> {
        let live = customer.filter(|customer| customer.deleted_at.is_none());
        let Some(customer) = live else {
            if self.update {
                let id = number.to_customer_id();
                let reason = format!("row: its customer {id} is deleted; restore {id}, or remove the row");
                classified.rejected.push(row.reject(reason));
            } else {
                classified.present += 1;
            }
            return Ok(());
        };
        let names = self.tags.names(target).await?;
        let set = self.set_by(mapping, &row.customer);
        let old = &customer.fields;
        let new = merged(old, &row.customer, set, &names, self.rules.now);
        let changes = changes(old, &new, &row.customer, set, &names);
        if changes.is_empty() {
            classified.present += 1;
        } else if !self.update {
            classified.present += 1;
            self.findings.differing += 1;
        } else if is_nameless(&new) && !is_nameless(old) {
            classified.rejected.push(row.reject(format!("row: the customer {NAMELESS}")));
        } else {
            let key = row.key.clone().unwrap_or_else(|| row.id.clone());
            let change = RowChange { id: number.to_customer_id(), key, changes };
            let now = self.rules.now;
            classified.new.push(NewRow::Update(Box::new(RowUpdate { number, row, set, names, change, now })));
        }
        Ok(())
    }

    async fn matches(&self, target: &Target, rows: &[GoodRow], marks: &[RowKey]) -> Result<Matches> {
        let (store, tenant) = (&target.store, &target.tenant);
        let get_imported = || store.imported_rows_get(tenant, marks);
        let imported = target.retry().run(store.ambient(), get_imported).await?;
        let mut by_key = self.by_key(target, rows).await?;
        let named = self.uuids(rows);
        let numbers = imported.values().chain(by_key.values().flatten());
        let uuids =
            numbers.map(|number| tenant.customer_uuid(*number)).chain(named.values().copied()).collect();
        let get_customers = || store.customers_by_uuid(tenant, &uuids);
        let customers = target.retry().run(store.ambient(), get_customers).await?;
        let live = |uuid: &Uuid| customers.get(uuid).filter(|customer| customer.deleted_at.is_none());
        for (value, uuid) in named {
            by_key.entry(value).or_default().extend(live(&uuid).map(|customer| customer.number));
        }
        if let Some(key) = self.key {
            // An index can be out of date: the record decides.
            for (value, numbers) in &mut by_key {
                let has_value =
                    |customer: &Customer| key == Key::Id || key.of(customer).as_ref() == Some(value);
                numbers.retain(|number| live(&tenant.customer_uuid(*number)).is_some_and(has_value));
            }
        }
        Ok(Matches { prefers_imported: self.key == Some(Key::Id), imported, by_key, customers })
    }

    /// Returns the customers with the rows' values of the key, as far as an index or the value itself tells.
    async fn by_key(
        &self,
        target: &Target,
        rows: &[GoodRow],
    ) -> Result<HashMap<String, Vec<CustomerNumber>>> {
        let values = rows.iter().filter_map(|row| row.key.clone());
        match self.key {
            None => Ok(HashMap::new()),
            Some(Key::Id) => {
                let number = |value: String| {
                    CustomerNumber::from_customer_id(&value).map(|number| (value, vec![number]))
                };
                Ok(values.filter_map(number).collect())
            }
            Some(Key::Email) => Ok(by_email(target, values.collect()).await?.into_iter().collect()),
            Some(Key::Phone | Key::QuickbooksId | Key::TaxId) => {
                Ok(values.map(|value| (value.clone(), self.index.get(&value))).collect())
            }
        }
    }

    /// Returns the rows' ids that are uuids.
    fn uuids(&self, rows: &[GoodRow]) -> BTreeMap<String, Uuid> {
        let ids = rows.iter().filter(|_| self.key == Some(Key::Id)).filter_map(|row| row.key.as_ref());
        ids.filter_map(|id| Some((id.clone(), Uuid::try_parse(id).ok()?))).collect()
    }

    fn key_field(&self) -> Field {
        self.key.unwrap_or(Key::Id).field()
    }

    fn key_name(&self) -> String {
        self.key.unwrap_or(Key::Id).to_string()
    }
}
