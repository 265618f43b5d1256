//! The run of an export: records are read, encoded and written at the same time.

use std::time::{Duration, Instant};

use base16ct::lower;
use clientele_shared::Error as StoreError;
use clientele_shared::csv::FormulaGuard;
use clientele_shared::model::{ExportContent, ExportFormat, Mode, Tenant, TenantId, Timestamp};
use clientele_shared::store::{LogPosition, Store};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::destination::{ExportDestination, Sink};
use super::encode::Encoder;
use super::error::ExportError;
use super::layout::Layout;
use super::manifest::{Latest, Manifest, Paths, SCHEMA_VERSION, latest_path};
use super::read::{Selection, Since, Source};
use super::records::Rows;
use crate::cancellation::CancellationToken;

/// The contents of an export, and how its cells are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportOptions {
    /// The contents and format.
    pub content: ExportContent,
    /// Whether cells that a spreadsheet would run as formulas are marked as text. Parquet has no such cells.
    pub guard: FormulaGuard,
}

/// The progress of an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportProgress {
    /// Number of rows written so far.
    pub rows: u64,
    /// Number of customers read so far, or of changed records.
    pub done: u64,
    /// Estimated number of customers or of changed records.
    pub total: u64,
}

/// A finished export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Path or `s3://` address of the file.
    pub place: String,
    /// Path or `s3://` address of the manifest.
    pub manifest_place: String,
    /// Description of the contents.
    pub manifest: Manifest,
    /// Why everything was exported although only changes were asked for.
    pub full_because: Option<String>,
    /// Duration of the export.
    pub elapsed: Duration,
}

/// An exporter of the records of one tenant.
#[derive(Debug, Clone)]
pub struct Exporter {
    store: Store,
    tenant_id: TenantId,
    mode: Mode,
    options: ExportOptions,
    cancellation: CancellationToken,
}

/// The source of an export, once it is known whether changes or everything is exported.
struct Prepared {
    source: Source,
    layout: Layout,
    /// Of an incremental export, the time at which the export before it started.
    since: Option<String>,
    full_because: Option<String>,
}

impl Exporter {
    /// Creates an exporter of the tenant's live or test records.
    #[must_use]
    pub fn new(store: Store, tenant: TenantId, mode: Mode, options: ExportOptions) -> Self {
        Self { store, tenant_id: tenant, mode, options, cancellation: CancellationToken::default() }
    }

    /// Returns the exporter with a token that can cancel its runs.
    #[must_use]
    pub fn with_cancellation(mut self, cancellation: CancellationToken) -> Self {
        self.cancellation = cancellation;
        self
    }

    /// Exports the records. If the future is dropped, an upload to S3 stays incomplete: no object appears.
    ///
    /// # Errors
    /// Returns [`ExportError::NoTenant`] if the tenant does not exist, [`ExportError::Store`] if the table cannot be read,
    /// [`ExportError::Folder`] or [`ExportError::S3`] if the destination cannot be read or written,
    /// [`ExportError::Format`] or [`ExportError::Manifest`] if the records or the manifest cannot be encoded,
    /// [`ExportError::NotLatest`] if the export is complete and `latest.json` does not name it, and
    /// [`ExportError::Interrupted`] if the run is cancelled. Returns [`ExportError::AbortFailed`] or
    /// [`ExportError::RemoveFailed`] if cleaning up after one of these errors fails as well.
    pub async fn run(
        &self,
        to: &ExportDestination,
        on_progress: &mut (dyn FnMut(ExportProgress) + Send),
    ) -> Result<Exported, ExportError> {
        let started = Instant::now();
        self.check_tenant().await?;
        let taken_at = self.store.ambient().now();
        let paths = Paths::new(self.options.content.kind, self.options.content.format, taken_at);
        let mut prepared = self.prepare(to).await?;
        let mut sink = to.begin(&paths).await?;
        let manifest = match self.write(&mut sink, &mut prepared, &paths, taken_at, on_progress).await {
            Ok(manifest) => manifest,
            Err(error) => return Err(sink.abort(error).await),
        };
        sink.complete(&json(&manifest)?).await?;
        let (place, manifest_place) = (to.place(&paths.file()), to.place(&paths.manifest()));
        let latest = json(&paths.latest())?;
        if let Err(source) = to.put(&latest_path(self.options.content.kind), &latest).await {
            return Err(ExportError::NotLatest { file: place, source: Box::new(source) });
        }
        let Prepared { full_because, .. } = prepared;
        Ok(Exported { place, manifest_place, manifest, full_because, elapsed: started.elapsed() })
    }

    async fn check_tenant(&self) -> Result<(), ExportError> {
        match self.store.tenant_settings(&self.tenant_id).await {
            Ok(_) => Ok(()),
            Err(StoreError::NotFound(_)) => Err(ExportError::NoTenant(self.tenant_id.clone())),
            Err(error) => Err(error.into()),
        }
    }

