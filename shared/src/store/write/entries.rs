//! Search entries next to a record: those that a change adds are put before the commit, obsolete ones are deleted in it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use futures::future::try_join;
use uuid::Uuid;

use super::transaction::{Guard, Outcome, Step, Transaction};
use crate::model::{Customer, CustomerNumber, Figures, Tenant};
use crate::rules::entries::{self, Sort, SortValue, sort_value};
use crate::store::Store;
use crate::store::calls::contended;
use crate::store::items::record::{Record, TERMS};
use crate::store::items::{Item, figures, key_item, number, text, text_in};
use crate::table::keys::{self, Key, attribute};
use crate::{Error, Result};

/// A customer's terms and marks: the partition and sort key of by-search, by the sort key of the item.
type Terms = BTreeMap<String, (String, String)>;

fn terms_of(tenant: &Tenant, customer: &Customer) -> Terms {
    let (uuid, number) = (customer.uuid, customer.number);
    let terms = entries::terms(customer).into_iter().map(|term| {
        let place = (keys::search_partition(tenant, &term), keys::search_sort(&term, number));
        (keys::term(tenant, uuid, &term).sk, place)
    });
    let marks = entries::marks(customer).into_iter().map(|mark| {
        let sort = keys::value_sort(&mark.value, number.get().into());
        (keys::mark(tenant, uuid, &mark).sk, (keys::mark_partition(tenant, mark.kind), sort))
    });
    terms.chain(marks).collect()
}

fn entry_item(key: &Key, search_pk: &str, search_sk: &str) -> Item {
    let mut item = key_item(key);
    item.insert(attribute::SEARCH_PK.into(), text(search_pk));
    item.insert(attribute::SEARCH_SK.into(), text(search_sk));
    item
}

fn term_item(tenant: &Tenant, uuid: Uuid, sk: &str, (search_pk, search_sk): &(String, String)) -> Item {
    let key = Key { pk: keys::customer_partition(tenant, uuid), sk: sk.to_owned() };
    entry_item(&key, search_pk, search_sk)
}

/// The entry of a customer in one order; `None` for orders whose entries are the record or the figures themselves.
fn sort_item(
    tenant: &Tenant,
    uuid: Uuid,
    number: CustomerNumber,
    sort: Sort,
    value: &SortValue,
) -> Option<Item> {
    let name = sort.entry_name()?;
    let key = keys::sort_entry(tenant, uuid, name);
    let sort = keys::value_sort(value.as_str(), number.get().into());
    Some(entry_item(&key, &keys::sort_partition(tenant, name), &sort))
}

/// Everything about a customer in by-search except its record: terms, marks, sort entries and figures. A new customer
/// gets all of it before its record, so that every list has it once the record is there.
pub(in crate::store) fn entry_items(tenant: &Tenant, customer: &Customer) -> Result<Vec<Item>> {
    let none = Figures::default();
    let (uuid, number) = (customer.uuid, customer.number);
    let mut items = term_items(tenant, customer);
    for sort in Sort::TEXTS.into_iter().chain([Sort::OrdersCount]) {
        let value = sort_value(sort, customer, &none);
        items.extend(value.and_then(|value| sort_item(tenant, uuid, number, sort, &value)));
    }
    items.push(figures::from_figures(tenant, number, &none)?);
    Ok(items)
}

/// The entry of a customer in the order by number of orders.
pub(super) fn orders_count_item(
    tenant: &Tenant,
    uuid: Uuid,
    number: CustomerNumber,
    figures: &Figures,
) -> Option<Item> {
    sort_item(tenant, uuid, number, Sort::OrdersCount, &SortValue::count(figures.orders))
}

/// The terms and marks of a customer.
pub(in crate::store) fn term_items(tenant: &Tenant, customer: &Customer) -> Vec<Item> {
    let terms = terms_of(tenant, customer);
    terms.iter().map(|(sk, place)| term_item(tenant, customer.uuid, sk, place)).collect()
}

/// How the search entries of a customer change.
#[derive(Debug, Default)]
pub(in crate::store) struct EntryChange {
    /// Terms and marks to be put before the commit.
    pub(in crate::store) gained: Vec<Item>,
    /// Terms and marks to be deleted in the commit, as far as a comparison of the two records shows.
    pub(in crate::store) obsolete: Vec<Key>,
    /// Sort entries to be put in the commit.
    pub(in crate::store) sorts: Vec<Item>,
}

