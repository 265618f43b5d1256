//! One change of many customers: read in concurrent batches, written many to a transaction. Each record changes
//! entirely or not at all; the call as a whole is not atomic.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::Write;
use super::customer::next_version;
use super::email::needs_email_claim;
use super::entries::EntryChange;
use super::transaction::{Outcome, Step, Transaction};
use crate::model::{Customer, CustomerFields, CustomerNumber, Tenant};
use crate::rules::size;
use crate::store::calls::as_unavailable;
use crate::store::items::Item;
use crate::store::items::record::Record;
use crate::store::{Store, WriteAuthorization, WriteRules};
use crate::table::keys::Key;
use crate::{Error, Result};

/// How many lanes write concurrently, each in a slot of its own.
const LANES: usize = 4;

/// How a change of many customers ended.
#[derive(Debug, Default)]
pub struct Updated {
    /// The customers that are now as the change makes them, including those that were so before.
    pub updated: BTreeSet<CustomerNumber>,
    /// The customers that are not, and why.
    pub failed: BTreeMap<CustomerNumber, Error>,
}

/// A change of one customer, ready to be written with others.
struct BulkChange {
    old: Record,
    new: Customer,
    gained: Vec<Item>,
    step: Step,
}

/// A transaction over several records.
struct BulkTransaction<'a> {
    store: &'a Store,
    tenant: &'a Tenant,
    transaction: Transaction<'a>,
    /// The records as the steps write them.
    records: Vec<Record>,
}

/// Customers whose change is written, with obsolete terms that found no room, and customers to try again alone.
#[derive(Default)]
struct Written {
    done: Vec<(Record, Vec<Key>)>,
    to_retry: Vec<CustomerNumber>,
}

impl Store {
    /// Changes the fields of many customers that are not deleted. `change` receives the fields of each and returns the
    /// new ones. It can run more than once for a customer if other writers are faster.
    ///
    /// 500 customers take about ten calls if search terms stay, and one more for every 25 terms that are added. Customers
    /// that gain an email that must be unique are written one after the other.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] if nothing was written for lack of capacity, and [`Error::Unavailable`] if DynamoDB is
    /// throttling or cannot be reached and a part of the customers can be changed. Errors of one customer alone are in
    /// [`Updated::failed`].
    pub async fn customers_update(
        &self,
        tenant: &Tenant,
        numbers: &BTreeSet<CustomerNumber>,
        change: impl Fn(CustomerFields) -> Result<CustomerFields> + Send + Sync,
        authorization: WriteAuthorization<'_>,
    ) -> Result<Updated> {
        let (found, rules) = try_join(self.records_by_number(tenant, numbers), authorization).await?;
        let mut done = Updated::default();
        let missing = numbers.iter().filter(|number| !found.contains_key(number));
        done.failed.extend(missing.map(|number| (*number, Error::NotFound("Customer"))));
        let (mut changes, mut alone) = (Vec::new(), Vec::new());
        for (number, old) in found {
            match self.bulk_change(tenant, old, &change) {
                Ok(Some(change))
                    if rules.unique_email && needs_email_claim(&change.old.customer, &change.new) =>
                {
                    alone.push(number);
                }
                Ok(Some(change)) => changes.push(change),
                Ok(None) => drop(done.updated.insert(number)),
                Err(error) => drop(done.failed.insert(number, error)),
            }
        }
        let written = self.bulk_write(tenant, changes).await?;
        let mut has_written = !written.done.is_empty();
        alone.extend(written.to_retry);
        done.updated.extend(written.done.iter().map(|(record, _)| record.customer.number));
        let clean_ups = written
            .done
            .into_iter()
            .map(|(record, left_over)| self.terms_clean_up(tenant, record, left_over));
        let clean_ups: Vec<_> = clean_ups.collect();
        stream::iter(clean_ups).buffer_unordered(LANES).try_collect::<()>().await?;
        for number in alone {
            match self.change_alone(tenant, number, &change, rules).await {
                Ok(Ok(())) => drop(done.updated.insert(number)),
                Ok(Err(error)) => {
                    done.failed.insert(number, error);
                    continue;
                }
                Err(error) => return Err(if has_written { as_unavailable(error) } else { error }),
            }
            has_written = true;
        }
        Ok(done)
    }

    /// The change to be written for a customer; `None` if the change changes nothing.
    fn bulk_change(
        &self,
        tenant: &Tenant,
        old: Record,
        change: impl Fn(CustomerFields) -> Result<CustomerFields>,
    ) -> Result<Option<BulkChange>> {
        let fields = change(old.customer.fields.clone())?;
        if fields == old.customer.fields {
            return Ok(None);
        }
        size::check(&fields)?;
        let new = Customer { fields, ..old.customer.clone() };
        let new = next_version(&old.customer, new, self.ambient.now());
        let mut entries = EntryChange::between(tenant, &old.customer, &new);
        let gained = std::mem::take(&mut entries.gained);
        let step = self.with_entries(self.record_step(tenant, Some(&old), &new)?, entries)?;
        Ok(Some(BulkChange { old, new, gained, step }))
    }

