//! One change of many customers: read in batches side by side, written many to a transaction. Each record is
//! changed wholly or not at all; the call as a whole is not atomic.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::TransactWriteItem;
use futures::future::try_join;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::commit::MAX_ITEMS;
use super::counts::CounterDelta;
use super::unique_email::needs_email_claim;
use super::{Item, Store, Write, WriteAuthorization, WriteRules, item, terms};
use crate::model::{Customer, CustomerFields, CustomerNumber, Tenant};
use crate::table::keys::{self, Key};
use crate::{Error, Result};

/// How many bytes of records one transaction takes; DynamoDB's limit is 4 MB.
const MAX_BYTES: usize = 3_000_000;

/// How many transactions are written side by side.
const MAX_CONCURRENT: usize = 4;

/// How a change of many customers ended.
#[derive(Debug, Default)]
pub struct Updated {
    /// Who is as the change wants it: changed, or so before.
    pub updated: BTreeSet<CustomerNumber>,
    /// Who is not, and why.
    pub failed: BTreeMap<CustomerNumber, Error>,
}

/// A record on its way into a transaction.
struct Change {
    old: Customer,
    new: Customer,
    item: Item,
    obsolete_terms: Vec<Key>,
}

impl Change {
    /// How many items of a transaction it takes.
    fn items(&self) -> usize {
        1 + self.obsolete_terms.len()
    }
}

impl Store {
    /// Changes the fields of many customers that are not deleted. `change` is given the fields of each and returns
    /// what they become; it may run more than once for a customer, when other writers are faster.
    ///
    /// 500 customers take some ten calls where search terms stay, and one more for every 25 terms that come. Those
    /// that come to have an email which nobody else may have are written one after the other.
    ///
    /// # Errors
    /// Those of the calls; what is wrong with one customer alone is told beside it.
    pub async fn customers_update(
        &self,
        tenant: &Tenant,
        numbers: &BTreeSet<CustomerNumber>,
        change: impl Fn(CustomerFields) -> Result<CustomerFields> + Send + Sync,
        authorization: WriteAuthorization<'_>,
    ) -> Result<Updated> {
        let (found, rules) = try_join(self.customers_by_number(tenant, numbers), authorization).await?;
        let mut done = Updated::default();
        let missing = numbers.iter().filter(|number| !found.contains_key(number));
        done.failed.extend(missing.map(|number| (*number, Error::NotFound("Customer"))));
        let (mut changes, mut alone) = (Vec::new(), Vec::new());
        for (number, old) in found {
            match self.change_of(tenant, old, &change) {
                Ok(Some(change)) if rules.unique_email && needs_email_claim(&change.old, &change.new) => {
                    alone.push(number)
                }
                Ok(Some(change)) => changes.push(change),
                Ok(None) => drop(done.updated.insert(number)),
                Err(error) => drop(done.failed.insert(number, error)),
            }
        }
        let writes: Vec<_> =
            transactions(changes).into_iter().map(|changes| self.changes_write(tenant, changes)).collect();
        let mut writes = stream::iter(writes).buffer_unordered(MAX_CONCURRENT);
        while let Some(written) = writes.try_next().await? {
            done.updated.extend(written.done);
            alone.extend(written.to_retry);
        }
        for number in alone {
            match self.change_alone(tenant, number, &change, rules).await? {
                Ok(()) => drop(done.updated.insert(number)),
                Err(error) => drop(done.failed.insert(number, error)),
            }
        }
        Ok(done)
    }

    /// The customers with these numbers that are not deleted.
    pub(super) async fn customers_by_number(
        &self,
        tenant: &Tenant,
        numbers: &BTreeSet<CustomerNumber>,
    ) -> Result<BTreeMap<CustomerNumber, Customer>> {
        let key = |number: &CustomerNumber| keys::customer(tenant, tenant.customer_uuid(*number));
        let keys: Vec<Key> = numbers.iter().map(key).collect();
        let customers = self.items_of(&keys).await?.into_iter().map(item::to_customer);
        customers
            .filter(|customer| customer.as_ref().map_or(true, |customer| customer.deleted_at.is_none()))
            .map(|customer| customer.map(|customer| (customer.number, customer)))
            .collect()
    }

    /// What is to be written of a customer; `None` when it is as the change wants it.
    fn change_of(
        &self,
        tenant: &Tenant,
        old: Customer,
        change: impl Fn(CustomerFields) -> Result<CustomerFields>,
    ) -> Result<Option<Change>> {
        let fields = change(old.fields.clone())?;
        if fields == old.fields {
            return Ok(None);
        }
        let new =
            Customer { fields, version: old.version + 1, updated_at: self.ambient.now(), ..old.clone() };
        let (had, needs) = (terms::of(&old), terms::of(&new));
        let obsolete_terms = had.difference(&needs).map(|term| keys::term(tenant, old.uuid, term)).collect();
        let item = item::from_customer(tenant, &new)?;
        Ok(Some(Change { old, new, item, obsolete_terms }))
    }

