//! Imports of customers from CSV: checked row by row, each row of a source once, safe to break off and run again.
//!
//! A file is read as a stream, some thousand rows at a time: [`mapping`] says what the columns hold, `row`
//! makes customers of the rows, the store says which of them were imported before, and the rest is written in
//! commits of up to [`Store::IMPORT_ROWS`] rows, several side by side. A row's mark is written in the same commit
//! as its customer, so whatever happens, a row is one customer or none.

mod commit;
pub mod fields;
mod lines;
pub mod mapping;
mod outcome;
mod reader;
mod rejects;
mod row;
mod seen;
mod tags;

pub use outcome::{
    ImportCounts, ImportError, ImportEvent, ImportFailure, ImportOptions, ImportOutcome, ImportProgress,
};
pub use reader::{ReadError, RejectedRow};
pub use rejects::{RejectsError, RejectsTo};
pub(crate) use row::read_status;

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

use clientele_shared::Error as StoreError;
use clientele_shared::model::{CustomerNumber, Mode, Tenant, TenantId};
use clientele_shared::store::{ImportedRow, RowMark, Store};
use tokio::task::JoinSet;

use self::commit::{Committed, commit};
use self::reader::{GoodRow, Row, Rows};
use self::rejects::Rejects;
use self::row::RowRules;
use self::tags::Tags;
use crate::stop::Stop;

/// How many rows are read and looked up at a time.
const ROWS_AT_A_TIME: usize = 2_000;
/// How many commits are under way side by side.
const COMMITS_AT_A_TIME: usize = 4;
/// How many bytes of CSV go into one commit at the most: a transaction holds 4 MB.
const COMMIT_BYTES: usize = 2 * 1024 * 1024;

/// What is told what happens.
pub type Watch<'a> = &'a mut (dyn FnMut(ImportEvent<'_>) + Send);

/// Imports files into one tenant's records.
#[derive(Debug, Clone)]
pub struct Importer {
    store: Store,
    tenant_id: TenantId,
    tenant: Tenant,
    options: ImportOptions,
    stop: Stop,
}

impl Importer {
    /// An importer into these records.
    #[must_use]
    pub fn new(store: Store, tenant: TenantId, mode: Mode, options: ImportOptions) -> Self {
        Self { store, tenant: Tenant::new(&tenant, mode), tenant_id: tenant, options, stop: Stop::default() }
    }

    /// The same importer, which stops when it is asked to: it ends the commits under way and begins no other.
    #[must_use]
    pub fn stopped_by(mut self, stop: Stop) -> Self {
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

    async fn begin<'a>(&'a self, path: &'a Path, watch: Watch<'a>) -> Result<Run<'a>, ImportError> {
        let unopened = |source| ImportError::Unopened { path: path.to_owned(), source };
        let file = File::open(path).map_err(unopened)?;
        let bytes_total = file.metadata().map_err(unopened)?.len();
        if let RejectsTo::File(rejects) = &self.options.rejects
            && is_same_file(rejects, path)
        {
            return Err(ImportError::RejectsOverSource(rejects.clone()));
        }
        let options = &self.options;
        let rules = RowRules { now: self.store.ambient().now(), unguard: options.unguard };
        let rows = Rows::open(file, options.delimiter, &options.columns, options.id_column.as_deref(), rules)
            .map_err(|source| ImportError::Unreadable { path: path.to_owned(), source })?;
        self.check_tenant().await?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Run {
            importer: self,
            path,
            source: options.source.clone().unwrap_or_else(|| name.into_owned()),
            rows,
            rejects: Rejects::new(options.rejects.clone(), path),
            tags: Tags::default(),
            commits: JoinSet::new(),
            progress: ImportProgress { bytes_total, ..ImportProgress::default() },
            interrupted: false,
            watch,
        })
    }

    async fn check_tenant(&self) -> Result<(), ImportError> {
        match self.store.tenant_settings(&self.tenant_id).await {
            Ok(_) => Ok(()),
            Err(StoreError::NotFound(_)) => Err(ImportError::NoTenant(self.tenant_id.clone())),
            Err(error) => Err(error.into()),
        }
    }
}

/// One file while it is imported.
struct Run<'a> {
    importer: &'a Importer,
    path: &'a Path,
    source: String,
    rows: Rows<File>,
    rejects: Rejects,
    tags: Tags,
    commits: JoinSet<Result<Committed, StoreError>>,
    progress: ImportProgress,
    interrupted: bool,
    watch: Watch<'a>,
}