    /// Writes changes in order of number, in transactions that run concurrently, each in a slot of its own.
    async fn bulk_write(&self, tenant: &Tenant, mut changes: Vec<BulkChange>) -> Result<Written> {
        let gained = changes.iter_mut().flat_map(|change| std::mem::take(&mut change.gained)).collect();
        self.items_put(gained).await?;
        let transactions: Vec<_> =
            self.bulk_transactions(tenant, changes).into_iter().map(BulkTransaction::write).collect();
        // Of several transactions, others can be written when one fails.
        let is_one = transactions.len() == 1;
        let failed = |error| if is_one { error } else { as_unavailable(error) };
        let mut writes = stream::iter(transactions).buffer_unordered(LANES);
        let mut written = Written::default();
        while let Some(one) = writes.try_next().await.map_err(failed)? {
            written.done.extend(one.done);
            written.to_retry.extend(one.to_retry);
        }
        Ok(written)
    }

    /// Distributes changes over as few transactions as DynamoDB's limits allow.
    fn bulk_transactions<'a>(
        &'a self,
        tenant: &'a Tenant,
        changes: Vec<BulkChange>,
    ) -> Vec<BulkTransaction<'a>> {
        let mut all: Vec<BulkTransaction<'a>> = Vec::new();
        for BulkChange { old, new, step, .. } in changes {
            let record = Record { customer: new, terms: old.terms };
            let step = match all.last_mut() {
                None => step,
                Some(last) => match last.transaction.add(step) {
                    Err(step) => *step,
                    Ok(()) => {
                        last.records.push(record);
                        continue;
                    }
                },
            };
            let transaction = Transaction::of(self, tenant, step);
            all.push(BulkTransaction { store: self, tenant, transaction, records: vec![record] });
        }
        all
    }

    /// Changes one customer alone; the inner result is what is wrong with it.
    async fn change_alone(
        &self,
        tenant: &Tenant,
        number: CustomerNumber,
        change: impl Fn(CustomerFields) -> Result<CustomerFields> + Send + Sync,
        rules: WriteRules,
    ) -> Result<Result<()>> {
        let uuid = tenant.customer_uuid(number);
        match self.customer_update(tenant, uuid, change, Write::under(rules)).await {
            Ok(_) => Ok(Ok(())),
            Err(
                error @ (Error::NotFound(_) | Error::Invalid(_) | Error::Conflict(_) | Error::DuplicateEmail),
            ) => Ok(Err(error)),
            Err(error) => Err(error),
        }
    }
}

impl BulkTransaction<'_> {
    /// Writes all records whose guards hold. The others are left to be tried again, each alone.
    async fn write(mut self) -> Result<Written> {
        let mut lane = self.store.lane(self.tenant).await?;
        let mut to_retry = Vec::new();
        while !self.records.is_empty() {
            match self.transaction.commit(&mut lane).await {
                Ok(Outcome::Applied { left_over }) => {
                    return Ok(Written { done: self.records.into_iter().zip(left_over).collect(), to_retry });
                }
                Ok(Outcome::Refused(refused)) => {
                    let is_refused = |at: usize| refused.iter().any(|(step, _)| *step == at);
                    self.transaction = self.transaction.without(&refused);
                    for (at, record) in std::mem::take(&mut self.records).into_iter().enumerate() {
                        if is_refused(at) {
                            to_retry.push(record.customer.number);
                        } else {
                            self.records.push(record);
                        }
                    }
                }
                // One of the records is too large. Which one shows when each is written alone.
                Err(Error::Invalid(_)) => {
                    to_retry.extend(self.records.drain(..).map(|record| record.customer.number));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Written { done: Vec::new(), to_retry })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ambient;
    use crate::model::{Mode, Timestamp};
    use crate::store::items::text;
    use crate::table::connect::Connection;
    use crate::table::keys;

    fn change(store: &Store, tenant: &Tenant, number: u64, bytes: usize, obsolete: usize) -> BulkChange {
        let number = CustomerNumber::new(number).unwrap();
        let now = Timestamp::from_millis(0);
        let fields = CustomerFields { notes: Some("n".repeat(bytes)), ..CustomerFields::default() };
        let customer = super::super::customer::new_customer(tenant, number, now, fields);
        let old = Record { customer: customer.clone(), terms: 0 };
        let term = |term| keys::term(tenant, customer.uuid, &format!("term{term}"));
        let obsolete = (0..obsolete).map(term).collect();
        let step = Step { obsolete, ..store.record_step(tenant, Some(&old), &customer).unwrap() };
        BulkChange { old, new: customer, gained: vec![Item::from([("pk".to_owned(), text("x"))])], step }
    }

    #[track_caller]
    fn check(changes: &[(usize, usize)], expected: &[usize]) {
        let client = Connection::local("http://127.0.0.1:1").client().unwrap();
        let store = Store::new(client, "t", Ambient::system());
        let tenant = Tenant::new(&"t".parse().unwrap(), Mode::Live);
        let changes = changes.iter().zip(1..);
        let changes =
            changes.map(|((bytes, obsolete), number)| change(&store, &tenant, number, *bytes, *obsolete));
        let counts: Vec<usize> = store
            .bulk_transactions(&tenant, changes.collect())
            .iter()
            .map(|transaction| transaction.records.len())
            .collect();
        assert_eq!(counts, expected);
    }

    #[test]
    fn transactions_keep_the_limits_of_dynamodb() {
        check(&[], &[]);
        check(&[(100, 0); 200], &[98, 98, 4]);
        check(&[(100, 5); 40], &[16, 16, 8]);
        // Many obsolete terms that find no room go in transactions of their own.
        check(&[(100, 300); 5], &[5]);
        check(&[(390_000, 0); 20], &[7, 7, 6]);
    }
}
