//! Compares customers with their counterparts in QuickBooks, and decides what each side gets.

use std::collections::BTreeSet;

use clientele_shared::model::{Customer, CustomerNumber, Mapping, MirroredEntity, QuickBooksId, Status};
use clientele_shared::store::{MappedCustomer, MirrorNote, MirrorWrite, RecordWrite};

use super::directory::{Directory, Owner, sync_token};
use super::fields::{Field, Fields, display_name};
use super::merge::{Base, merge};
use super::outgoing::{Outgoing, OutgoingKind};
use super::parking::NO_NAME;
use super::run::{Run, planned};
use super::{MirrorError, names};

/// How often a customer that changes while it is compared is compared again. After that, the next run does it.
const MAX_ROUNDS: usize = 8;

/// The decision about one customer.
#[derive(Default)]
pub(super) struct Decision {
    /// The result for our side.
    pub(super) write: Option<MirrorWrite>,
    /// The write to QuickBooks.
    pub(super) outgoing: Option<Outgoing>,
}

/// A customer and its counterpart.
pub(super) struct Pair {
    pub(super) customer: Customer,
    /// The mapping as it is stored; `None` if the two are linked now.
    pub(super) stored: Option<Mapping>,
    /// The mapping with the version and name that QuickBooks has now.
    pub(super) seen: Mapping,
    /// Both sides as they were when they last agreed.
    pub(super) base: Base,
    pub(super) ours: Fields,
    pub(super) theirs: Fields,
}

