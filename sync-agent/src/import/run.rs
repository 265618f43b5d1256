//! The run of an import: a file is read as a stream, some thousand rows at a time, and written as it is read.

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use clientele_shared::Error as StoreError;
use clientele_shared::model::{Mode, Tenant, TenantId};
use clientele_shared::store::Store;
use tokio::task::JoinSet;

use super::import_kind::{Committed, ImportKind, ReadRules, Session, Target};
use super::outcome::{ImportError, ImportEvent, ImportFailure, ImportOptions, ImportOutcome, ImportProgress};
use super::reader::{RejectedRow, Row, Rows};
use super::rejects::{Rejects, RejectsTo};
use crate::cancellation::CancellationToken;

/// How many rows are read and looked up at a time.
const ROWS_AT_A_TIME: usize = 2_000;
/// After how many bytes no more rows are read at a time.
const BYTES_AT_A_TIME: u64 = 16 * 1024 * 1024;
/// How many commits are under way side by side.
const COMMITS_AT_A_TIME: usize = 4;

/// What is told what happens.
pub type Watch<'a> = &'a mut (dyn FnMut(ImportEvent<'_>) + Send);

/// Imports files into one tenant's records.
#[derive(Debug, Clone)]
pub struct Importer<S: ImportKind> {
    target: Target,
    tenant_id: TenantId,
    kind: S,
    options: ImportOptions<S::Field>,
    stop: CancellationToken,
}

impl<S: ImportKind> Importer<S> {
    /// An importer of this into these records.
    #[must_use]
    pub fn new(
        store: Store,
        tenant: TenantId,
        mode: Mode,
        kind: S,
        options: ImportOptions<S::Field>,
    ) -> Self {
        let target = Target { store, tenant: Tenant::new(&tenant, mode) };
        Self { target, tenant_id: tenant, kind, options, stop: CancellationToken::default() }
    }

    /// The same importer, which stops when it is asked to: it ends the commits under way and begins no other.
    #[must_use]
    pub fn stopped_by(mut self, stop: CancellationToken) -> Self {
        self.stop = stop;
        self
    }

    /// Imports a file.
    ///
    /// It may be broken off at any point, also by dropping the future, and run again: rows that are in are
    /// left out then.
    ///
    /// # Errors
    /// [`ImportFailure`] says why and how far it came.
    pub async fn run(&self, file: &Path, watch: Watch<'_>) -> Result<ImportOutcome, Box<ImportFailure>> {
        let begun = Instant::now();
        let mut run = match self.begin(file, watch).await {
            Ok(run) => run,
            Err(error) => return Err(Box::new(ImportFailure { error, so_far: ImportOutcome::default() })),
        };
        let ended = run.finish().await;
        let so_far = run.outcome(begun);
        match ended {
            Ok(()) => Ok(so_far),
            Err(error) => Err(Box::new(ImportFailure { error, so_far })),
        }
    }

    async fn begin<'a>(&'a self, path: &'a Path, watch: Watch<'a>) -> Result<Run<'a, S>, ImportError> {
        let unopened = |source| ImportError::Unopened { path: path.to_owned(), source };
        let file = File::open(path).map_err(unopened)?;
        let bytes_total = file.metadata().map_err(unopened)?.len();
        if let RejectsTo::File(rejects) = &self.options.rejects
            && is_same_file(rejects, path)
        {
            return Err(ImportError::RejectsOverSource(rejects.clone()));
        }
        let options = &self.options;
        let rules = ReadRules { now: self.target.store.ambient().now(), unguard: options.unguard };
        let session = self.kind.begin(path, rules);
        let rows = Rows::open(file, options.delimiter, &options.columns, self.kind.also(), session)
            .map_err(|source| ImportError::Unreadable { path: path.to_owned(), source })?;
        self.check_tenant().await?;
        Ok(Run {
            importer: self,
            path,
            rows,
            rejects: Rejects::new(options.rejects.clone(), path),
            commits: JoinSet::new(),
            progress: ImportProgress { bytes_total, ..ImportProgress::default() },
            interrupted: false,
            watch,
        })
    }

    async fn check_tenant(&self) -> Result<(), ImportError> {
        match self.target.store.tenant_settings(&self.tenant_id).await {
            Ok(_) => Ok(()),
            Err(StoreError::NotFound(_)) => Err(ImportError::NoTenant(self.tenant_id.clone())),
            Err(error) => Err(error.into()),
        }
    }
}

/// What is to be written of a row.
type New<S> = <<S as ImportKind>::Session as Session>::New;

