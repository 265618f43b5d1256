//! One run: what it has read and decided so far, and the work that is left.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::model::{
    CustomerNumber, MirrorState, MirroredEntity, Parked, ParkedObject, QuickBooksId,
};
use clientele_shared::store::Store;

use super::directory::Directory;
use super::fields::Fields;
use super::gather::Gathered;
use super::lease::Lease;
use super::outgoing::Outgoing;
use super::report::{Plan, Planned, PlannedChange, Progress, SyncPhase, SyncReport};
use super::{Mirror, MirrorError};

/// Receives the progress of a run.
pub(super) type Watch<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// A run of the mirror.
pub(super) struct Run<'a> {
    pub(super) mirror: &'a Mirror,
    pub(super) lease: &'a Lease,
    pub(super) watch: Watch<'a>,
    pub(super) state: MirrorState,
    pub(super) directory: Directory,
    /// Changes in QuickBooks.
    pub(super) gathered: Gathered,
    pub(super) report: SyncReport,
    /// The changes that the run would make, if it only plans.
    pub(super) plan: Option<Plan>,
    /// Whether our changes go to QuickBooks.
    pub(super) pushes: bool,
    /// The customers that QuickBooks has refused.
    pub(super) parked: BTreeMap<CustomerNumber, Parked>,
    /// The objects in QuickBooks that earlier runs could not mirror, and that this run tries again.
    pub(super) parked_objects: Vec<ParkedObject>,
    /// Those that wait for a later run.
    pub(super) postponed: Vec<ParkedObject>,
    /// Those that this run cannot mirror.
    pub(super) unreadable: BTreeMap<(MirroredEntity, QuickBooksId), ParkedObject>,
    /// The customers that this run has compared.
    pub(super) compared: BTreeSet<CustomerNumber>,
    /// Whether the customer that is being compared is compared for the first time.
    pub(super) is_first_look: bool,
    /// Our customers by email, as far as this run has read them: an index can lag behind them.
    pub(super) emails: BTreeMap<String, BTreeSet<CustomerNumber>>,
    /// Customers to be written to QuickBooks.
    pub(super) queue: Vec<Outgoing>,
    /// The customers of batches that an earlier run left open.
    pub(super) left_open: BTreeSet<CustomerNumber>,
    /// How often a customer was sent and has to be sent again in another form.
    pub(super) attempts: BTreeMap<CustomerNumber, usize>,
}

impl<'a> Run<'a> {
    pub(super) fn new(mirror: &'a Mirror, lease: &'a Lease, watch: Watch<'a>, state: MirrorState) -> Self {
        Self {
            mirror,
            lease,
            watch,
            state,
            directory: Directory::default(),
            gathered: Gathered::default(),
            report: SyncReport::default(),
            plan: None,
            pushes: true,
            parked: BTreeMap::new(),
            parked_objects: Vec::new(),
            postponed: Vec::new(),
            unreadable: BTreeMap::new(),
            compared: BTreeSet::new(),
            is_first_look: true,
            emails: BTreeMap::new(),
            queue: Vec::new(),
            left_open: BTreeSet::new(),
            attempts: BTreeMap::new(),
        }
    }

    pub(super) fn store(&self) -> &'a Store {
        &self.mirror.store
    }

    /// Fails if the run has to end before its next step.
    pub(super) fn check(&self) -> Result<(), MirrorError> {
        self.mirror.check()?;
        self.lease.check()
    }

    pub(super) fn show(&mut self, phase: SyncPhase, done: usize, total: usize) {
        (self.watch)(Progress { phase, done: done as u64, total: total as u64 });
    }

    /// Stores the progress, unless the run only plans.
    pub(super) async fn save_state(&self) -> Result<(), MirrorError> {
        self.check()?;
        if self.plan.is_none() {
            let mirror = self.mirror;
            mirror.store.mirror_state_put(&mirror.tenant, mirror.realm(), &self.state).await?;
        }
        Ok(())
    }
}

/// Returns a customer of a plan.
pub(super) fn planned(
    id: Option<CustomerNumber>,
    quickbooks_id: Option<&QuickBooksId>,
    name: &str,
    old: &Fields,
    new: &Fields,
    fields: &[super::fields::Field],
) -> Planned {
    let change = |field: &super::fields::Field| {
        let change = PlannedChange { old: old.get(*field).clone(), new: new.get(*field).clone() };
        (field.as_str(), change)
    };
    let changes = fields.iter().map(change).filter(|(_, change)| change.old != change.new).collect();
    let quickbooks_id = quickbooks_id.map(ToString::to_string);
    Planned { id, quickbooks_id, name: name.to_owned(), changes }
}
