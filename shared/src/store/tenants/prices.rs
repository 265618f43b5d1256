//! Prices: a tenant's price list in one partition, and each customer's own prices next to its record. Both
//! are ordered by product and day, so that a single pass that reads the two concurrently yields what the
//! customer pays.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures::future::try_join_all;
use uuid::Uuid;

use crate::model::{Date, Price, PriceEntry, PriceOwner, ProductId, Tenant};
use crate::rules::pricing::{PricedProduct, effective_price, resolve_price};
use crate::store::Store;
use crate::store::calls::failed;
use crate::store::items::{Item, key_item, text, text_in};
use crate::store::log::entry::Change;
use crate::store::write::transaction::{Step, Transaction};
use crate::table::keys::{self, Key, attribute};
use crate::{Error, Result};

/// Number of prices per query of one partition.
const PRICES_AT_A_TIME: i32 = 1_000;

/// Number of products that [`Pricing::next`] returns at a time.
const PRODUCTS_AT_A_TIME: usize = 500;

impl Store {
    /// Puts prices, some 90 to a commit; not atomic. A price of the same owner, product and first day is replaced, so a
    /// repeated call changes nothing. If two of the entries are such a pair, the later one wins.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached. A part of
    /// the prices can be written then: put all of them again.
    pub async fn prices_put(&self, tenant: &Tenant, entries: &[PriceEntry]) -> Result<()> {
        let mut steps = BTreeMap::new();
        for entry in entries {
            let key = key(tenant, entry);
            let customer = match entry.owner {
                PriceOwner::List => None,
                PriceOwner::Customer(uuid) => Some(uuid),
            };
            let change = Change::Price { customer, product: entry.product.clone() };
            let writes = vec![self.put_always(item(&key, &entry.price)?)?];
            steps.insert((key.pk, key.sk), Step { writes, changes: vec![change], ..Step::default() });
        }
        let mut lane = self.lane(tenant).await?;
        let mut transaction = Transaction::new(self, tenant);
        for step in steps.into_values() {
            if let Err(step) = transaction.add(step) {
                transaction.commit(&mut lane).await?;
                transaction = Transaction::of(self, tenant, *step);
            }
        }
        if !transaction.is_empty() {
            transaction.commit(&mut lane).await?;
        }
        Ok(())
    }

    /// Returns those of the prices that the table lacks or holds with another value, in their order.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached,
    /// and [`Error::Internal`] for any other failure.
    pub async fn prices_changed(&self, tenant: &Tenant, entries: Vec<PriceEntry>) -> Result<Vec<PriceEntry>> {
        let stored = self.prices_stored(tenant, &entries).await?;
        let changed =
            entries.into_iter().zip(stored).filter(|(entry, stored)| stored.as_ref() != Some(&entry.price));
        Ok(changed.map(|(entry, _)| entry).collect())
    }

    /// Returns what the table holds for each of the prices, in their order; `None` if it has no price of this owner, product
    /// and first day.
    ///
    /// # Errors
    /// Returns the errors of [`Self::prices_changed`].
    pub async fn prices_stored(&self, tenant: &Tenant, entries: &[PriceEntry]) -> Result<Vec<Option<Price>>> {
        let named: BTreeSet<(String, String)> =
            entries.iter().map(|entry| key(tenant, entry)).map(|key| (key.pk, key.sk)).collect();
        let keys: Vec<Key> = named.into_iter().map(|(pk, sk)| Key { pk, sk }).collect();
        let mut stored = BTreeMap::new();
        for item in self.items_get(&keys).await? {
            let (pk, sk) =
                (text_in(&item, attribute::PK)?.to_owned(), text_in(&item, attribute::SK)?.to_owned());
            stored.insert((pk, sk), to_price(item)?);
        }
        let of_entry = |entry: &PriceEntry| {
            let key = key(tenant, entry);
            stored.get(&(key.pk, key.sk)).cloned()
        };
        Ok(entries.iter().map(of_entry).collect())
    }

    /// Returns what a customer pays on a day. Nothing is read until [`Pricing::next`] is called. Whether the
    /// customer exists is not checked; an unknown customer pays list prices.
    #[must_use]
    pub fn pricing(&self, tenant: &Tenant, customer: Uuid, day: Date) -> Pricing {
        let list = Source::of(tenant, PriceOwner::List);
        Pricing { store: self.clone(), day, list, own: Source::of(tenant, PriceOwner::Customer(customer)) }
    }

    /// Returns all prices of an owner. Nothing is read until [`PricePages::next`] is called.
    #[must_use]
    pub fn price_pages(&self, tenant: &Tenant, owner: PriceOwner) -> PricePages {
        PricePages { store: self.clone(), owner, source: Source::of(tenant, owner) }
    }