impl Run<'_> {
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
            let (good, is_end) = self.read_some()?;
            let mut fresh = self.not_imported_before(good).await?;
            if self.importer.options.dry_run {
                self.progress.counts.created += fresh.len() as u64;
            } else {
                let Importer { store, tenant, .. } = self.importer;
                let named = fresh.iter_mut().map(|(_, row)| &mut row.fields.tag_ids);
                self.tags.resolve(store, tenant, named).await?;
                self.write(fresh).await?;
            }
            self.tell();
            if is_end {
                return Ok(());
            }
        }
    }

    /// The next rows that can become customers, and whether the file is at its end.
    fn read_some(&mut self) -> Result<(Vec<GoodRow>, bool), ImportError> {
        let mut good = Vec::new();
        for _ in 0..ROWS_AT_A_TIME {
            let next = self.rows.next();
            let next =
                next.map_err(|source| ImportError::Unreadable { path: self.path.to_owned(), source })?;
            match next {
                None => return Ok((good, true)),
                Some(Row::Good(row)) => good.push(*row),
                Some(Row::Rejected(row)) => {
                    self.progress.counts.rejected += 1;
                    self.rejects.add(self.rows.header(), &row)?;
                    (self.watch)(ImportEvent::Rejected(&row));
                }
            }
        }
        Ok((good, false))
    }

    async fn not_imported_before(
        &mut self,
        good: Vec<GoodRow>,
    ) -> Result<Vec<(RowMark, GoodRow)>, ImportError> {
        let marked: Vec<(RowMark, GoodRow)> =
            good.into_iter().map(|row| (RowMark::new(&self.source, &row.id), row)).collect();
        let marks: Vec<RowMark> = marked.iter().map(|(mark, _)| mark.clone()).collect();
        let before = self.importer.store.imported_before(&self.importer.tenant, &marks).await?;
        let fresh: Vec<_> = marked.into_iter().filter(|(mark, _)| !before.contains_key(mark)).collect();
        self.progress.counts.imported_before += (marks.len() - fresh.len()) as u64;
        Ok(fresh)
    }

    /// Numbers rows in their order and begins their commits; waits while there are enough under way.
    async fn write(&mut self, fresh: Vec<(RowMark, GoodRow)>) -> Result<(), ImportError> {
        let Ok(count @ 1..) = u32::try_from(fresh.len()) else { return Ok(()) };
        let first = self.importer.store.customer_numbers_take(&self.importer.tenant, count).await?;
        let mut left: VecDeque<Numbered> = numbered(first, fresh)?.into();
        while !left.is_empty() {
            while self.commits.len() >= COMMITS_AT_A_TIME {
                self.one_commit_ended().await?;
            }
            if self.importer.stop.is_requested() {
                self.interrupted = true;
                return Ok(());
            }
            let rows = next_commit(&mut left);
            self.commits.spawn(commit(self.importer.store.clone(), self.importer.tenant.clone(), rows));
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
        self.progress.counts.created += committed.created;
        self.progress.counts.imported_before += committed.imported_before;
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
            source: self.source.clone(),
            columns_left_out: self.rows.mapping().left_out(),
            rejects: self.rejects.path().map(Path::to_owned),
        }
    }
}

/// A row with its number, and its size in the file.
struct Numbered {
    row: ImportedRow,
    size: usize,
}

fn numbered(first: CustomerNumber, fresh: Vec<(RowMark, GoodRow)>) -> Result<Vec<Numbered>, StoreError> {
    (u64::from(first.get())..)
        .zip(fresh)
        .map(|(number, (mark, row))| {
            let number = CustomerNumber::new(number)
                .ok_or_else(|| StoreError::broken("a block of customer numbers goes beyond the last one"))?;
            Ok(Numbered { row: ImportedRow { mark, number, fields: row.fields }, size: row.size })
        })
        .collect()
}

/// The rows of the next commit: as many as it takes.
fn next_commit(left: &mut VecDeque<Numbered>) -> Vec<ImportedRow> {
    let mut rows = Vec::with_capacity(Store::IMPORT_ROWS.min(left.len()));
    let mut bytes = 0;
    while let Some(next) = left.pop_front_if(|next| {
        rows.len() < Store::IMPORT_ROWS && (rows.is_empty() || bytes + next.size <= COMMIT_BYTES)
    }) {
        bytes += next.size;
        rows.push(next.row);
    }
    rows
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        // What is not there yet is not the file that was opened.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use clientele_shared::model::CustomerFields;

    use super::*;

    fn sizes(sizes: &[usize]) -> Vec<usize> {
        let rows = sizes.iter().enumerate().map(|(at, size)| {
            let row = GoodRow { id: at.to_string(), fields: CustomerFields::default(), size: *size };
            (RowMark::new("file", &row.id), row)
        });
        let mut left = numbered(CustomerNumber::new(5).unwrap(), rows.collect()).unwrap().into();
        let mut commits = Vec::new();
        let mut next_number = 5;
        loop {
            let rows = next_commit(&mut left);
            for row in &rows {
                assert_eq!(row.number.get(), next_number);
                next_number += 1;
            }
            match rows.len() {
                0 => return commits,
                length => commits.push(length),
            }
        }
    }

    #[test]
    fn commits_are_filled_in_order_by_rows_and_by_bytes() {
        assert_eq!(sizes(&[100; 120]), [49, 49, 22]);
        assert_eq!(sizes(&[COMMIT_BYTES / 2; 5]), [2, 2, 1]);
        assert_eq!(sizes(&[COMMIT_BYTES + 1; 2]), [1, 1]);
        assert_eq!(sizes(&[]), Vec::<usize>::new());
    }
}