impl Run<'_> {
    /// Compares customers, stores what comes from QuickBooks, and queues what goes there.
    pub(super) async fn reconcile(&mut self, numbers: BTreeSet<CustomerNumber>) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        let mut left = numbers;
        for _ in 0..MAX_ROUNDS {
            if left.is_empty() {
                return Ok(());
            }
            self.check()?;
            let pairs = mirror.store.mapped_customers(&mirror.tenant, mirror.realm(), &left).await?;
            self.note_emails(pairs.values());
            self.look_up(pairs.values()).await?;
            self.forget_decisions(|number| pairs.contains_key(&number));
            let (mut writes, mut outgoing) = (Vec::new(), Vec::new());
            for (customer, mapping) in pairs.into_values() {
                self.is_first_look = self.compared.insert(customer.number);
                let counted = (self.report.pushed, self.report.pulled);
                let decision = self.decide(customer, mapping).await?;
                let decision = self.within_size(decision, counted);
                writes.extend(decision.write);
                outgoing.extend(decision.outgoing);
            }
            left = match self.plan {
                Some(_) => BTreeSet::new(),
                None => mirror.store.mirror_commit(&mirror.tenant, mirror.realm(), writes).await?,
            };
            // Earlier decisions about the same customers are out of date.
            let compared: BTreeSet<CustomerNumber> =
                outgoing.iter().map(|outgoing| outgoing.number).collect();
            self.queue.retain(|queued| !compared.contains(&queued.number));
            let is_current = |outgoing: &Outgoing| !left.contains(&outgoing.number);
            self.queue.extend(outgoing.into_iter().filter(is_current));
        }
        self.report.pending += left.len();
        Ok(())
    }

    /// Drops earlier decisions about customers that are decided again.
    fn forget_decisions(&mut self, is_outdated: impl Fn(CustomerNumber) -> bool) {
        self.queue.retain(|queued| !is_outdated(queued.number));
        self.directory.release_names(&is_outdated);
        let Some(plan) = &mut self.plan else { return };
        let is_outdated = |id: Option<CustomerNumber>| id.is_some_and(&is_outdated);
        for planned in
            [&mut plan.create, &mut plan.link, &mut plan.update, &mut plan.deactivate, &mut plan.pull]
        {
            planned.retain(|planned| !is_outdated(planned.id));
        }
        plan.conflicts.retain(|conflict| !is_outdated(conflict.id));
        plan.refused.retain(|refused| !is_outdated(refused.id));
    }

    fn note_emails<'p>(&mut self, pairs: impl Iterator<Item = &'p MappedCustomer>) {
        for (customer, _) in pairs.filter(|(customer, _)| customer.deleted_at.is_none()) {
            if let Some(email) = &customer.fields.email {
                self.emails.entry(email.trim().to_lowercase()).or_default().insert(customer.number);
            }
        }
    }

    async fn decide(
        &mut self,
        customer: Customer,
        mapping: Option<Mapping>,
    ) -> Result<Decision, MirrorError> {
        let settings = self.mirror.connection.settings;
        let base = mapping.as_ref().map(|mapping| Base {
            ours: Fields::from_stored(&mapping.ours),
            theirs: Fields::from_stored(&mapping.theirs),
        });
        let ours = Fields::ours(&customer, settings.deactivation, base.as_ref().map(|base| &base.ours));
        match (mapping, base) {
            (Some(mapping), Some(base)) if !mapping.is_gone => {
                Ok(self.decide_linked(customer, mapping, base, ours))
            }
            (mapping, _) => self.decide_unlinked(customer, mapping, ours).await,
        }
    }

    /// Decides about a customer that has a counterpart.
    fn decide_linked(&mut self, customer: Customer, mapping: Mapping, base: Base, ours: Fields) -> Decision {
        if self.directory.gone.contains(&mapping.quickbooks_id) {
            return self.part(customer, mapping, &ours);
        }
        self.directory.set_owner(&mapping.quickbooks_id, Owner::Customer(customer.number));
        self.gathered.customers.remove(&mapping.quickbooks_id);
        let seen = self.directory.get(&mapping.quickbooks_id);
        let theirs = seen.map_or_else(
            || base.theirs.clone(),
            |object| Fields::theirs(object, Some(&ours), Some(&base.theirs)),
        );
        let (sync_token, listed) = match seen {
            Some(object) => (sync_token(object), display_name(object).to_owned()),
            None => (mapping.sync_token.clone(), mapping.display_name.clone()),
        };
        let seen = Mapping { sync_token, display_name: listed, ..mapping.clone() };
        let merged = merge(Some(&base), &ours, &theirs, self.mirror.connection.settings.winner);
        self.settle_merge(Pair { customer, stored: Some(mapping), seen, base, ours, theirs }, merged)
    }

    /// Decides about a customer without a counterpart: finds it one, or has one created.
    async fn decide_unlinked(
        &mut self,
        customer: Customer,
        mapping: Option<Mapping>,
        ours: Fields,
    ) -> Result<Decision, MirrorError> {
        let is_parted = mapping.as_ref().is_some_and(|mapping| mapping.is_gone);
        // A customer that was merged into another in QuickBooks is written again only once it is active again here, whichever
        // customers are made inactive there.
        let is_inactive = customer.fields.status == Status::Inactive;
        // One that was sent before it was deleted can be there, and would come back as a new customer.
        let is_deleted = customer.deleted_at.is_some();
        let can_be_there = !is_deleted || self.directory.sent_as.contains_key(&customer.number);
        if !can_be_there || (is_parted && is_inactive) {
            return Ok(self.nothing(&customer));
        }
        let Some(name) = names::display_name(&ours) else { return Ok(self.park(&customer, "", NO_NAME)) };
        if let Some(id) = self.find(customer.number, &ours, &name).await? {
            return Ok(self.link(customer, mapping, &id, ours));
        }
        if is_deleted {
            return Ok(self.nothing(&customer));
        }
        if !self.pushes {
            return Ok(Decision::default());
        }
        if let Some((code, reason)) = self.unwritable(&customer, &ours) {
            return Ok(self.park(&customer, code, &reason));
        }
        let mut listed = name.clone();
        if self.directory.is_taken(&name, customer.number, None) {
            listed = names::with_id(&name, customer.number);
            if self.directory.is_taken(&listed, customer.number, None) {
                let reason = format!(
                    "`{name}` and `{listed}` are both names of others in QuickBooks; rename one of them"
                );
                return Ok(self.park(&customer, "6240", &reason));
            }
        }
        self.directory.reserve_name(&listed, customer.number);
        if let Some(plan) = &mut self.plan {
            let none = Fields::default();
            plan.create.push(planned(Some(customer.number), None, &listed, &none, &ours, &Field::ALL));
        }
        let kind = OutgoingKind::Create { display_name: listed, currency: self.currency(&customer) };
        let changed = Field::ALL.to_vec();
        Ok(Decision { write: None, outgoing: Some(Outgoing::new(customer.number, kind, ours, changed)) })
    }

    /// Links a customer to one that is in QuickBooks, and merges the two.
    fn link(
        &mut self,
        customer: Customer,
        old: Option<Mapping>,
        id: &QuickBooksId,
        ours: Fields,
    ) -> Decision {
        let Some(object) = self.directory.get(id) else { return Decision::default() };
        let seen = Mapping {
            quickbooks_id: id.clone(),
            sync_token: sync_token(object),
            display_name: display_name(object).to_owned(),
            ours: Fields::default().to_stored(),
            theirs: Fields::default().to_stored(),
            is_gone: false,
            revision: old.map_or(0, |old| old.revision),
        };
        let theirs = Fields::theirs(object, Some(&ours), None);
        self.directory.set_owner(id, Owner::Customer(customer.number));
        self.report.pushed.linked += 1;
        if let Some(plan) = &mut self.plan {
            let name = seen.display_name.clone();
            plan.link.push(planned(Some(customer.number), Some(id), &name, &theirs, &ours, &[]));
        }
        let merged = merge(None, &ours, &theirs, self.mirror.connection.settings.winner);
        self.settle_merge(Pair { customer, stored: None, seen, base: Base::default(), ours, theirs }, merged)
    }

    /// Ends the link of a customer whose counterpart no longer exists. The customer becomes inactive.
    fn part(&mut self, customer: Customer, mapping: Mapping, ours: &Fields) -> Decision {
        let fields = clientele_shared::model::CustomerFields {
            quickbooks_id: None,
            status: Status::Inactive,
            ..customer.fields.clone()
        };
        if let Some(plan) = &mut self.plan {
            let mut after = ours.clone();
            after.set(Field::Active, false.into());
            let id = Some(&mapping.quickbooks_id);
            plan.pull.push(planned(
                Some(customer.number),
                id,
                &mapping.display_name,
                ours,
                &after,
                &[Field::Active],
            ));
        }
        self.report.pulled.customers += 1;
        let unlink = MirrorNote::Unlink(MirroredEntity::Customer, mapping.quickbooks_id.clone());
        let record = RecordWrite::Change {
            deleted_at: customer.deleted_at,
            fields: Box::new(fields),
            old: Box::new(customer.clone()),
        };
        let mapping = Some(Mapping { is_gone: true, ..mapping });
        let notes = vec![unlink, MirrorNote::Unpark];
        Decision {
            write: Some(MirrorWrite { number: customer.number, record, mapping, notes }),
            outgoing: None,
        }
    }

    /// Returns the counterpart of a customer that has none yet: by an email that exactly one customer on each side has,
    /// then by name.
    async fn find(
        &self,
        number: CustomerNumber,
        ours: &Fields,
        name: &str,
    ) -> Result<Option<QuickBooksId>, MirrorError> {
        if let Some(id) = self.find_by_email(number, ours).await? {
            return Ok(Some(id));
        }
        let (mut found_as, _) = Directory::keys_of(ours, number);
        found_as.extend(self.directory.sent_as.get(&number).cloned());
        let free_by_name = |name: &str| self.directory.free_by_name(name, Some(number));
        let by_name = found_as.iter().find_map(|name| free_by_name(name));
        Ok(by_name.or_else(|| free_by_name(name)).cloned())
    }

    /// Returns the counterpart by an email that exactly one customer on each side has.
    pub(super) async fn find_by_email(
        &self,
        number: CustomerNumber,
        ours: &Fields,
    ) -> Result<Option<QuickBooksId>, MirrorError> {
        let Some(email) = ours.text(Field::Email) else { return Ok(None) };
        match self.directory.free_by_email(email, number) {
            Some(id) if self.is_only_with_email(number, email).await? => Ok(Some(id.clone())),
            _ => Ok(None),
        }
    }

    /// Whether no other customer of ours has this email.
    async fn is_only_with_email(&self, number: CustomerNumber, email: &str) -> Result<bool, MirrorError> {
        let read = self.emails.get(&email.trim().to_lowercase());
        if read.is_some_and(|numbers| numbers.iter().any(|other| *other != number)) {
            return Ok(false);
        }
        let found = self.store().customers_by_email(&self.mirror.tenant, email, 2).await?;
        Ok(found.iter().all(|customer| customer.number == number))
    }
}
