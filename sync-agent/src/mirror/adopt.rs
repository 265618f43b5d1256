//! Customers of QuickBooks that the pass over ours has not reached: those that changed there alone, and those that are new.

use std::collections::BTreeSet;

use clientele_shared::model::{
    Customer, CustomerFields, CustomerNumber, Link, Mapping, MirroredEntity, QuickBooksId,
};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{Budget, CustomerQuery, MirrorNote, MirrorWrite, PageRequest, RecordWrite};
use serde_json::{Value, json};

use super::MirrorError;
use super::directory::{Owner, is_job, owner_in, parent_of, sync_token};
use super::fields::{Field, Fields, display_name, pulled};
use super::names;
use super::parking::too_large;
use super::report::SyncPhase;
use super::run::{Run, planned};

/// How many customers are compared or created at a time.
const AT_A_TIME: usize = 100;

/// How many customers of ours with a similar name are looked at.
const MAX_SIMILAR: usize = 25;

/// How many levels of jobs QuickBooks has below a customer.
const JOB_LEVELS: usize = 4;

impl Run<'_> {
    /// Brings to our side what changed in QuickBooks alone. `is_walked` says that all our customers were compared.
    pub(super) async fn adopt(&mut self, is_walked: bool) -> Result<(), MirrorError> {
        self.find_owners().await?;
        self.reconcile_gone().await?;
        self.free_former_jobs().await?;
        let ids = self.ids_to_adopt();
        self.try_now(MirroredEntity::Customer, |id| ids.contains(id));
        let mut linked = BTreeSet::new();
        for id in &ids {
            if let Owner::Customer(number) = self.directory.owner(id)
                && (self.gathered.customers.contains(id) || !self.compared.contains(&number))
            {
                linked.insert(number);
            }
        }
        self.reconcile_chunks(linked.into_iter().collect()).await?;
        let free: Vec<QuickBooksId> =
            ids.into_iter().filter(|id| self.directory.owner(id) == Owner::None).collect();
        let free: Vec<_> =
            free.into_iter().filter(|id| !self.directory.get(id).is_some_and(is_job)).collect();
        let total = free.len();
        for (at, ids) in free.chunks(AT_A_TIME).enumerate() {
            self.check()?;
            self.show(SyncPhase::Adopting, at * AT_A_TIME, total);
            self.adopt_chunk(ids, is_walked).await?;
        }
        self.link_jobs().await
    }

    /// Returns the customers in QuickBooks that can be new here, or have changed there.
    fn ids_to_adopt(&self) -> BTreeSet<QuickBooksId> {
        match self.gathered.is_full {
            true => self.directory.ids().cloned().collect(),
            false => self.gathered.customers.clone(),
        }
    }

    async fn reconcile_chunks(&mut self, numbers: Vec<CustomerNumber>) -> Result<(), MirrorError> {
        for numbers in numbers.chunks(AT_A_TIME) {
            self.reconcile(numbers.iter().copied().collect()).await?;
            self.flush(false).await?;
        }
        Ok(())
    }

    /// Compares the customers whose counterpart no longer exists.
    async fn reconcile_gone(&mut self) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        let customer = MirroredEntity::Customer;
        let mut numbers = BTreeSet::new();
        if self.gathered.is_full {
            let mut after = None;
            loop {
                let links =
                    mirror.store.links_list(&mirror.tenant, mirror.realm(), customer, after.as_ref()).await?;
                let Some((last, _)) = links.last() else { break };
                after = Some(last.clone());
                let is_missing = |(id, _): &(QuickBooksId, Link)| self.directory.get(id).is_none();
                let missing: Vec<(QuickBooksId, Link)> = links.into_iter().filter(is_missing).collect();
                // Another run can have linked one that did not exist yet when this one read all.
                self.reread(&missing.iter().map(|(id, _)| id.clone()).collect()).await?;
                let is_gone = |(id, _): &(QuickBooksId, Link)| self.directory.gone.contains(id);
                numbers.extend(missing.into_iter().filter(is_gone).filter_map(|(_, link)| link.customer));
            }
        } else {
            let gone = &self.directory.gone;
            let links = mirror.store.links_get(&mirror.tenant, mirror.realm(), customer, gone).await?;
            numbers.extend(links.values().filter_map(|link| link.customer));
        }
        self.reconcile_chunks(numbers.into_iter().collect()).await
    }

    async fn adopt_chunk(&mut self, ids: &[QuickBooksId], is_walked: bool) -> Result<(), MirrorError> {
        if !is_walked {
            let mut similar = BTreeSet::new();
            for id in ids {
                similar.extend(self.similar(id).await?);
            }
            // The comparison links those that are the same.
            self.reconcile(similar).await?;
        }
        let new: Vec<&QuickBooksId> =
            ids.iter().filter(|id| self.directory.owner(id) == Owner::None).collect();
        if new.is_empty() {
            return Ok(());
        }
        self.report.pulled.customers += new.len() as u64;
        if self.plan.is_some() {
            self.plan_new(&new);
            return Ok(());
        }
        let mirror = self.mirror;
        let count = u32::try_from(new.len()).unwrap_or(u32::MAX);
        let allocated = mirror.store.customer_numbers_allocate(&mirror.tenant, count).await?;
        let (mut writes, mut numbers) = (Vec::new(), Vec::new());
        for (id, offset) in new.into_iter().zip(0_u64..) {
            let Some(number) = CustomerNumber::new(u64::from(allocated.first.get()) + offset) else { break };
            let Some(write) = self.new_customer(id, number, allocated.at) else { continue };
            if let Some(reason) = too_large(&write.record) {
                self.report.pulled.customers -= 1;
                self.unreadable(MirroredEntity::Customer, id, format!("Customer {id}: {reason}"));
                continue;
            }
            writes.push(write);
            numbers.push((id.clone(), number));
        }
        // One that is refused was created by another run; the next run compares it.
        mirror.store.mirror_commit(&mirror.tenant, mirror.realm(), writes).await?;
        for (id, number) in numbers {
            self.directory.set_owner(&id, Owner::Customer(number));
            self.compared.insert(number);
        }
        Ok(())
    }

    fn plan_new(&mut self, ids: &[&QuickBooksId]) {
        let Some(plan) = &mut self.plan else { return };
        for id in ids {
            let Some(object) = self.directory.get(id) else { continue };
            let theirs = Fields::theirs(object, None, None);
            let name = display_name(object);
            plan.pull.push(planned(None, Some(*id), name, &Fields::default(), &theirs, &Field::ALL));
        }
    }

    /// Returns the write that creates a customer of ours from one of QuickBooks.
    fn new_customer(
        &self,
        id: &QuickBooksId,
        number: CustomerNumber,
        at: clientele_shared::model::Timestamp,
    ) -> Option<MirrorWrite> {
        let object = self.directory.get(id)?;
        let theirs = Fields::theirs(object, None, None);
        let (mut fields, _) = pulled(&CustomerFields::default(), None, None, &theirs, &Field::ALL);
        fields.quickbooks_id = Some(id.to_string());
        let tenant = &self.mirror.tenant;
        let customer = Customer {
            number,
            uuid: tenant.customer_uuid(number),
            version: 1,
            created_at: at,
            updated_at: at,
            deleted_at: None,
            fields,
        };
        let ours = Fields::ours(&customer, self.mirror.connection.settings.deactivation, Some(&theirs));
        let mapping = Mapping {
            quickbooks_id: id.clone(),
            sync_token: sync_token(object),
            display_name: display_name(object).to_owned(),
            ours: ours.to_stored(),
            theirs: theirs.to_stored(),
            is_gone: false,
            revision: 0,
        };
        let link = Link { customer: Some(number), facts: Value::Null };
        let notes = vec![MirrorNote::Link(MirroredEntity::Customer, id.clone(), link)];
        let record = RecordWrite::Create { at, fields: Box::new(customer.fields) };
        Some(MirrorWrite { number, record, mapping: Some(mapping), notes })
    }

    /// Returns customers of ours that could be one of QuickBooks, by email or name.
    async fn similar(&self, id: &QuickBooksId) -> Result<BTreeSet<CustomerNumber>, MirrorError> {
        let Some(object) = self.directory.get(id) else { return Ok(BTreeSet::new()) };
        let (store, tenant) = (self.store(), &self.mirror.tenant);
        let theirs = Fields::theirs(object, None, None);
        let mut found = BTreeSet::new();
        if let Some(email) = theirs.text(Field::Email) {
            let customers = store.customers_by_email(tenant, email, 2).await?;
            found.extend(customers.into_iter().map(|customer| customer.number));
        }
        let name = names::without_deleted(display_name(object));
        if let Ok(Some(search)) = SearchQuery::parse(name) {
            let query = CustomerQuery { search: Some(search), ..CustomerQuery::default() };
            let request =
                PageRequest::After { position: None, limit: MAX_SIMILAR, total: false, walker: None };
            let page = store.customers(tenant, &query, request, Budget::default()).await?;
            let is_named = |customer: &Customer| {
                let ours = Fields::ours(customer, self.mirror.connection.settings.deactivation, None);
                names::display_name(&ours).is_some_and(|own| names::key(&own) == names::key(name))
            };
            let customers = page.customers.into_iter().map(|listed| listed.customer);
            found.extend(customers.filter(is_named).map(|customer| customer.number));
        }
        Ok(found)
    }

    /// Makes jobs that are customers of their own by now free to be one here.
    async fn free_former_jobs(&mut self) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        let is_former = |id: &QuickBooksId| {
            matches!(self.directory.owner(id), Owner::Job(_)) && !self.directory.get(id).is_some_and(is_job)
        };
        let former: Vec<QuickBooksId> = self.ids_to_adopt().into_iter().filter(is_former).collect();
        if former.is_empty() || self.plan.is_some() {
            return Ok(());
        }
        self.gather_moved().await?;
        for id in former {
            mirror.store.link_delete(&mirror.tenant, mirror.realm(), MirroredEntity::Customer, &id).await?;
            self.directory.set_owner(&id, Owner::None);
        }
        Ok(())
    }

    /// Links jobs to the customer of ours whose job they are, so that their sales are that customer's.
    async fn link_jobs(&mut self) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        if self.plan.is_some() {
            return Ok(());
        }
        for _ in 0..JOB_LEVELS {
            let mut owners = self.job_owners().await?;
            let has_moved =
                |(id, _): &(QuickBooksId, CustomerNumber)| self.directory.owner(id) != Owner::None;
            if !self.gathered.is_full && owners.iter().any(has_moved) {
                self.gather_moved().await?;
                owners = self.job_owners().await?;
            }
            if owners.is_empty() {
                return Ok(());
            }
            let mut links = Vec::new();
            for (id, number) in owners {
                self.directory.set_owner(&id, Owner::Job(number));
                links.push((id, Link { customer: Some(number), facts: json!({ "job": true }) }));
            }
            let customer = MirroredEntity::Customer;
            mirror.store.links_put(&mirror.tenant, mirror.realm(), customer, &links).await?;
        }
        Ok(())
    }

    /// Returns the jobs that have another customer than their link says, with that customer.
    async fn job_owners(&self) -> Result<Vec<(QuickBooksId, CustomerNumber)>, MirrorError> {
        let mirror = self.mirror;
        let mut jobs = Vec::new();
        for id in self.ids_to_adopt() {
            let parent = self.directory.get(&id).and_then(parent_of);
            let is_customer = matches!(self.directory.owner(&id), Owner::Customer(_));
            jobs.extend(parent.filter(|_| !is_customer).map(|parent| (id, parent)));
        }
        let unread: BTreeSet<QuickBooksId> = jobs.iter().map(|(_, parent)| parent.clone()).collect();
        let unread = unread.into_iter().filter(|id| self.directory.owner(id) == Owner::Unknown).collect();
        let customer = MirroredEntity::Customer;
        let links = mirror.store.links_get(&mirror.tenant, mirror.realm(), customer, &unread).await?;
        let payer = |id: &QuickBooksId| match self.directory.owner(id) {
            Owner::Unknown => owner_in(links.get(id)).payer(),
            owner => owner.payer(),
        };
        let owners = jobs.into_iter().filter_map(|(id, parent)| Some((id, payer(&parent)?)));
        Ok(owners.filter(|(id, number)| self.directory.owner(id).payer() != Some(*number)).collect())
    }

    /// Reads everything because sales that have not changed belong to another customer from now on. If this run is
    /// interrupted, the next one reads everything too.
    async fn gather_moved(&mut self) -> Result<(), MirrorError> {
        if self.gathered.is_full {
            return Ok(());
        }
        self.state.checkpoint = None;
        self.save_state().await?;
        self.gather_all(true).await?;
        self.find_owners().await
    }
}
