//! The run of an import: streams the file in batches of up to 2,000 rows, and writes rows while reading on.

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use clientele_shared::Error as StoreError;
use clientele_shared::csv::FormulaGuard;
use clientele_shared::model::{Mode, Tenant, TenantId};
use clientele_shared::store::Store;
use tokio::task::JoinSet;

use super::import_kind::{Committed, ImportKind, ReadRow, Session, Target};
use super::lanes::Lanes;
use super::mapping::{HeaderRules, Mapping};
use super::outcome::{
    ImportError, ImportEvent, ImportFailure, ImportOptions, ImportOutcome, ImportProgress, RowChange,
};
use super::outputs::{check_mapping, check_outputs, save_mapping};
use super::reader::{RejectedRow, Row, Rows, Skim};
use super::rejects::Rejects;
use super::saved_mapping::saved_mapping;
use crate::cancellation::CancellationToken;

/// Maximum number of rows in a batch.
const MAX_BATCH_ROWS: usize = 2_000;
/// Size in bytes after which a batch takes no more rows.
const MAX_BATCH_BYTES: u64 = 16 * 1024 * 1024;

/// The warning about a file that has a header and nothing else.
const NO_ROWS: &str =
    "the file has a header but no rows, so there was nothing to import; check that its export is complete";

/// Why a pipe cannot be imported strictly.
const READ_TWICE: &str = "--strict reads the file twice, so it must be a regular file; save it first";

/// A callback for the events of an import.
pub type OnEvent<'a> = &'a mut (dyn FnMut(ImportEvent<'_>) + Send);

/// An importer of files into one tenant's records.
#[derive(Debug, Clone)]
pub struct Importer<K: ImportKind> {
    target: Target,
    tenant_id: TenantId,
    kind: K,
    options: ImportOptions<K::Field>,
}

impl<K: ImportKind> Importer<K> {
    /// Creates an importer of this kind of record into the tenant's live or test records.
    #[must_use]
    pub fn new(
        store: Store,
        tenant: TenantId,
        mode: Mode,
        kind: K,
        options: ImportOptions<K::Field>,
    ) -> Self {
        let cancellation = CancellationToken::default();
        let target = Target { store, tenant: Tenant::new(&tenant, mode), cancellation };
        Self { target, tenant_id: tenant, kind, options }
    }

    /// Returns the importer with a token that can cancel its runs. A cancelled run finishes the commits in
    /// progress and starts no others.
    #[must_use]
    pub fn with_cancellation(mut self, cancellation: CancellationToken) -> Self {
        self.target.cancellation = cancellation;
        self
    }

    /// Imports a file.
    ///
    /// An import can be interrupted at any point, even by dropping the future, and run again: rows that are
    /// already imported are skipped.
    ///
    /// # Errors
    /// Returns an [`ImportFailure`] with the outcome up to the failure. Its error is
    /// [`ImportError::Unopened`] or [`ImportError::Unreadable`] if the file cannot be read,
    /// [`ImportError::RejectsOverSource`], [`ImportError::MappingOverSource`] or [`ImportError::MappingOverRejects`]
    /// if two of the files are the same, [`ImportError::Rejects`] if the report cannot be written or would
    /// replace another file, [`ImportError::MappingExists`] or [`ImportError::MappingNotSaved`] if the mapping
    /// cannot be saved, [`ImportError::NoTenant`] if the tenant does
    /// not exist, and [`ImportError::Store`] if the table cannot be read or written, or the store rejects the
    /// rows.
    pub async fn run(&self, file: &Path, on_event: OnEvent<'_>) -> Result<ImportOutcome, Box<ImportFailure>> {
        let started = Instant::now();
        let mut run = match self.begin(file, on_event).await {
            Ok(run) => run,
            Err(error) => return Err(Box::new(ImportFailure { error, so_far: ImportOutcome::default() })),
        };
        let result = run.finish().await;
        let so_far = run.outcome(started);
        match result {
            Ok(()) => Ok(so_far),
            Err(error) => Err(Box::new(ImportFailure { error, so_far })),
        }
    }

    async fn begin<'a>(&'a self, path: &'a Path, on_event: OnEvent<'a>) -> Result<Run<'a, K>, ImportError> {
        let unopened = |source| ImportError::Unopened { path: path.to_owned(), source };
        let file = File::open(path).map_err(unopened)?;
        let can_be_read_twice = file.metadata().map_err(unopened)?.is_file();
        let options = &self.options;
        check_outputs(path, options)?;
        let missing = |holds: &dyn Fn(K::Field) -> bool| self.kind.missing(holds);
        let rules = HeaderRules { extra: self.kind.extra_column(), missing: &missing };
        let session = self.kind.begin(path, options, self.target.store.ambient().now())?;
        let mut rows = Rows::open(file, options, &rules, session)
            .map_err(|source| ImportError::Unreadable { path: path.to_owned(), source })?;
        let saved = options.save_mapping.as_ref().map(|to| (to, saved_mapping(rows.parts().0, options)));
        if let Some((to, mapping)) = &saved {
            check_mapping(to, mapping)?;
        }
        let rows_total = match (can_be_read_twice, options.strict) {
            (true, _) => self.survey(path, &rules, &mut rows)?,
            (false, true) => return Err(unopened(std::io::Error::other(READ_TWICE))),
            (false, false) => 0,
        };
        self.check_tenant().await?;
        if let Some((to, mapping)) = &saved {
            save_mapping(to, mapping)?;
        }
        let guard = if options.unguard { FormulaGuard::On } else { FormulaGuard::Off };
        Ok(Run {
            importer: self,
            path,
            rows,
            rejects: Rejects::new(options.rejects.clone(), path, guard),
            commits: JoinSet::new(),
            lanes: Lanes::new(self.target.store.throttles()),
            progress: ImportProgress { rows_total, ..ImportProgress::default() },
            warnings: Vec::new(),
            changes: Vec::new(),
            interrupted: false,
            on_event,
        })
    }

    /// Reads a file once before it is imported; returns the number of its rows.
    ///
    /// # Errors
    /// Returns [`ImportError::NotImported`] if the options are strict and a column has values that are not imported.
    /// Without strict options, the import itself reports a row that cannot be read, after the rows before it.
    fn survey(
        &self,
        path: &Path,
        rules: &HeaderRules<'_, K::Field>,
        rows: &mut Rows<File, K::Session>,
    ) -> Result<u64, ImportError> {
        let unopened = |source| ImportError::Unopened { path: path.to_owned(), source };
        let unreadable = |source| ImportError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unopened)?;
        let mut skimmed = Rows::open(file, &self.options, rules, Skim::new()).map_err(unreadable)?;
        let mut count = 0;
        loop {
            match skimmed.next() {
                Ok(Some(_)) => count += 1,
                Ok(None) => break,
                Err(source) if self.options.strict => return Err(unreadable(source)),
                Err(_) => return Ok(0),
            }
        }
        let (mapping, session) = rows.parts();
        let columns = not_imported(mapping, session, |column| skimmed.filled(column));
        match self.options.strict && !columns.is_empty() {
            true => Err(ImportError::NotImported { path: path.to_owned(), columns }),
            false => Ok(count),
        }
    }

    /// Returns the preset of the file's header, unless the caller has mapped its columns.
    fn proposal(&self, mapping: &Mapping<K::Field>) -> Option<(&'static str, String)> {
        let ImportOptions { columns, rules, .. } = &self.options;
        let is_mapped = !columns.is_empty() || !rules.sources.is_empty();
        self.kind.proposal(mapping.header()).filter(|_| !is_mapped)
    }

    async fn check_tenant(&self) -> Result<(), ImportError> {
        match self.target.store.tenant_settings(&self.tenant_id).await {
            Ok(_) => Ok(()),
            Err(StoreError::NotFound(_)) => Err(ImportError::NoTenant(self.tenant_id.clone())),
            Err(error) => Err(error.into()),
        }
    }
}