impl EntryChange {
    pub(in crate::store) fn between(tenant: &Tenant, old: &Customer, new: &Customer) -> Self {
        let (had, needs) = (terms_of(tenant, old), terms_of(tenant, new));
        let pk = keys::customer_partition(tenant, old.uuid);
        let gained = needs.iter().filter(|(sk, _)| !had.contains_key(*sk));
        let obsolete = had.keys().filter(|sk| !needs.contains_key(*sk));
        let none = Figures::default();
        let changed = Sort::TEXTS.into_iter().filter_map(|sort| {
            let value = sort_value(sort, new, &none)?;
            let item = sort_item(tenant, new.uuid, new.number, sort, &value);
            item.filter(|_| sort_value(sort, old, &none).as_ref() != Some(&value))
        });
        Self {
            gained: gained.map(|(sk, place)| term_item(tenant, new.uuid, sk, place)).collect(),
            obsolete: obsolete.map(|sk| Key { pk: pk.clone(), sk: sk.clone() }).collect(),
            sorts: changed.collect(),
        }
    }
}

impl Store {
    /// Prepares the index for a changed customer: puts the terms and marks it gains, and returns the obsolete ones for the
    /// commit to delete. Those that an interrupted write left behind are among them.
    pub(in crate::store) async fn terms_reconcile(
        &self,
        tenant: &Tenant,
        new: &Customer,
        change: &mut EntryChange,
    ) -> Result<()> {
        let gained = std::mem::take(&mut change.gained);
        if !gained.is_empty() || !change.obsolete.is_empty() {
            let obsolete = self.terms_obsolete(tenant, new);
            ((), change.obsolete) = try_join(self.items_put(gained), obsolete).await?;
        }
        Ok(())
    }

    /// The keys of the terms and marks next to a record that the customer does not need, whichever write put them there.
    async fn terms_obsolete(&self, tenant: &Tenant, customer: &Customer) -> Result<Vec<Key>> {
        let needs = terms_of(tenant, customer);
        let pk = keys::customer_partition(tenant, customer.uuid);
        let query = self
            .partition_query(&pk)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :term)")
            .expression_attribute_names("#sk", attribute::SK)
            .expression_attribute_values(":term", text(keys::TERM_PREFIX))
            .projection_expression("#pk, #sk")
            .consistent_read(true);
        let mut obsolete = Vec::new();
        for item in self.query_items(query, "reading a customer's search terms").await? {
            let sk = text_in(&item, attribute::SK)?;
            if !needs.contains_key(sk) {
                obsolete.push(Key { pk: pk.clone(), sk: sk.to_owned() });
            }
        }
        Ok(obsolete)
    }

    /// Deletes the obsolete terms that a commit had no room for, some hundred to a transaction.
    ///
    /// The commit took effect, so it is not reported as failed if DynamoDB is throttling or cannot be reached now. The
    /// terms that are left match nothing, and the customer's next change of terms deletes them.
    pub(in crate::store) async fn terms_clean_up(
        &self,
        tenant: &Tenant,
        record: Record,
        left_over: Vec<Key>,
    ) -> Result<()> {
        match self.terms_delete(tenant, record, left_over).await {
            Err(Error::Throttled { .. } | Error::Unavailable { .. }) => Ok(()),
            ended => ended,
        }
    }

    /// Each transaction raises the record's counter of clean-ups and leaves its version alone. A writer that has put
    /// one of the terms again loses its commit by that, and puts it again.
    async fn terms_delete(&self, tenant: &Tenant, mut record: Record, mut left_over: Vec<Key>) -> Result<()> {
        let mut attempts = self.attempts();
        while !left_over.is_empty() {
            let step = Step { obsolete: left_over, ..Step::default() };
            let step = step.guarded(self.terms_update(tenant, &record)?, Guard::Unchanged);
            match Transaction::of(self, tenant, step).commit_unlogged().await? {
                Outcome::Applied { left_over: mut rest } => {
                    record.terms += 1;
                    left_over = rest.pop().unwrap_or_default();
                }
                Outcome::Refused(_) => {
                    attempts.back_off(contended).await?;
                    let Some(changed) = self.record_get(tenant, record.customer.uuid).await? else {
                        return Ok(());
                    };
                    left_over = self.terms_obsolete(tenant, &changed.customer).await?;
                    record = changed;
                }
            }
        }
        Ok(())
    }

    fn terms_update(&self, tenant: &Tenant, record: &Record) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&*self.table)
            .set_key(Some(key_item(&keys::customer(tenant, record.customer.uuid))))
            .update_expression("SET #terms = :next")
            .condition_expression(record_condition(record))
            .expression_attribute_names("#version", "version")
            .expression_attribute_names("#terms", TERMS)
            .expression_attribute_values(":next", number(record.terms + 1))
            .expression_attribute_values(":version", number(record.customer.version))
            .expression_attribute_values(":terms", number(record.terms))
            .build()
            .map_err(|e| Error::internal("building the update of a record", e))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// Holds if the record is at the version and clean-up at which it was read.
pub(in crate::store) fn record_condition(record: &Record) -> &'static str {
    if record.terms == 0 {
        // `:terms` is 0: no record stores it, but DynamoDB wants every value to be used.
        "#version = :version AND (attribute_not_exists(#terms) OR #terms = :terms)"
    } else {
        "#version = :version AND #terms = :terms"
    }
}
