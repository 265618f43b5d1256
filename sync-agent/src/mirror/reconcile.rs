//! Compares customers with their counterparts in QuickBooks, and decides what each side gets.

use std::collections::BTreeSet;

use clientele_shared::model::{
    Conflict, Customer, CustomerNumber, Link, Mapping, MirroredEntity, Parked, QuickBooksId, Status,
};
use clientele_shared::store::{MappedCustomer, MirrorNote, MirrorWrite, RecordWrite};
use serde_json::Value;

use super::directory::{Directory, Owner, sync_token};
use super::fields::{Field, Fields, display_name, pulled};
use super::merge::{Base, Merge, merge};
use super::outgoing::{Outgoing, OutgoingKind};
use super::report::{PlannedConflict, Refused};
use super::run::{Run, planned};
use super::{MirrorError, names, wire};

/// How often a customer that changes while it is compared is compared again. After that, the next run does it.
const MAX_ROUNDS: usize = 8;

/// The fields that make a name.
const NAMES: [Field; 3] = [Field::FirstName, Field::LastName, Field::CompanyName];

/// The reason why a customer without a name is not written.
const NO_NAME: &str = "has no first name, last name or company name, and QuickBooks requires a name; add one";

/// What is decided about one customer.
#[derive(Default)]
struct Decision {
    write: Option<MirrorWrite>,
    outgoing: Option<Outgoing>,
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
            // What was decided before about the same customers is out of date.
            self.queue.retain(|queued| !pairs.contains_key(&queued.number));
            let (mut writes, mut outgoing) = (Vec::new(), Vec::new());
            for (customer, mapping) in pairs.into_values() {
                self.compared.insert(customer.number);
                let decision = self.decide(customer, mapping).await?;
                writes.extend(decision.write);
                outgoing.extend(decision.outgoing);
            }
            left = match self.plan {
                Some(_) => BTreeSet::new(),
                None => mirror.store.mirror_commit(&mirror.tenant, mirror.realm(), writes).await?,
            };
            // What was decided before about the same customers is out of date.
            let compared: BTreeSet<CustomerNumber> =
                outgoing.iter().map(|outgoing| outgoing.number).collect();
            self.queue.retain(|queued| !compared.contains(&queued.number));
            let is_current = |outgoing: &Outgoing| !left.contains(&outgoing.number);
            self.queue.extend(outgoing.into_iter().filter(is_current));
        }
        self.report.pending += left.len();
        Ok(())
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
        self.settle_merge(customer, Some(mapping), seen, &base, ours, theirs, merged)
    }

    /// Decides about a customer without a counterpart: finds it one, or has one created.
    async fn decide_unlinked(
        &mut self,
        customer: Customer,
        mapping: Option<Mapping>,
        ours: Fields,
    ) -> Result<Decision, MirrorError> {
        let is_parted = mapping.as_ref().is_some_and(|mapping| mapping.is_gone);
        // A customer that was merged into another in QuickBooks is written again only once it is active again here.
        if customer.deleted_at.is_some() || (is_parted && !ours.is_active()) {
            return Ok(self.nothing(&customer));
        }
        let Some(name) = names::display_name(&ours) else { return Ok(self.park(&customer, "", NO_NAME)) };
        if let Some(id) = self.find(customer.number, &ours, &name).await? {
            return Ok(self.link(customer, mapping, &id, ours));
        }
        if !self.pushes {
            return Ok(Decision::default());
        }
        if let Some(reason) = self.unwritable(&customer, &ours) {
            return Ok(self.park(&customer, "", &reason));
        }
        let mut listed = name.clone();
        if self.directory.is_taken(&name, None) {
            listed = names::with_id(&name, customer.number);
            if self.directory.is_taken(&listed, None) {
                let reason = format!(
                    "`{name}` and `{listed}` are both names of others in QuickBooks; rename one of them"
                );
                return Ok(self.park(&customer, "6240", &reason));
            }
        }
        self.directory.take_name(&listed);
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
        self.settle_merge(customer, None, seen, &Base::default(), ours, theirs, merged)
    }

    /// Turns a merge into a result for our side and a write to QuickBooks. `stored` is the mapping as it is, and `seen` as
    /// QuickBooks' state makes it.
    #[expect(clippy::too_many_arguments, reason = "the two sides, before and after")]
    fn settle_merge(
        &mut self,
        customer: Customer,
        stored: Option<Mapping>,
        seen: Mapping,
        base: &Base,
        ours: Fields,
        theirs: Fields,
        merged: Merge,
    ) -> Decision {
        let Merge { push, pull, conflicts } = merged;
        let is_new = stored.is_none();
        let is_contested = |field: &Field| conflicts.iter().any(|conflict| conflict.field == *field);
        let (lost, taken): (Vec<Field>, Vec<Field>) = pull.iter().copied().partition(is_contested);
        let (fields, deleted_at) =
            pulled(&customer.fields, customer.deleted_at, Some(&base.theirs), &theirs, &taken);
        let (mut fields, deleted_at) = pulled(&fields, deleted_at, None, &theirs, &lost);
        if is_new {
            fields.quickbooks_id = Some(seen.quickbooks_id.to_string());
        }
        let new = Customer { fields, deleted_at, ..customer.clone() };
        let after = Fields::ours(&new, self.mirror.connection.settings.deactivation, Some(&base.ours));
        // What is still to be pushed stays as it was when the sides last agreed, and is therefore ahead.
        let mut agreed = after.clone();
        for field in &push {
            agreed.set(*field, base.ours.get(*field).clone());
        }
        let mapping = Mapping { ours: agreed.to_stored(), theirs: theirs.to_stored(), ..seen };
        self.note_plan(&customer, &mapping, &ours, &after, &theirs, &pull, &conflicts);
        let mut notes: Vec<MirrorNote> = conflicts
            .into_iter()
            .map(|conflict| self.conflict(&customer, &mapping, conflict))
            .map(MirrorNote::Conflict)
            .collect();
        if is_new {
            let link = Link { customer: Some(customer.number), facts: Value::Null };
            notes.push(MirrorNote::Link(MirroredEntity::Customer, mapping.quickbooks_id.clone(), link));
        }
        let outgoing = self.push(&customer, &mapping, base, after, push);
        if let Err(reason) = &outgoing {
            notes.push(MirrorNote::Park(self.parked_note(
                &customer,
                Some(&mapping.quickbooks_id),
                "",
                reason,
            )));
        } else if self.parked.remove(&customer.number).is_some() {
            notes.push(MirrorNote::Unpark);
        }
        let outgoing = outgoing.unwrap_or_default();
        if outgoing.is_none() {
            self.report.pushed.unchanged += 1;
        }
        let is_changed = new.fields != customer.fields || new.deleted_at != customer.deleted_at;
        if !pull.is_empty() && is_changed {
            self.report.pulled.customers += 1;
        }
        if stored.as_ref() == Some(&mapping) && !is_changed && notes.is_empty() {
            return Decision { write: None, outgoing };
        }
        let record = match is_changed {
            true => RecordWrite::Change {
                fields: Box::new(new.fields),
                deleted_at: new.deleted_at,
                old: Box::new(customer.clone()),
            },
            false => RecordWrite::Keep,
        };
        Decision {
            write: Some(MirrorWrite { number: customer.number, record, mapping: Some(mapping), notes }),
            outgoing,
        }
    }

    /// Returns the update of a customer in QuickBooks, or why it cannot be made.
    fn push(
        &mut self,
        customer: &Customer,
        mapping: &Mapping,
        base: &Base,
        ours: Fields,
        changed: Vec<Field>,
    ) -> Result<Option<Outgoing>, String> {
        if changed.is_empty() || !self.pushes {
            return Ok(None);
        }
        let Some(name) = names::display_name(&ours) else { return Err(NO_NAME.to_owned()) };
        if let Some(reason) = self.unwritable(customer, &ours) {
            return Err(reason);
        }
        let mut changed = changed;
        // A name is one thing: a person's company must not get lost when an organisation becomes a person.
        if changed.iter().any(|field| NAMES.contains(field)) {
            changed
                .extend(NAMES.iter().filter(|field| !changed.contains(field)).copied().collect::<Vec<_>>());
        }
        let display_name = self.new_display_name(customer.number, mapping, base, &name);
        if let Some(plan) = &mut self.plan {
            let theirs = Fields::from_stored(&mapping.theirs);
            let id = Some(&mapping.quickbooks_id);
            let entry = planned(Some(customer.number), id, &mapping.display_name, &theirs, &ours, &changed);
            let is_deactivation = changed.contains(&Field::Active) && !ours.is_active();
            if is_deactivation { plan.deactivate.push(entry) } else { plan.update.push(entry) }
        }
        let kind = OutgoingKind::Update { mapping: Box::new(mapping.clone()), display_name, is_full: false };
        Ok(Some(Outgoing::new(customer.number, kind, ours, changed)))
    }

    /// Returns the name under which a customer is listed from now on, if that changes. A name that a person has given it in
    /// QuickBooks stays.
    fn new_display_name(
        &mut self,
        number: CustomerNumber,
        mapping: &Mapping,
        base: &Base,
        name: &str,
    ) -> Option<String> {
        let old = names::display_name(&base.ours)?;
        let listed = names::key(&mapping.display_name);
        let is_ours = [names::key(&old), names::key(&names::with_id(&old, number))].contains(&listed);
        if !is_ours || names::key(name) == names::key(&old) {
            return None;
        }
        let id = Some(&mapping.quickbooks_id);
        let new =
            if self.directory.is_taken(name, id) { names::with_id(name, number) } else { name.to_owned() };
        self.directory.take_name(&new);
        Some(new)
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

    /// Decides that nothing is to be done.
    fn nothing(&mut self, customer: &Customer) -> Decision {
        self.report.pushed.unchanged += 1;
        let was_parked = self.parked.remove(&customer.number).is_some();
        let notes = vec![MirrorNote::Unpark];
        let write = MirrorWrite { number: customer.number, record: RecordWrite::Keep, mapping: None, notes };
        Decision { write: Some(write).filter(|_| was_parked), outgoing: None }
    }

    fn park(&mut self, customer: &Customer, code: &str, reason: &str) -> Decision {
        let note = self.parked_note(customer, None, code, reason);
        let notes = vec![MirrorNote::Park(note)];
        let write = MirrorWrite { number: customer.number, record: RecordWrite::Keep, mapping: None, notes };
        Decision { write: Some(write), outgoing: None }
    }

    /// Returns the note that a customer cannot be written.
    pub(super) fn parked_note(
        &mut self,
        customer: &Customer,
        id: Option<&QuickBooksId>,
        code: &str,
        reason: &str,
    ) -> Parked {
        let name = customer.fields.full_name();
        let parked = Parked {
            number: customer.number,
            name: name.clone(),
            quickbooks_id: id.cloned(),
            code: code.to_owned(),
            reason: reason.to_owned(),
            at: self.store().ambient().now(),
        };
        if let Some(plan) = &mut self.plan {
            let quickbooks_id = id.map(ToString::to_string);
            let reason = reason.to_owned();
            plan.refused.push(Refused { id: Some(customer.number), quickbooks_id, name, reason });
        }
        self.parked.insert(customer.number, parked.clone());
        parked
    }

    fn conflict(
        &self,
        customer: &Customer,
        mapping: &Mapping,
        conflict: super::merge::FieldConflict,
    ) -> Conflict {
        Conflict {
            number: customer.number,
            quickbooks_id: mapping.quickbooks_id.clone(),
            name: customer.fields.full_name(),
            field: conflict.field.as_str().to_owned(),
            base: conflict.base,
            ours: conflict.ours,
            theirs: conflict.theirs,
            winner: self.mirror.connection.settings.winner,
            at: self.store().ambient().now(),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the two sides, before and after")]
    fn note_plan(
        &mut self,
        customer: &Customer,
        mapping: &Mapping,
        ours: &Fields,
        after: &Fields,
        theirs: &Fields,
        pull: &[Field],
        conflicts: &[super::merge::FieldConflict],
    ) {
        let winner = self.mirror.connection.settings.winner.as_str();
        let Some(plan) = &mut self.plan else { return };
        let (id, name) = (Some(customer.number), &mapping.display_name);
        let own = |field: &&Field| {
            after.get(**field) != ours.get(**field) || theirs.get(**field) != ours.get(**field)
        };
        let fields: Vec<Field> = pull.iter().filter(own).copied().collect();
        if !fields.is_empty() {
            plan.pull.push(planned(id, Some(&mapping.quickbooks_id), name, ours, after, &fields));
        }
        plan.conflicts.extend(conflicts.iter().cloned().map(|conflict| PlannedConflict {
            id,
            quickbooks_id: mapping.quickbooks_id.to_string(),
            name: name.clone(),
            field: conflict.field.as_str(),
            base: conflict.base,
            ours: conflict.ours,
            theirs: conflict.theirs,
            winner,
        }));
    }

    /// Returns why QuickBooks would refuse a customer.
    fn unwritable(&self, customer: &Customer, ours: &Fields) -> Option<String> {
        if let Err(reason) = wire::check(ours) {
            return Some(reason.to_string());
        }
        let home = self.mirror.connection.home_currency.to_string();
        let own = customer.fields.currency.as_deref().filter(|own| !own.eq_ignore_ascii_case(&home))?;
        let is_allowed = self.mirror.connection.is_multicurrency;
        (!is_allowed).then(|| {
            format!("is in {own}, and the company keeps its books in {home} alone; turn on multicurrency in QuickBooks")
        })
    }

    /// Returns the currency in which a customer is to be created, if it is not the company's own.
    fn currency(&self, customer: &Customer) -> Option<String> {
        let home = self.mirror.connection.home_currency.to_string();
        let own = customer.fields.currency.clone().map(|own| own.to_ascii_uppercase());
        own.filter(|own| *own != home)
    }

    /// Returns the counterpart of a customer that has none yet: by an email that exactly one customer on each side has,
    /// then by name.
    async fn find(
        &self,
        number: CustomerNumber,
        ours: &Fields,
        name: &str,
    ) -> Result<Option<QuickBooksId>, MirrorError> {
        if let Some(email) = ours.text(Field::Email)
            && let Some(id) = self.directory.free_by_email(email)
            && self.is_only_with_email(number, email).await?
        {
            return Ok(Some(id.clone()));
        }
        let (found_as, _) = Directory::keys_of(ours, number);
        let by_name = found_as.iter().find_map(|name| self.directory.free_by_name(name));
        Ok(by_name.or_else(|| self.directory.free_by_name(name)).cloned())
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
