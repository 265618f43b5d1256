//! Exports of customers as CSV to a folder or bucket: each customer once, in constant memory, all or nothing.
//!
//! Customers are read in descending order of customer number (the store's `CustomerStream`). A customer created
//! during the export has a higher number than every customer in it, and is left out.
//! [`clientele_shared::csv`] defines the format.

mod folder;
mod manifest;
mod pages;
mod s3;
mod sink;
mod target;

pub use manifest::Manifest;
pub use s3::S3Error;
pub use target::{ExportTarget, TargetError};

use std::path::PathBuf;
use std::time::{Duration, Instant};

use base16ct::lower;
use clientele_shared::Error as StoreError;
use clientele_shared::csv::customer_row;
use clientele_shared::csv::{FormulaGuard, rows};
use clientele_shared::model::{Mode, Status, Tenant, TenantId, Timestamp};
use clientele_shared::store::Store;
use sha2::{Digest, Sha256};

use self::manifest::Names;
use self::pages::Pages;
use self::sink::Sink;
use crate::cancellation::CancellationToken;

/// The filters and format of an export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportOptions {
    /// Export only customers with this status.
    pub status: Option<Status>,
    /// Export only customers that match this search.
    pub search: Option<String>,
    /// Whether cells that a spreadsheet would run as formulas are marked as text.
    pub guard: FormulaGuard,
}

/// The destination of an export.
#[derive(Debug, Clone)]
pub enum ExportDestination {
    /// A folder.
    Folder(PathBuf),
    /// A bucket.
    S3 {
        /// The client.
        client: aws_sdk_s3::Client,
        /// The bucket's name.
        bucket: String,
        /// Prefix of the keys: empty, or a text that ends with `/`.
        prefix: String,
    },
}

impl ExportDestination {
    /// Returns the path or `s3://` address of an export with these names.
    fn place(&self, names: &Names) -> String {
        match self {
            Self::Folder(folder) => folder.join(&names.file).display().to_string(),
            Self::S3 { bucket, prefix, .. } => format!("s3://{bucket}/{prefix}{}", names.file),
        }
    }
}

/// The progress of an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportProgress {
    /// Number of customers written so far.
    pub rows: u64,
    /// Estimated number of customers in the finished export.
    pub total: u64,
}

/// A finished export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Path or `s3://` address of the file.
    pub place: String,
    /// Description of the contents.
    pub manifest: Manifest,
    /// Duration of the export.
    pub elapsed: Duration,
}

/// Why an export failed. Nothing that looks finished is left behind, unless cleaning up fails as well, as in
/// [`Self::RemoveFailed`].
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The tenant does not exist.
    #[error(
        "tenant `{0}` does not exist; create it with `clientele tenant create {0}`, or pass another --tenant \
         NAME"
    )]
    NoTenant(TenantId),
    /// The table cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder cannot be written to.
    #[error(
        "cannot write to folder {}: {source}; check its permissions and free space, or choose another folder",
        .folder.display()
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// The bucket cannot be written to.
    #[error("cannot write to bucket {bucket}: {source}")]
    S3 {
        /// The bucket's name.
        bucket: String,
        /// The operation that failed.
        source: S3Error,
    },
    /// The manifest cannot be serialized.
    #[error("cannot convert the manifest to JSON: {0}")]
    Manifest(serde_json::Error),
    /// The export was stopped by its cancellation token.
    #[error("stopped before the end, so nothing was exported; run the same command again")]
    Interrupted,
    /// The export failed, and its incomplete upload could not be aborted.
    #[error(
        "{error}; {source}; no object was created, but the uploaded parts cost storage until the bucket's \
         lifecycle rule for incomplete uploads deletes them"
    )]
    AbortFailed {
        /// Why the export failed.
        error: Box<ExportError>,
        /// Why the upload could not be aborted.
        source: S3Error,
    },
    /// The manifest could not be stored, and the object without a manifest could not be deleted.
    #[error("{error}; {source}; delete the object yourself, because it has no manifest")]
    RemoveFailed {
        /// Why the export failed.
        error: Box<ExportError>,
        /// Why the object could not be deleted.
        source: S3Error,
    },
}

