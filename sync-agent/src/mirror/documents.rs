//! Stores sales and prices of QuickBooks: invoices, sales receipts and credit memos become orders, payments their payments,
//! items the price list.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::Error;
use clientele_shared::model::{CustomerNumber, Link, MirroredEntity, ProductId, QuickBooksId};
use clientele_shared::store::{OrderChange, OrdersWritten, Store};
use serde_json::{Value, json};

use super::MirrorError;
use super::directory::sync_token;
use super::gather::entity;
use super::report::SyncPhase;
use super::run::Run;
use super::sales::{self, DocumentKind, PaymentFacts};
use crate::quickbooks::{Entity, Object};

/// How many documents are stored at a time.
const AT_A_TIME: usize = 100;

/// A document by its kind and id.
type DocumentId = (DocumentKind, QuickBooksId);

fn mirrored(kind: DocumentKind) -> MirroredEntity {
    match kind {
        DocumentKind::Invoice => MirroredEntity::Invoice,
        DocumentKind::SalesReceipt => MirroredEntity::SalesReceipt,
        DocumentKind::CreditMemo => MirroredEntity::CreditMemo,
    }
}

impl Run<'_> {
    /// Stores the items, payments and documents that were gathered.
    pub(super) async fn store_documents(&mut self) -> Result<(), MirrorError> {
        if self.gathered.is_full {
            self.find_deleted().await?;
        }
        self.store_items().await?;
        let (payments, touched) = self.store_payments().await?;
        let documents = self.documents(touched).await?;
        let total = documents.len();
        let documents: Vec<_> = documents.into_iter().collect();
        for (at, documents) in documents.chunks(AT_A_TIME).enumerate() {
            self.check()?;
            self.show(SyncPhase::Documents, at * AT_A_TIME, total);
            self.store_orders(documents, &payments).await?;
        }
        self.save_payments(payments).await?;
        self.remove_orders().await?;
        self.store_parked_objects().await
    }

    /// Finds the objects that no longer exist: those that were read before, and not this time.
    async fn find_deleted(&mut self) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        for one in MirroredEntity::ALL.into_iter().filter(|one| *one != MirroredEntity::Customer) {
            let mut after = None;
            loop {
                let links =
                    mirror.store.links_list(&mirror.tenant, mirror.realm(), one, after.as_ref()).await?;
                let Some((last, _)) = links.last() else { break };
                after = Some(last.clone());
                let found = self.gathered.objects.get(&entity(one));
                let is_missing = |id: &QuickBooksId| found.is_none_or(|found| !found.contains_key(id));
                let missing: Vec<QuickBooksId> =
                    links.into_iter().map(|(id, _)| id).filter(is_missing).collect();
                self.gathered.deleted.entry(entity(one)).or_default().extend(missing);
            }
        }
        Ok(())
    }

    async fn links(
        &self,
        one: MirroredEntity,
        ids: &BTreeSet<QuickBooksId>,
    ) -> Result<BTreeMap<QuickBooksId, Link>, MirrorError> {
        Ok(self.store().links_get(&self.mirror.tenant, self.mirror.realm(), one, ids).await?)
    }

    async fn save_links(
        &self,
        one: MirroredEntity,
        links: &[(QuickBooksId, Link)],
    ) -> Result<(), MirrorError> {
        Ok(self.store().links_put(&self.mirror.tenant, self.mirror.realm(), one, links).await?)
    }

    async fn delete_link(&self, one: MirroredEntity, id: &QuickBooksId) -> Result<(), MirrorError> {
        Ok(self.store().link_delete(&self.mirror.tenant, self.mirror.realm(), one, id).await?)
    }

    /// Puts the prices of changed items into the price list. An item stays the product that it was first, whatever it is
    /// called later.
    async fn store_items(&mut self) -> Result<(), MirrorError> {
        let items = self.gathered.objects.remove(&Entity::Item).unwrap_or_default();
        let known = self.links(MirroredEntity::Item, &items.keys().cloned().collect()).await?;
        let (mut prices, mut links) = (Vec::new(), Vec::new());
        for (id, item) in &items {
            let before = known.get(id).and_then(product_in);
            let Some(product) = before.clone().or_else(|| sales::product_id(item)) else { continue };
            prices.extend(sales::price(item, product.clone(), self.mirror.connection.home_currency));
            if before.is_none() {
                links.push((id.clone(), Link { customer: None, facts: json!({ "product": product }) }));
            }
        }
        let store = self.store();
        let changed = store.prices_changed(&self.mirror.tenant, prices).await?;
        self.report.pulled.prices += changed.len() as u64;
        store.prices_put(&self.mirror.tenant, &changed).await?;
        self.save_links(MirroredEntity::Item, &links).await
    }

    /// Returns the payments that have changed, each with its facts or `None` if it no longer exists, and the documents that
    /// they settle or settled. They are saved last, so that an interrupted run finds the documents again.
    async fn store_payments(
        &mut self,
    ) -> Result<(BTreeMap<QuickBooksId, Option<PaymentFacts>>, BTreeSet<DocumentId>), MirrorError> {
        let objects = self.gathered.objects.remove(&Entity::Payment).unwrap_or_default();
        let deleted = self.gathered.deleted.remove(&Entity::Payment).unwrap_or_default();
        let ids: BTreeSet<QuickBooksId> = objects.keys().chain(&deleted).cloned().collect();
        self.try_now(MirroredEntity::Payment, |id| ids.contains(id));
        let known = self.links(MirroredEntity::Payment, &ids).await?;
        let (mut payments, mut touched) = (BTreeMap::new(), BTreeSet::new());
        for id in ids {
            let old = known.get(&id).and_then(facts_in);
            let new = match objects.get(&id).filter(|_| !deleted.contains(&id)).map(sales::payment) {
                Some(Ok(facts)) => Some(facts),
                Some(Err(error)) => {
                    self.unreadable(MirroredEntity::Payment, &id, error.to_string());
                    continue;
                }
                None => None,
            };
            if old == new {
                continue;
            }
            self.report.pulled.payments += 1;
            let documents = sales::touched(old.as_ref(), new.as_ref()).into_iter();
            touched.extend(documents.filter_map(|(kind, id)| Some((kind, id.parse().ok()?))));
            payments.insert(id, new);
        }
        Ok((payments, touched))
    }

    /// Returns the documents that have changed themselves, those whose payments have, and those that could not be mirrored.
    async fn documents(
        &mut self,
        mut touched: BTreeSet<DocumentId>,
    ) -> Result<BTreeMap<DocumentId, Object>, MirrorError> {
        let mut documents = BTreeMap::new();
        for kind in DocumentKind::ALL {
            let one = mirrored(kind);
            let objects = self.gathered.objects.remove(&entity(one)).unwrap_or_default();
            self.try_now(one, |id| objects.contains_key(id) || touched.contains(&(kind, id.clone())));
            touched.extend(self.parked_ids(one).into_iter().map(|id| (kind, id)));
            let deleted = self.gathered.deleted.get(&entity(one));
            let is_deleted = |id: &QuickBooksId| deleted.is_some_and(|ids| ids.contains(id));
            let missing: Vec<String> = touched
                .iter()
                .filter(|(of, id)| *of == kind && !objects.contains_key(id) && !is_deleted(id))
                .map(|(_, id)| id.to_string())
                .collect();
            let known = self.links(one, &objects.keys().cloned().collect()).await?;
            for (id, object) in objects {
                let is_same = known.get(&id).is_some_and(|link| {
                    token_in(link) == Some(&sync_token(&object)) && !self.has_moved(link, &object)
                });
                if !is_deleted(&id) && (!is_same || touched.contains(&(kind, id.clone()))) {
                    documents.insert((kind, id), object);
                }
            }
            if !missing.is_empty() {
                for object in self.mirror.quickbooks.objects_by_id(entity(one), &missing).await? {
                    documents.extend(super::directory::id_of(&object).map(|id| ((kind, id), object)));
                }
            }
        }
        Ok(documents)
    }

    /// Whether a document belongs to another customer than its link says, as far as this run knows.
    fn has_moved(&self, link: &Link, document: &Object) -> bool {
        let payer =
            sales::customer_of(document).and_then(|id| self.directory.owner(&id.parse().ok()?).payer());
        payer.is_some_and(|payer| link.customer != Some(payer))
    }

    async fn store_orders(
        &mut self,
        documents: &[(DocumentId, Object)],
        payments: &BTreeMap<QuickBooksId, Option<PaymentFacts>>,
    ) -> Result<(), MirrorError> {
        let payments = self.payments_of(documents, payments).await?;
        let products = self.products_of(documents).await?;
        let customers = self.customers_of(documents).await?;
        let source = format!("quickbooks:{}", self.mirror.realm());
        let mut by_customer: BTreeMap<CustomerNumber, Vec<(&DocumentId, OrderChange, String)>> =
            BTreeMap::new();
        for (id, object) in documents {
            let customer = sales::customer_of(object).and_then(|customer| customers.get(&customer).copied());
            let Some(customer) = customer else {
                let name = format!("{} {}", id.0.as_str(), id.1);
                self.unreadable(mirrored(id.0), &id.1, format!("{name} has no customer that is mirrored"));
                continue;
            };
            let product = |item: &str| products.get(item).cloned();
            match sales::order(id.0, &source, object, &payments, &product) {
                Ok(change) => by_customer.entry(customer).or_default().push((id, change, sync_token(object))),
                Err(error) => self.unreadable(mirrored(id.0), &id.1, error.to_string()),
            }
        }
        for (customer, orders) in by_customer {
            for orders in orders.chunks(Store::ORDERS_AT_A_TIME) {
                self.write_orders(customer, orders).await?;
            }
        }
        Ok(())
    }

    async fn write_orders(
        &mut self,
        customer: CustomerNumber,
        orders: &[(&DocumentId, OrderChange, String)],
    ) -> Result<(), MirrorError> {
        let changes: Vec<OrderChange> = orders.iter().map(|(_, change, _)| change.clone()).collect();
        let store = self.store();
        match store.orders_write(&self.mirror.tenant, customer, &changes).await {
            Ok(written) => {
                let OrdersWritten { created, updated, removed, .. } = written;
                self.report.pulled.orders += created + updated + removed;
            }
            // Each is stored alone then, so that the others are.
            Err(Error::Invalid(_)) if orders.len() > 1 => {
                for order in orders {
                    Box::pin(self.write_orders(customer, std::slice::from_ref(order))).await?;
                }
                return Ok(());
            }
            Err(error @ Error::Invalid(_)) => {
                for ((kind, id), ..) in orders {
                    self.unreadable(mirrored(*kind), id, format!("{} {id}: {error}", kind.as_str()));
                }
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        for ((kind, id), _, token) in orders {
            let link = Link { customer: Some(customer), facts: json!({ "sync_token": token }) };
            self.save_links(mirrored(*kind), &[(id.clone(), link)]).await?;
        }
        Ok(())
    }

    /// Returns the payments that documents name, by id.
    async fn payments_of(
        &self,
        documents: &[(DocumentId, Object)],
        changed: &BTreeMap<QuickBooksId, Option<PaymentFacts>>,
    ) -> Result<BTreeMap<String, PaymentFacts>, MirrorError> {
        let named = documents.iter().flat_map(|(_, object)| sales::payments_of(object));
        let named: BTreeSet<QuickBooksId> = named.filter_map(|id| id.parse().ok()).collect();
        let (here, elsewhere): (BTreeSet<_>, BTreeSet<_>) =
            named.into_iter().partition(|id| changed.contains_key(id));
        let known = self.links(MirroredEntity::Payment, &elsewhere).await?;
        let missing: Vec<String> =
            elsewhere.iter().filter(|id| !known.contains_key(id)).map(ToString::to_string).collect();
        let mut payments: BTreeMap<String, PaymentFacts> = BTreeMap::new();
        payments.extend(known.iter().filter_map(|(id, link)| Some((id.to_string(), facts_in(link)?))));
        let new = here.iter().filter_map(|id| Some((id.to_string(), changed.get(id)?.clone()?)));
        payments.extend(new);
        if !missing.is_empty() {
            for object in self.mirror.quickbooks.objects_by_id(Entity::Payment, &missing).await? {
                let id = super::directory::id_of(&object);
                payments.extend(id.and_then(|id| Some((id.to_string(), sales::payment(&object).ok()?))));
            }
        }
        Ok(payments)
    }

    /// Returns the products of the items that documents name, by the item's id.
    async fn products_of(
        &self,
        documents: &[(DocumentId, Object)],
    ) -> Result<BTreeMap<String, ProductId>, MirrorError> {
        let named = documents.iter().flat_map(|(_, object)| sales::items_of(object));
        let named: BTreeSet<QuickBooksId> = named.filter_map(|id| id.parse().ok()).collect();
        let known = self.links(MirroredEntity::Item, &named).await?;
        let mut products: BTreeMap<String, ProductId> =
            known.iter().filter_map(|(id, link)| Some((id.to_string(), product_in(link)?))).collect();
        let missing: Vec<String> =
            named.iter().filter(|id| !known.contains_key(id)).map(ToString::to_string).collect();
        if !missing.is_empty() {
            let mut links = Vec::new();
            for item in self.mirror.quickbooks.objects_by_id(Entity::Item, &missing).await? {
                let (Some(id), Some(product)) = (super::directory::id_of(&item), sales::product_id(&item))
                else {
                    continue;
                };
                products.insert(id.to_string(), product.clone());
                links.push((id, Link { customer: None, facts: json!({ "product": product }) }));
            }
            self.save_links(MirroredEntity::Item, &links).await?;
        }
        Ok(products)
    }

    /// Returns the customers that documents belong to, by the id in QuickBooks.
    async fn customers_of(
        &self,
        documents: &[(DocumentId, Object)],
    ) -> Result<BTreeMap<String, CustomerNumber>, MirrorError> {
        let named = documents.iter().filter_map(|(_, object)| sales::customer_of(object)?.parse().ok());
        let links = self.links(MirroredEntity::Customer, &named.collect()).await?;
        Ok(links.into_iter().filter_map(|(id, link)| Some((id.to_string(), link.customer?))).collect())
    }

    async fn save_payments(
        &mut self,
        payments: BTreeMap<QuickBooksId, Option<PaymentFacts>>,
    ) -> Result<(), MirrorError> {
        let mut links = Vec::new();
        for (id, facts) in payments {
            match facts {
                Some(facts) => {
                    let facts = serde_json::to_value(facts)
                        .map_err(|e| Error::internal("writing a payment as JSON", e))?;
                    links.push((id, Link { customer: None, facts }));
                }
                None => self.delete_link(MirroredEntity::Payment, &id).await?,
            }
        }
        self.save_links(MirroredEntity::Payment, &links).await
    }

    /// Removes the orders whose document no longer exists.
    async fn remove_orders(&mut self) -> Result<(), MirrorError> {
        let source = format!("quickbooks:{}", self.mirror.realm());
        for kind in DocumentKind::ALL {
            let one = mirrored(kind);
            let deleted = self.gathered.deleted.remove(&entity(one)).unwrap_or_default();
            let known = self.links(one, &deleted).await?;
            for (id, link) in known {
                let key = sales::order_key(kind, &source, id.as_str());
                if let Some(customer) = link.customer {
                    let change = OrderChange { key, order: None };
                    let written = self.store().orders_write(&self.mirror.tenant, customer, &[change]).await?;
                    self.report.pulled.orders += written.removed;
                }
                self.delete_link(one, &id).await?;
            }
        }
        Ok(())
    }
}

fn product_in(link: &Link) -> Option<ProductId> {
    link.facts.get("product")?.as_str()?.parse().ok()
}

fn token_in(link: &Link) -> Option<&str> {
    link.facts.get("sync_token").and_then(Value::as_str)
}

fn facts_in(link: &Link) -> Option<PaymentFacts> {
    serde_json::from_value(link.facts.clone()).ok()
}