    /// Starts to read what has changed since the last export if that is asked for and possible, or else everything.
    async fn prepare(&self, to: &ExportDestination) -> Result<Prepared, ExportError> {
        let ExportContent { kind, filter, columns, incremental, .. } = &self.options.content;
        let tenant = Tenant::new(&self.tenant_id, self.mode);
        let selection = Selection::new(&self.store, &tenant, *kind, filter)?;
        let full_because = if *incremental {
            match self.last(to).await? {
                Err(reason) => Some(reason),
                Ok((last, position)) => match selection.clone().since(&position).await? {
                    Since::Nothing(reason) => Some(reason),
                    Since::Changes(source) => {
                        let layout = Layout::new(*kind, *columns, true);
                        let since = Some(last.taken_at);
                        return Ok(Prepared { source: *source, layout, since, full_because: None });
                    }
                },
            }
        } else {
            None
        };
        let layout = Layout::new(*kind, *columns, false);
        Ok(Prepared { source: selection.all().await?, layout, since: None, full_because })
    }

    /// Returns the last manifest and the position to continue from, or the reason why it cannot be continued.
    async fn last(
        &self,
        to: &ExportDestination,
    ) -> Result<Result<(Manifest, LogPosition), String>, ExportError> {
        let path = latest_path(self.options.content.kind);
        let Some(latest) = to.read(&path).await? else {
            return Ok(Err("there is no export before this one".into()));
        };
        let unreadable = |path: &str| format!("{} is not readable", to.place(path));
        let Ok(Latest { manifest }) = serde_json::from_slice(&latest) else {
            return Ok(Err(unreadable(&path)));
        };
        let path = format!("{}/{manifest}", self.options.content.kind);
        let Some(found) = to.read(&path).await? else {
            return Ok(Err(format!("{} does not exist", to.place(&path))));
        };
        let Ok(manifest) = serde_json::from_slice::<Manifest>(&found) else {
            return Ok(Err(unreadable(&path)));
        };
        if let Some(difference) = self.difference(&manifest) {
            return Ok(Err(format!("the last export has {difference}")));
        }
        Ok(match manifest.position.parse() {
            Ok(position) => Ok((manifest, position)),
            Err(_) => Err(unreadable(&path)),
        })
    }

    /// Returns in what respect the last export differs from this one, if it does.
    fn difference(&self, last: &Manifest) -> Option<&'static str> {
        let ExportContent { kind, filter, columns, format, .. } = &self.options.content;
        let columns = Layout::new(*kind, *columns, last.since.is_some()).names();
        let differences = [
            (last.tenant != self.tenant_id.to_string() || last.mode != self.mode, "another tenant or mode"),
            (last.filter != *filter, "another filter"),
            (last.columns != columns || last.schema_version != SCHEMA_VERSION, "other columns"),
            (last.format != *format || last.formula_guard != self.is_guarded(), "another format"),
        ];
        differences.into_iter().find(|(differs, _)| *differs).map(|(_, difference)| difference)
    }

    fn is_guarded(&self) -> bool {
        self.options.guard == FormulaGuard::On && self.options.content.format != ExportFormat::Parquet
    }

    async fn write(
        &self,
        sink: &mut Sink,
        prepared: &mut Prepared,
        paths: &Paths,
        taken_at: Timestamp,
        on_progress: &mut (dyn FnMut(ExportProgress) + Send),
    ) -> Result<Manifest, ExportError> {
        let Prepared { source, layout, since, .. } = prepared;
        let encoder = Encoder::new(layout, self.options.content.format, self.options.guard);
        let mut encoder = encoder.map_err(ExportError::Format)?;
        let mut written = Written::default();
        while let Some(records) = source.next().await? {
            if self.cancellation.is_requested() {
                return Err(ExportError::Interrupted);
            }
            let rows = records.rows(layout, &source.tags, &mut |cells| encoder.row(cells));
            written.count(rows.map_err(ExportError::Format)?);
            written.write(sink, &encoder.take()).await?;
            let (done, total) = (source.done(), source.total);
            on_progress(ExportProgress { rows: written.rows, done, total: total.max(done) });
        }
        written.write(sink, &encoder.finish().map_err(ExportError::Format)?).await?;
        Ok(Manifest {
            file: paths.file_name.clone(),
            kind: self.options.content.kind,
            format: self.options.content.format,
            rows: written.rows,
            bytes: written.bytes,
            sha256: lower::encode_string(&written.sha256.finalize()),
            columns: layout.names(),
            schema_version: SCHEMA_VERSION,
            filter: self.options.content.filter.clone(),
            tenant: self.tenant_id.to_string(),
            mode: self.mode,
            taken_at: taken_at.to_rfc3339(),
            position: source.position.to_string(),
            since: since.clone(),
            deleted: layout.is_incremental.then_some(written.deleted),
            formula_guard: self.is_guarded(),
        })
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, ExportError> {
    serde_json::to_vec_pretty(value).map_err(ExportError::Manifest)
}

/// The part of an export that was written so far.
#[derive(Default)]
struct Written {
    rows: u64,
    deleted: u64,
    bytes: u64,
    sha256: Sha256,
}

impl Written {
    fn count(&mut self, rows: Rows) {
        self.rows += rows.count;
        self.deleted += rows.deleted;
    }

    async fn write(&mut self, sink: &mut Sink, bytes: &[u8]) -> Result<(), ExportError> {
        if bytes.is_empty() {
            return Ok(());
        }
        sink.write(bytes).await?;
        self.bytes += bytes.len() as u64;
        self.sha256.update(bytes);
        Ok(())
    }
}