/// An exporter of the customers of one tenant.
#[derive(Debug, Clone)]
pub struct Exporter {
    store: Store,
    tenant_id: TenantId,
    mode: Mode,
    options: ExportOptions,
    cancellation: CancellationToken,
}

impl Exporter {
    /// Creates an exporter of the tenant's live or test customers.
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

    /// Exports the customers. If the future is dropped, an upload to S3 stays incomplete: no object appears.
    ///
    /// # Errors
    /// Returns [`ExportError::NoTenant`] if the tenant does not exist, [`ExportError::Store`] if the table
    /// cannot be read, [`ExportError::Folder`] or [`ExportError::S3`] if the destination cannot be written
    /// to, [`ExportError::Manifest`] if the manifest cannot be serialized, and [`ExportError::Interrupted`]
    /// if the run is cancelled. Returns [`ExportError::AbortFailed`] or [`ExportError::RemoveFailed`] if
    /// cleaning up after one of these errors fails as well.
    pub async fn run(
        &self,
        to: &ExportDestination,
        on_progress: &mut (dyn FnMut(ExportProgress) + Send),
    ) -> Result<Exported, ExportError> {
        let started = Instant::now();
        self.check_tenant().await?;
        let taken_at = self.store.ambient().now();
        let names = Names::at(taken_at);
        let place = to.place(&names);
        let mut sink = Sink::begin(to, names.clone()).await?;
        let (manifest, json) = match self.write(&mut sink, names, taken_at, on_progress).await {
            Ok(written) => written,
            Err(error) => return Err(sink.abort(error).await),
        };
        sink.complete(json).await?;
        Ok(Exported { place, manifest, elapsed: started.elapsed() })
    }

    async fn check_tenant(&self) -> Result<(), ExportError> {
        match self.store.tenant_settings(&self.tenant_id).await {
            Ok(_) => Ok(()),
            Err(StoreError::NotFound(_)) => Err(ExportError::NoTenant(self.tenant_id.clone())),
            Err(error) => Err(error.into()),
        }
    }

    async fn write(
        &self,
        sink: &mut Sink,
        names: Names,
        taken_at: Timestamp,
        on_progress: &mut (dyn FnMut(ExportProgress) + Send),
    ) -> Result<(Manifest, Vec<u8>), ExportError> {
        let tenant = Tenant::new(&self.tenant_id, self.mode);
        let mut pages = Pages::begin(&self.store, &tenant, &self.options).await?;
        let mut written = Written::default();
        written.add(sink, &rows([customer_row::COLUMNS])?).await?;
        while let Some(customers) = pages.next().await? {
            if self.cancellation.is_requested() {
                return Err(ExportError::Interrupted);
            }
            let cells = |customer| customer_row::cells(customer, &pages.tags, self.options.guard);
            written.add(sink, &rows(customers.iter().map(cells))?).await?;
            written.rows += customers.len() as u64;
            on_progress(ExportProgress { rows: written.rows, total: pages.total() });
        }
        let manifest = self.manifest(names.file, written, taken_at);
        let json = serde_json::to_vec_pretty(&manifest).map_err(ExportError::Manifest)?;
        Ok((manifest, json))
    }

    fn manifest(&self, file: String, written: Written, taken_at: Timestamp) -> Manifest {
        Manifest {
            file,
            rows: written.rows,
            bytes: written.bytes,
            sha256: lower::encode_string(&written.hash.finalize()),
            columns: customer_row::COLUMNS.map(str::to_owned).to_vec(),
            taken_at: taken_at.to_rfc3339_seconds(),
            tenant: self.tenant_id.to_string(),
            mode: self.mode,
            status: self.options.status.map(Status::as_str),
            search: self.options.search.clone(),
            formula_guard: self.options.guard == FormulaGuard::On,
        }
    }
}

/// Row count, size and hash of the bytes written so far.
#[derive(Default)]
struct Written {
    rows: u64,
    bytes: u64,
    hash: Sha256,
}

impl Written {
    async fn add(&mut self, sink: &mut Sink, bytes: &[u8]) -> Result<(), ExportError> {
        self.bytes += bytes.len() as u64;
        self.hash.update(bytes);
        sink.write(bytes).await
    }
}