/// Some rows of a file, as they were read.
struct Batch<S: ImportKind> {
    good: Vec<<S::Session as Session>::Row>,
    rejected: Vec<RejectedRow>,
    is_end: bool,
}

/// One file while it is imported.
struct Run<'a, S: ImportKind> {
    importer: &'a Importer<S>,
    path: &'a Path,
    rows: Rows<File, S::Session>,
    rejects: Rejects,
    commits: JoinSet<Result<Committed, StoreError>>,
    progress: ImportProgress,
    interrupted: bool,
    watch: Watch<'a>,
}

impl<S: ImportKind> Run<'_, S> {
    /// Reads the file to its end; then, or when that fails, waits for the commits under way.
    async fn finish(&mut self) -> Result<(), ImportError> {
        let read = self.read_all().await;
        let drained = self.drain().await;
        let flushed = self.rejects.flush();
        read?;
        drained?;
        Ok(flushed?)
    }

    async fn read_all(&mut self) -> Result<(), ImportError> {
        loop {
            if self.importer.stop.is_requested() {
                self.interrupted = true;
                return Ok(());
            }
            let Batch { good, mut rejected, is_end } = self.read_some()?;
            let classified = self.rows.classify(&self.importer.target, good).await?;
            rejected.extend(classified.rejected);
            self.reject(rejected)?;
            self.progress.counts.present += classified.present;
            if self.importer.options.dry_run {
                self.progress.counts.written += classified.new.len() as u64;
            } else {
                self.write(classified.new).await?;
            }
            self.tell();
            if is_end {
                return Ok(());
            }
        }
    }

    /// The next rows.
    fn read_some(&mut self) -> Result<Batch<S>, ImportError> {
        let mut batch = Batch { good: Vec::new(), rejected: Vec::new(), is_end: false };
        let start = self.rows.bytes_read();
        for _ in 0..ROWS_AT_A_TIME {
            let next = self.rows.next();
            let next =
                next.map_err(|source| ImportError::Unreadable { path: self.path.to_owned(), source })?;
            match next {
                None => {
                    batch.is_end = true;
                    break;
                }
                Some(Row::Good(row)) => batch.good.push(row),
                Some(Row::Rejected(row)) => batch.rejected.push(row),
            }
            if self.rows.bytes_read() - start > BYTES_AT_A_TIME {
                break;
            }
        }
        Ok(batch)
    }

    /// Reports rejected rows, in the order of their lines.
    fn reject(&mut self, mut rows: Vec<RejectedRow>) -> Result<(), ImportError> {
        rows.sort_by_key(|row| row.line);
        for row in rows {
            self.progress.counts.rejected += 1;
            self.rejects.add(self.rows.header(), &row)?;
            (self.watch)(ImportEvent::Rejected(&row));
        }
        Ok(())
    }

    /// Begins the commits of rows; waits while there are enough under way.
    async fn write(&mut self, new: Vec<New<S>>) -> Result<(), ImportError> {
        let target = &self.importer.target;
        for commit in self.rows.session().commits(target, new).await? {
            while self.commits.len() >= COMMITS_AT_A_TIME {
                self.one_commit_ended().await?;
            }
            if self.importer.stop.is_requested() {
                self.interrupted = true;
                return Ok(());
            }
            self.commits.spawn(S::Session::commit(target.clone(), commit));
        }
        Ok(())
    }

    /// Waits for every commit under way; returns the first failure.
    async fn drain(&mut self) -> Result<(), ImportError> {
        let mut ended = Ok(());
        while !self.commits.is_empty() {
            ended = ended.and(self.one_commit_ended().await);
        }
        ended
    }

    async fn one_commit_ended(&mut self) -> Result<(), ImportError> {
        let Some(joined) = self.commits.join_next().await else { return Ok(()) };
        let committed = joined.map_err(|e| StoreError::internal("committing rows", e))??;
        self.progress.counts.written += committed.written;
        self.progress.counts.present += committed.present;
        self.tell();
        Ok(())
    }

    fn tell(&mut self) {
        self.progress.bytes_read = self.rows.bytes_read();
        (self.watch)(ImportEvent::Progress(self.progress));
    }

    fn outcome(&self, begun: Instant) -> ImportOutcome {
        ImportOutcome {
            counts: self.progress.counts,
            interrupted: self.interrupted,
            elapsed: begun.elapsed(),
            columns_left_out: self.rows.mapping().left_out(),
            rejects: self.rejects.path().map(Path::to_owned),
        }
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        // What is not there yet is not the file that was opened.
        _ => false,
    }
}