    /// Writes changes in one transaction; those that are not as they were read are left out, to be tried alone.
    async fn changes_write(&self, tenant: &Tenant, mut changes: Vec<Change>) -> Result<Outcome> {
        let mut to_retry = Vec::new();
        self.items_put(changes.iter().flat_map(|change| gained_terms(tenant, change)).collect()).await?;
        while !changes.is_empty() {
            let mut fixed: Vec<TransactWriteItem> = Vec::new();
            let mut places = Vec::new();
            let mut counts = CounterDelta::default();
            for change in &changes {
                places.push(fixed.len());
                fixed.push(self.record_put(change.item.clone(), Some(&change.old))?);
                // As in a single commit, terms that find no place stay, and match nothing.
                for key in change.obsolete_terms.iter().take(MAX_ITEMS - 2) {
                    fixed.push(self.delete(key)?);
                }
                counts.record_move(Some(change.old.cell()), Some(change.new.cell()));
            }
            let lost = match self.transact(tenant, &fixed, &counts).await {
                Ok(lost) => lost,
                // One of the records is too large: which one shows when each is written alone.
                Err(Error::Invalid(_)) => places.clone(),
                Err(error) => return Err(error),
            };
            let numbers = changes.iter().map(|change| change.new.number);
            if lost.is_empty() {
                return Ok(Outcome { done: numbers.collect(), to_retry });
            }
            let lost: BTreeSet<CustomerNumber> =
                numbers.zip(&places).filter(|(_, at)| lost.contains(at)).map(|(number, _)| number).collect();
            changes.retain(|change| !lost.contains(&change.new.number));
            to_retry.extend(lost);
        }
        Ok(Outcome { done: Vec::new(), to_retry })
    }

    /// Changes one customer by itself; the inner result is what is wrong with it alone.
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
            Err(error @ (Error::NotFound(_) | Error::Invalid(_) | Error::Conflict(_))) => Ok(Err(error)),
            Err(error) => Err(error),
        }
    }
}

/// How a transaction ended.
struct Outcome {
    done: Vec<CustomerNumber>,
    to_retry: Vec<CustomerNumber>,
}

/// The items that put a customer into the index under the terms it gains.
fn gained_terms(tenant: &Tenant, change: &Change) -> Vec<Item> {
    let (had, needs) = (terms::of(&change.old), terms::of(&change.new));
    let gained = needs.difference(&had);
    gained.map(|term| terms::item(tenant, change.new.uuid, change.new.number, term)).collect()
}

/// Shares changes out so that each transaction is within DynamoDB's limits, one place left for the counters.
fn transactions(changes: Vec<Change>) -> Vec<Vec<Change>> {
    let mut all: Vec<Vec<Change>> = Vec::new();
    let (mut items, mut bytes) = (0, 0);
    for change in changes {
        let size = item::size(&change.item);
        let fits = items + change.items() < MAX_ITEMS && bytes + size <= MAX_BYTES;
        match all.last_mut().filter(|_| fits) {
            Some(last) => {
                items += change.items();
                bytes += size;
                last.push(change);
            }
            None => {
                (items, bytes) = (change.items(), size);
                all.push(vec![change]);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Mode, Timestamp};

    fn change(bytes: usize, obsolete: usize) -> Change {
        let tenant = Tenant::new(&"t".parse().unwrap(), Mode::Live);
        let now = Timestamp::from_millis(0);
        let customer = Customer {
            number: CustomerNumber::MAX,
            uuid: uuid::Uuid::nil(),
            version: 1,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            fields: CustomerFields::default(),
        };
        let item = Item::from([("notes".to_owned(), super::super::text("n".repeat(bytes)))]);
        let term = |number| keys::term(&tenant, customer.uuid, &format!("term{number}"));
        let obsolete_terms = (0..obsolete).map(term).collect();
        Change { old: customer.clone(), new: customer, item, obsolete_terms }
    }

    #[track_caller]
    fn check(changes: Vec<Change>, expected: &[usize]) {
        let counts: Vec<usize> = transactions(changes).iter().map(Vec::len).collect();
        assert_eq!(counts, expected);
    }

    #[test]
    fn a_transaction_holds_what_dynamodb_takes() {
        check(Vec::new(), &[]);
        check((0..200).map(|_| change(100, 0)).collect(), &[99, 99, 2]);
        check((0..5).map(|_| change(100, 49)).collect(), &[1, 1, 1, 1, 1]);
        check((0..5).map(|_| change(100, 32)).collect(), &[3, 2]);
        check(vec![change(100, 0), change(100, 300), change(100, 0)], &[1, 1, 1]);
        check((0..20).map(|_| change(390_000, 0)).collect(), &[7, 7, 6]);
    }
}
