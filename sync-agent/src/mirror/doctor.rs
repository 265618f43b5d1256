//! Checks of what the mirror knows against both sides, and repairs of what has gone wrong.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::model::{
    Customer, CustomerNumber, Link, Mapping, MirrorSettings, MirroredEntity, QuickBooksId,
};
use clientele_shared::store::{MirrorNote, MirrorWrite, RecordWrite};
use serde::Serialize;
use serde_json::Value;

use super::directory::{id_of, parent_of};
use super::fields::{Field, Fields, display_name};
use super::lease::Lease;
use super::merge::{Base, Merge, is_mirrored, merge};
use super::names;
use super::parking::too_large;
use super::report::{Progress, SyncPhase};
use super::{Mirror, MirrorError};
use crate::quickbooks::{Entity, Object};

/// How many customers are checked at a time.
const AT_A_TIME: u32 = 120;

/// Something that the doctor has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The kind of finding, such as `missing_link`.
    pub kind: &'static str,
    /// The customer or object, such as `cust_456` or `Customer 67`.
    pub subject: String,
    /// The fault, and the remedy.
    pub message: String,
    /// Whether it has been repaired.
    pub repaired: bool,
}

/// A check of one company.
struct Check<'a> {
    mirror: &'a Mirror,
    lease: &'a Lease,
    repairs: bool,
    theirs: BTreeMap<QuickBooksId, Object>,
    linked: BTreeMap<QuickBooksId, CustomerNumber>,
    findings: Vec<Finding>,
    /// The places of the findings that the next write repairs, and their customers.
    repairable: Vec<(usize, CustomerNumber)>,
}

impl Mirror {
    /// Compares all customers of both sides with what the mirror knows, and with `repairs` repairs what it can: the next sync
    /// does the rest. QuickBooks is only read: one metered call for every 1,000 customers.
    ///
    /// # Errors
    /// Returns the reason why the check ended early.
    pub async fn doctor(
        &self,
        repairs: bool,
        watch: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Vec<Finding>, MirrorError> {
        let lease = Lease::take(&self.store, &self.tenant, self.realm()).await?;
        let (theirs, linked) = (BTreeMap::new(), BTreeMap::new());
        let (findings, repairable) = (Vec::new(), Vec::new());
        let mut check = Check { mirror: self, lease: &lease, repairs, theirs, linked, findings, repairable };
        let result = check.run(watch).await;
        let findings = check.findings;
        lease.release().await?;
        result.map(|()| findings)
    }
}

impl Check<'_> {
    async fn run(&mut self, watch: &mut (dyn FnMut(Progress) + Send)) -> Result<(), MirrorError> {
        self.read_theirs(watch).await?;
        let mirror = self.mirror;
        let last = mirror.store.customer_number_last(&mirror.tenant).await?.map_or(0, CustomerNumber::get);
        let mut after = 0;
        while after < last {
            mirror.check()?;
            self.lease.check()?;
            let to = last.min(after.saturating_add(AT_A_TIME));
            let numbers = (after + 1..=to).filter_map(|number| CustomerNumber::new(number.into()));
            self.check_ours(numbers.collect()).await?;
            after = to;
            watch(Progress { phase: SyncPhase::Customers, done: after.into(), total: last.into() });
        }
        self.check_theirs();
        self.check_waiting().await
    }

    async fn read_theirs(&mut self, watch: &mut (dyn FnMut(Progress) + Send)) -> Result<(), MirrorError> {
        let mut pages = self.mirror.quickbooks.query_all(Entity::Customer);
        while let Some(page) = pages.next_page().await? {
            self.mirror.check()?;
            self.theirs.extend(page.into_iter().filter_map(|object| Some((id_of(&object)?, object))));
            let done = self.theirs.len() as u64;
            watch(Progress { phase: SyncPhase::Reading, done, total: 0 });
        }
        Ok(())
    }

    fn found(&mut self, kind: &'static str, subject: String, message: String) {
        self.findings.push(Finding { kind, subject, message, repaired: false });
    }