/// A row to be written.
type New<K> = <<K as ImportKind>::Session as Session>::New;

/// A batch of rows as read from the file.
struct Batch<K: ImportKind> {
    good: Vec<<K::Session as ReadRow>::Row>,
    rejected: Vec<RejectedRow>,
    is_last: bool,
}

/// The import of one file.
struct Run<'a, K: ImportKind> {
    importer: &'a Importer<K>,
    path: &'a Path,
    rows: Rows<File, K::Session>,
    rejects: Rejects,
    commits: JoinSet<Result<Committed, StoreError>>,
    lanes: Lanes,
    progress: ImportProgress,
    warnings: Vec<String>,
    changes: Vec<RowChange>,
    interrupted: bool,
    on_event: OnEvent<'a>,
}

impl<K: ImportKind> Run<'_, K> {
    /// Imports the rest of the file, then waits for the commits in progress, even after a failure.
    async fn finish(&mut self) -> Result<(), ImportError> {
        let read = self.import_batches().await.or_else(|error| self.interrupt_or(error));
        let drained = self.drain().await;
        let flushed = self.rejects.flush();
        read?;
        drained?;
        Ok(flushed?)
    }

    async fn import_batches(&mut self) -> Result<(), ImportError> {
        self.rows.parts().1.prepare(&self.importer.target).await?;
        loop {
            if self.importer.target.cancellation.is_requested() {
                self.interrupted = true;
                return Ok(());
            }
            let Batch { good, mut rejected, is_last } = self.read_batch()?;
            let (mapping, session) = self.rows.parts();
            let classified = session.classify(&self.importer.target, mapping, good).await?;
            rejected.extend(classified.rejected);
            self.report_rejected(rejected)?;
            self.progress.counts.present += classified.present;
            if self.importer.options.dry_run {
                self.progress.counts += K::Session::expected(&classified.new);
                let room = ImportOutcome::MAX_CHANGES - self.changes.len();
                self.changes.extend(K::Session::changes(&classified.new).into_iter().take(room));
            } else {
                self.write(classified.new).await?;
            }
            self.report_progress();
            if is_last {
                self.warnings = self.rows.parts().1.warnings();
                if self.progress.counts.rows() == 0 && self.commits.is_empty() {
                    self.warnings.push(NO_ROWS.into());
                }
                return Ok(());
            }
        }
    }

    /// Reads the next batch of rows.
    fn read_batch(&mut self) -> Result<Batch<K>, ImportError> {
        let mut batch = Batch { good: Vec::new(), rejected: Vec::new(), is_last: false };
        let start = self.rows.bytes_read();
        for _ in 0..MAX_BATCH_ROWS {
            let next = self.rows.next();
            let next =
                next.map_err(|source| ImportError::Unreadable { path: self.path.to_owned(), source })?;
            match next {
                None => {
                    batch.is_last = true;
                    break;
                }
                Some(Row::Good(row)) => batch.good.push(row),
                Some(Row::Rejected(row)) => batch.rejected.push(row),
            }
            if self.rows.bytes_read() - start > MAX_BATCH_BYTES {
                break;
            }
        }
        Ok(batch)
    }

    /// Reports rejected rows in the order of their lines.
    fn report_rejected(&mut self, mut rows: Vec<RejectedRow>) -> Result<(), ImportError> {
        rows.sort_by_key(|row| row.line);
        for row in rows {
            self.progress.counts.rejected += 1;
            self.rejects.add(self.rows.header(), &row)?;
            (self.on_event)(ImportEvent::Rejected(&row));
        }
        Ok(())
    }

    /// Starts the commits of new rows. Waits whenever every lane has a commit in progress.
    async fn write(&mut self, rows: Vec<New<K>>) -> Result<(), ImportError> {
        let target = &self.importer.target;
        for commit in self.rows.parts().1.commits(target, rows).await? {
            while self.commits.len() >= self.lanes.adapt(target.store.throttles()) {
                self.finish_one_commit().await?;
            }
            if self.importer.target.cancellation.is_requested() {
                self.interrupted = true;
                return Ok(());
            }
            self.commits.spawn(K::Session::commit(target.clone(), commit));
        }
        Ok(())
    }

    /// Waits for all commits in progress; returns the first error.
    async fn drain(&mut self) -> Result<(), ImportError> {
        let mut result = Ok(());
        while !self.commits.is_empty() {
            result = result.and(self.finish_one_commit().await);
        }
        result
    }

    async fn finish_one_commit(&mut self) -> Result<(), ImportError> {
        let Some(joined) = self.commits.join_next().await else { return Ok(()) };
        let committed = match joined.map_err(|e| StoreError::internal("committing rows", e))? {
            Ok(committed) => committed,
            Err(error) => return self.interrupt_or(error.into()),
        };
        self.progress.counts += committed.counts;
        self.report_rejected(committed.rejected)?;
        self.report_progress();
        Ok(())
    }

    /// Notes that a cancelled import is interrupted if the error is throttling, whose end it does not wait for. Returns
    /// any other error.
    fn interrupt_or(&mut self, error: ImportError) -> Result<(), ImportError> {
        let is_throttled = matches!(error, ImportError::Store(StoreError::Throttled { .. }));
        if is_throttled && self.importer.target.cancellation.is_requested() {
            self.interrupted = true;
            return Ok(());
        }
        Err(error)
    }

    fn report_progress(&mut self) {
        self.progress.bytes_read = self.rows.bytes_read();
        (self.on_event)(ImportEvent::Progress(self.progress));
    }

    fn outcome(&mut self, started: Instant) -> ImportOutcome {
        let filled: Vec<u64> = (0..self.rows.header().len()).map(|column| self.rows.filled(column)).collect();
        let (mapping, session) = self.rows.parts();
        let mut warnings = not_imported(mapping, session, |column| filled[column]);
        warnings.append(&mut self.warnings);
        let left_out = session.columns_left_out(mapping);
        ImportOutcome {
            counts: self.progress.counts,
            interrupted: self.interrupted,
            elapsed: started.elapsed(),
            columns_left_out: left_out.into_iter().map(|column| mapping.column_name(column)).collect(),
            warnings,
            proposal: self.importer.proposal(mapping),
            findings: session.findings(),
            changes: std::mem::take(&mut self.changes),
            rejects: self.rejects.path().map(Path::to_owned),
        }
    }
}

/// Returns a warning for each column that has values and is not imported.
fn not_imported<S: Session>(
    mapping: &Mapping<S::Field>,
    session: &S,
    filled: impl Fn(usize) -> u64,
) -> Vec<String> {
    let mut columns = session.columns_left_out(mapping);
    columns.retain(|column| !mapping.is_left_out_on_purpose(*column) && filled(*column) > 0);
    let warning = |column: usize| {
        let (name, cells) = (mapping.column_name(column), filled(column));
        let cells =
            if cells == 1 { "1 cell has a value".into() } else { format!("{cells} cells have values") };
        format!(
            "column `{name}` is not imported, but {cells}; import it with --map \"{name}=FIELD\", or ignore it with \
             --map \"{name}=-\""
        )
    };
    columns.into_iter().map(warning).collect()
}