    /// The next prices of one partition, strongly consistent.
    async fn prices_read(&self, source: &mut Source) -> Result<()> {
        let resume = match &source.next {
            Next::After(resume) => Some(resume.clone()),
            Next::Start | Next::Done => None,
        };
        let answer = self
            .partition_query(&source.partition)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :price)")
            .expression_attribute_names("#sk", attribute::SK)
            .expression_attribute_values(":price", text(keys::PRICE_PREFIX))
            .consistent_read(true)
            .limit(PRICES_AT_A_TIME)
            .set_exclusive_start_key(resume)
            .send()
            .await
            .map_err(|e| failed("reading prices", e))?;
        for item in answer.items.unwrap_or_default() {
            source.prices.push_back((product_in(&item)?, to_price(item)?));
        }
        source.next = answer.last_evaluated_key.map_or(Next::Done, Next::After);
        Ok(())
    }
}

/// The prices that a customer pays, product by product, read page by page. Memory holds at most one page of list prices,
/// one page of own prices, and the products to return next.
#[derive(Debug)]
pub struct Pricing {
    store: Store,
    day: Date,
    list: Source,
    own: Source,
}

/// All prices of an owner, ordered by product and day, a page at a time.
#[derive(Debug)]
pub struct PricePages {
    store: Store,
    owner: PriceOwner,
    source: Source,
}

impl PricePages {
    /// Returns the next prices, perhaps none; `None` at the end. After an error it is where it was: the same call can be
    /// repeated.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn next(&mut self) -> Result<Option<Vec<PriceEntry>>> {
        if !self.source.is_unknown() {
            return Ok(None);
        }
        self.store.prices_read(&mut self.source).await?;
        let entry = |(product, price)| PriceEntry { owner: self.owner, product, price };
        Ok(Some(self.source.prices.drain(..).map(entry).collect()))
    }
}

/// One partition while it is read.
#[derive(Debug)]
struct Source {
    partition: String,
    prices: VecDeque<(ProductId, Price)>,
    next: Next,
}

#[derive(Debug)]
enum Next {
    /// Not read yet.
    Start,
    After(Item),
    Done,
}

impl Pricing {
    /// Returns the next products that have a price, ordered by id: at least one, or `None` at the end.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached,
    /// and [`Error::Internal`] for any other failure. Reading cannot be resumed after an error.
    pub async fn next(&mut self) -> Result<Option<Vec<PricedProduct>>> {
        let mut products = Vec::new();
        while products.len() < PRODUCTS_AT_A_TIME {
            let Some((product, list, own)) = self.next_product().await? else { break };
            products.extend(resolve_price(product, list, own));
        }
        Ok((!products.is_empty()).then_some(products))
    }

    /// The next product, and its prices in force.
    async fn next_product(&mut self) -> Result<Option<(ProductId, Option<Price>, Option<Price>)>> {
        self.fill().await?;
        let heads = [&self.list, &self.own].into_iter().filter_map(|source| source.prices.front());
        let Some(product) = heads.map(|(product, _)| product).min().cloned() else { return Ok(None) };
        let (mut list, mut own) = (None, None);
        loop {
            list = self.list.take(&product, list, self.day);
            own = self.own.take(&product, own, self.day);
            // Where a page ended with this product, the next one may go on with it.
            if self.fill().await? == 0 {
                return Ok(Some((product, list, own)));
            }
        }
    }

    /// Reads on, concurrently, in the partitions whose next price is not known; returns how many those are.
    async fn fill(&mut self) -> Result<usize> {
        let mut filled = 0;
        loop {
            let unknown = [&mut self.list, &mut self.own].into_iter().filter(|source| source.is_unknown());
            let reads = unknown.map(|source| self.store.prices_read(source));
            match try_join_all(reads).await?.len() {
                0 => return Ok(filled),
                read => filled += read,
            }
        }
    }
}

impl Source {
    fn of(tenant: &Tenant, owner: PriceOwner) -> Self {
        Self { partition: keys::prices_partition(tenant, owner), prices: VecDeque::new(), next: Next::Start }
    }

    fn is_unknown(&self) -> bool {
        self.prices.is_empty() && !matches!(self.next, Next::Done)
    }

    /// Takes the prices of a product that stand next; returns the one of them, and of the one before, in force.
    fn take(&mut self, product: &ProductId, before: Option<Price>, day: Date) -> Option<Price> {
        let prices = &mut self.prices;
        let of_product = std::iter::from_fn(|| prices.pop_front_if(|(next, _)| next == product));
        effective_price(before.into_iter().chain(of_product.map(|(_, price)| price)), day)
    }
}

fn key(tenant: &Tenant, entry: &PriceEntry) -> Key {
    keys::price(tenant, entry.owner, &entry.product, entry.price.effective_from)
}

fn item(key: &Key, price: &Price) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(price).map_err(|e| Error::internal("writing a price", e))?;
    item.extend(key_item(key));
    Ok(item)
}

fn to_price(item: Item) -> Result<Price> {
    serde_dynamo::from_item(item).map_err(|e| Error::internal("reading a price", e))
}

fn product_in(item: &Item) -> Result<ProductId> {
    keys::price_product(text_in(item, attribute::SK)?)
        .ok_or_else(|| Error::broken("a price's key holds no product"))
}