    fn found_repairable(&mut self, kind: &'static str, number: CustomerNumber, message: String) {
        self.repairable.push((self.findings.len(), number));
        self.found(kind, format!("cust_{number}"), message);
    }

    /// Checks customers of ours: each mapping has its counterpart, its link back, and its id in the record.
    async fn check_ours(&mut self, numbers: BTreeSet<CustomerNumber>) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        let pairs = mirror.store.mapped_customers(&mirror.tenant, mirror.realm(), &numbers).await?;
        let mapped = pairs.values().filter_map(|(_, mapping)| mapping.as_ref());
        let ids: BTreeSet<QuickBooksId> =
            mapped.filter(|mapping| !mapping.is_gone).map(|mapping| mapping.quickbooks_id.clone()).collect();
        let customer = MirroredEntity::Customer;
        let links = mirror.store.links_get(&mirror.tenant, mirror.realm(), customer, &ids).await?;
        let mut writes = Vec::new();
        for (number, (customer, mapping)) in pairs {
            let Some(mapping) = mapping.filter(|mapping| !mapping.is_gone) else { continue };
            let id = &mapping.quickbooks_id;
            let is_linked = links.get(id).and_then(|link| link.customer) == Some(number);
            writes.extend(self.check_link(&customer, id, is_linked));
            let subject = format!("cust_{number}");
            if let Some(other) = self.linked.insert(id.clone(), number) {
                let message =
                    format!("cust_{other} has the same QuickBooks customer {id}; delete one of the two");
                self.found("linked_twice", subject.clone(), message);
            }
            self.compare(&subject, &customer, &mapping, id);
        }
        self.repair(writes).await
    }

    /// Checks that a customer and its counterpart name each other. Returns the write that repairs it.
    fn check_link(&mut self, customer: &Customer, id: &QuickBooksId, is_linked: bool) -> Option<MirrorWrite> {
        let number = customer.number;
        let (mut record, mut notes) = (RecordWrite::Keep, Vec::new());
        if !is_linked {
            let message = format!("QuickBooks customer {id} is not linked back to it");
            self.found_repairable("missing_link", number, message);
            let link = Link { customer: Some(number), facts: Value::Null };
            notes.push(MirrorNote::Link(MirroredEntity::Customer, id.clone(), link));
        }
        if customer.fields.quickbooks_id.as_deref() != Some(id.as_str()) {
            let message = format!("its record does not show the QuickBooks id {id}");
            let mut fields = customer.fields.clone();
            fields.quickbooks_id = Some(id.to_string());
            let (fields, old) = (Box::new(fields), Box::new(customer.clone()));
            let with_id = RecordWrite::Change { deleted_at: customer.deleted_at, fields, old };
            if too_large(&with_id).is_none() {
                self.found_repairable("missing_id", number, message);
                record = with_id;
            } else {
                let message = format!("{message}, for which it has no room; shorten the customer here");
                self.found("missing_id", format!("cust_{number}"), message);
            }
        }
        let is_needed = record != RecordWrite::Keep || !notes.is_empty();
        is_needed.then_some(MirrorWrite { number, record, mapping: None, notes })
    }

    /// Writes repairs, if they are wanted, and marks the findings whose repair is stored.
    async fn repair(&mut self, writes: Vec<MirrorWrite>) -> Result<(), MirrorError> {
        let (mirror, repairable) = (self.mirror, std::mem::take(&mut self.repairable));
        let left: BTreeSet<CustomerNumber> = if self.repairs {
            // Those that are refused have changed since they were read.
            mirror.store.mirror_commit(&mirror.tenant, mirror.realm(), writes).await?
        } else {
            repairable.iter().map(|(_, number)| *number).collect()
        };
        for (at, number) in repairable {
            let Some(finding) = self.findings.get_mut(at) else { continue };
            finding.repaired = !left.contains(&number);
            if !finding.repaired {
                finding.message.push_str("; doctor --repair repairs it");
            }
        }
        Ok(())
    }

    /// Compares the fields of the two sides.
    fn compare(&mut self, subject: &str, customer: &Customer, mapping: &Mapping, id: &QuickBooksId) {
        let Some(object) = self.theirs.get(id) else {
            let message =
                format!("QuickBooks customer {id} no longer exists; the next sync makes it inactive here");
            return self.found("gone", subject.to_owned(), message);
        };
        let base =
            Base { ours: Fields::from_stored(&mapping.ours), theirs: Fields::from_stored(&mapping.theirs) };
        let MirrorSettings { deactivation, winner } = self.mirror.connection.settings;
        let ours = Fields::ours(customer, deactivation, Some(&base.ours));
        let theirs = Fields::theirs(object, Some(&ours), Some(&base.theirs));
        // Values that are unlike because one side cannot have the other's, and have not changed since, are no difference.
        let Merge { push, pull, .. } = merge(Some(&base), &ours, &theirs, winner);
        let is_different = |field: &Field| {
            (push.contains(field) || pull.contains(field))
                && !is_mirrored(*field, ours.get(*field), theirs.get(*field))
        };
        let different: Vec<&str> =
            Field::ALL.iter().filter(|field| is_different(field)).map(|field| field.as_str()).collect();
        if !different.is_empty() {
            let message = format!("{} differ from QuickBooks; run sync-agent sync", different.join(", "));
            self.found("different", subject.to_owned(), message);
        }
    }

    /// Checks customers of QuickBooks: each is ours, and no two active ones have the same name.
    fn check_theirs(&mut self) {
        let mut by_name: BTreeMap<String, Vec<&QuickBooksId>> = BTreeMap::new();
        let mut found = Vec::new();
        for (id, object) in self.theirs.iter().filter(|(_, object)| parent_of(object).is_none()) {
            // QuickBooks itself keeps the name of one that is inactive apart.
            if object.get("Active").and_then(Value::as_bool) != Some(false) {
                by_name.entry(names::listed_key(display_name(object))).or_default().push(id);
            }
            if !self.linked.contains_key(id) {
                let message =
                    format!("`{}` is not mirrored yet; run sync-agent sync --full", display_name(object));
                found.push(("not_mirrored", format!("Customer {id}"), message));
            }
        }
        for (name, ids) in by_name.into_iter().filter(|(_, ids)| ids.len() > 1) {
            let ids: Vec<String> = ids.into_iter().map(ToString::to_string).collect();
            let message = format!("`{name}` is the name of {}; merge them in QuickBooks", ids.join(" and "));
            found.push(("same_name", format!("Customer {}", ids.join(", ")), message));
        }
        for (kind, subject, message) in found {
            self.found(kind, subject, message);
        }
    }

    /// Reports what waits: writes that are not completed, refused customers, unreadable objects, and conflicts.
    async fn check_waiting(&mut self) -> Result<(), MirrorError> {
        let (store, tenant, realm) = (&self.mirror.store, &self.mirror.tenant, self.mirror.realm());
        let (intents, parked, objects, conflicts) = (
            store.mirror_intents(tenant, realm).await?,
            store.mirror_parked(tenant, realm).await?,
            store.mirror_parked_objects(tenant, realm).await?,
            store.mirror_conflicts(tenant, realm).await?,
        );
        for intent in intents {
            let message = format!(
                "{} writes of a run that was interrupted; the next sync completes them",
                intent.items.len()
            );
            self.found("open_batch", intent.request_id, message);
        }
        for parked in parked {
            self.found("refused", format!("cust_{}", parked.number), parked.reason);
        }
        for object in objects {
            self.found("unreadable", format!("{} {}", object.entity.as_str(), object.id), object.reason);
        }
        for conflict in conflicts {
            let message = format!(
                "{}: {} won; sync-agent conflicts shows both values",
                conflict.field,
                conflict.winner.as_str()
            );
            self.found("conflict", format!("cust_{}", conflict.number), message);
        }
        Ok(())
    }
}
