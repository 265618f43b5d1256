//! A sync from beginning to end, and the plan of one.

use std::collections::BTreeSet;

use clientele_shared::model::{CustomerNumber, FullPass};
use clientele_shared::store::{Change, LogBatch, LogPosition, LogRead};

use super::lease::Lease;
use super::report::{Calls, Plan, Progress, SyncPhase, SyncReport};
use super::run::Run;
use super::{Mirror, MirrorError};

/// How many of our customers are compared at a time.
const AT_A_TIME: u32 = 120;

/// How many entries of the log are read at a time.
const ENTRIES_AT_A_TIME: usize = 200;

/// The scope of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncOptions {
    /// Our changes go to QuickBooks.
    pub push: bool,
    /// Changes in QuickBooks come to us.
    pub pull: bool,
    /// Everything is compared, as in a first sync.
    pub full: bool,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self { push: true, pull: true, full: false }
    }
}

impl Mirror {
    /// Makes both sides equal.
    ///
    /// # Errors
    /// Returns the reason why the run ended early. Its work so far is stored, and the next run continues.
    pub async fn sync(
        &self,
        options: SyncOptions,
        watch: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<SyncReport, MirrorError> {
        let lease = Lease::take(&self.store, &self.tenant, self.realm()).await?;
        let state = self.store.mirror_state_get(&self.tenant, self.realm()).await?;
        let mut run = Run::new(self, &lease, watch, state);
        run.pushes = options.push;
        let result = run.sync(options).await;
        let report = run.report;
        lease.release().await?;
        result.map(|()| report)
    }

    /// Returns what a sync would do. Nothing is changed on either side.
    ///
    /// # Errors
    /// Returns the reason why the run ended early.
    pub async fn plan(&self, watch: &mut (dyn FnMut(Progress) + Send)) -> Result<Plan, MirrorError> {
        let lease = Lease::take(&self.store, &self.tenant, self.realm()).await?;
        let state = self.store.mirror_state_get(&self.tenant, self.realm()).await?;
        let mut run = Run::new(self, &lease, watch, state);
        run.plan = Some(Plan::default());
        let result = run.sync(SyncOptions::default()).await;
        let plan = run.plan.unwrap_or_default();
        lease.release().await?;
        result.map(|()| plan)
    }
}

impl Run<'_> {
    async fn sync(&mut self, options: SyncOptions) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        self.state.heed(mirror.connection.settings.deactivation);
        let parked = mirror.store.mirror_parked(&mirror.tenant, mirror.realm()).await?;
        self.parked = parked.into_iter().map(|parked| (parked.number, parked)).collect();
        self.heed_multicurrency().await?;
        if self.plan.is_none() {
            self.complete_intents().await?;
        }
        let mut changes = self.log_from_position().await?;
        let is_first = (changes.is_none() && options.push) || !self.can_continue();
        let mut is_full = options.full || is_first;
        if !is_full && options.pull {
            is_full = !self.gather_changes().await?;
        }
        if is_full {
            changes = None;
            self.gather_all(options.pull).await?;
        }
        if options.pull {
            self.gather_hints().await?;
            self.gather_parked_objects().await?;
        }
        self.reread_too_large().await?;
        if options.push {
            self.compare_ours(is_full, changes).await?;
        }
        if options.pull {
            self.adopt(is_full && options.push).await?;
        }
        self.flush(true).await?;
        if options.pull && self.plan.is_none() {
            self.store_documents().await?;
        }
        self.finish(options).await
    }

    /// Returns the log after the stored position, or `None` if there is no position from which it continues.
    async fn log_from_position(&self) -> Result<Option<LogBatch>, MirrorError> {
        let position = self.state.position.as_ref().and_then(|position| position.parse::<LogPosition>().ok());
        match position {
            Some(position) if self.state.full_pass.is_none() => self.read_log(&position).await,
            _ => Ok(None),
        }
    }

    async fn read_log(&self, position: &LogPosition) -> Result<Option<LogBatch>, MirrorError> {
        match self.store().log_read(&self.mirror.tenant, position, ENTRIES_AT_A_TIME).await? {
            LogRead::Entries(batch) => Ok(Some(batch)),
            LogRead::FullPass(_) => Ok(None),
        }
    }

    /// Compares our customers: all of them, or those that changed.
    async fn compare_ours(&mut self, is_full: bool, changes: Option<LogBatch>) -> Result<(), MirrorError> {
        let waiting: BTreeSet<CustomerNumber> = self.parked.keys().chain(&self.left_open).copied().collect();
        for numbers in waiting.into_iter().collect::<Vec<_>>().chunks(AT_A_TIME as usize) {
            self.compare(numbers.iter().copied().collect()).await?;
        }
        let position = match changes {
            Some(batch) if !is_full => self.follow_log(batch).await?,
            _ => self.walk().await?,
        };
        self.state.position = Some(position.to_string());
        self.state.full_pass = None;
        Ok(())
    }

    /// Compares some of our customers, and writes what fills a batch.
    async fn compare(&mut self, numbers: BTreeSet<CustomerNumber>) -> Result<(), MirrorError> {
        self.reconcile(numbers).await?;
        self.flush(false).await?;
        self.keep_up().await
    }

    /// Compares all customers by number, then those that changed meanwhile. Returns the position that is reached.
    async fn walk(&mut self) -> Result<LogPosition, MirrorError> {
        let (store, tenant) = (self.store(), &self.mirror.tenant);
        let resumed = self.state.full_pass.take().and_then(|pass| Some((pass.position.parse().ok()?, pass)));
        let (start, pass): (LogPosition, FullPass) = match resumed {
            Some(resumed) => resumed,
            None => {
                let start = store.log_head(tenant).await?;
                let checkpoint = self.gathered.checkpoint.unwrap_or_else(|| store.ambient().now());
                let pass = FullPass { position: start.to_string(), checkpoint, after: None };
                (start, pass)
            }
        };
        let last = store.customer_number_last(tenant).await?.map_or(0, CustomerNumber::get);
        let mut after = pass.after.map_or(0, CustomerNumber::get);
        while after < last {
            let to = last.min(after.saturating_add(AT_A_TIME));
            let numbers = (after + 1..=to).filter_map(|number| CustomerNumber::new(number.into()));
            self.compare(numbers.collect()).await?;
            after = to;
            self.show(SyncPhase::Customers, after as usize, last as usize);
            let queued = self.queue.iter().map(|outgoing| u64::from(outgoing.number.get())).min();
            let settled = queued.map_or(u64::from(after), |first| first.saturating_sub(1).min(after.into()));
            self.state.full_pass = Some(FullPass { after: CustomerNumber::new(settled), ..pass.clone() });
            self.save_state().await?;
        }
        match self.read_log(&start).await? {
            Some(batch) => self.follow_log(batch).await,
            // The log does not reach back to the start of the pass, which then took longer than 90 days.
            None => Ok(start),
        }
    }

    /// Compares the customers in the log. Returns the position that is reached.
    async fn follow_log(&mut self, mut batch: LogBatch) -> Result<LogPosition, MirrorError> {
        loop {
            let mut numbers = BTreeSet::new();
            for change in batch.entries.iter().flat_map(|entry| &entry.changes) {
                if let Change::Customer { number, .. } = change {
                    numbers.insert(*number);
                }
            }
            let numbers: Vec<CustomerNumber> = numbers.into_iter().collect();
            let total = numbers.len();
            for (at, numbers) in numbers.chunks(AT_A_TIME as usize).enumerate() {
                self.compare(numbers.iter().copied().collect()).await?;
                self.show(SyncPhase::Customers, (at * AT_A_TIME as usize + numbers.len()).min(total), total);
            }
            if batch.is_caught_up || batch.entries.is_empty() {
                return Ok(batch.position);
            }
            if self.plan.is_none() && self.state.position.is_some() && self.state.full_pass.is_none() {
                self.flush(true).await?;
                self.state.position = Some(batch.position.to_string());
                self.save_state().await?;
            }
            match self.read_log(&batch.position).await? {
                Some(next) => batch = next,
                None => return Ok(batch.position),
            }
        }
    }

    /// Stores the progress and counts what is left.
    async fn finish(&mut self, options: SyncOptions) -> Result<(), MirrorError> {
        let mirror = self.mirror;
        if options.pull && self.gathered.checkpoint.is_some() {
            self.state.checkpoint = self.gathered.checkpoint;
        }
        self.state.last_sync_at = Some(mirror.store.ambient().now());
        self.save_state().await?;
        if self.plan.is_none() {
            for hint in &self.gathered.hints {
                mirror.store.mirror_hint_delete(&mirror.tenant, mirror.realm(), hint).await?;
            }
        }
        let conflicts = mirror.store.mirror_conflicts(&mirror.tenant, mirror.realm()).await?;
        let refused = mirror.store.mirror_parked(&mirror.tenant, mirror.realm()).await?;
        self.report.conflicts = conflicts.len();
        let unreadable = match options.pull {
            true => self.take_unreadable(),
            false => mirror.store.mirror_parked_objects(&mirror.tenant, mirror.realm()).await?,
        };
        self.report.unreadable = unreadable.into_iter().map(|object| object.reason).collect();
        self.report.refused = refused.len() + self.report.unreadable.len();
        let calls = mirror.quickbooks.calls();
        self.report.calls = Calls { reads: calls.reads, writes: calls.writes, batches: calls.batches };
        Ok(())
    }
}
