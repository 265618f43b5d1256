//! Exports of customers as CSV: each customer once, in constant memory, to a folder or a bucket, complete or not
//! there at all.
//!
//! Customers are read by their numbers, the highest first (`CustomerWalk` of the store); one that is created
//! meanwhile has a higher number than all that are read yet, and is left out. [`clientele_shared::csv`] is the format.

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

/// What is exported, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportOptions {
    /// Only customers of this status.
    pub status: Option<Status>,
    /// Only customers that this search finds.
    pub search: Option<String>,
    /// Whether cells that a spreadsheet would run are marked as text.
    pub guard: FormulaGuard,
}

/// Where an export goes.
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
        /// What the keys begin with: nothing, or a text that ends with `/`.
        prefix: String,
    },
}

impl ExportDestination {
    /// The place of an export of this name.
    fn place(&self, names: &Names) -> String {
        match self {
            Self::Folder(folder) => folder.join(&names.file).display().to_string(),
            Self::S3 { bucket, prefix, .. } => format!("s3://{bucket}/{prefix}{}", names.file),
        }
    }
}

/// How far an export is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportProgress {
    /// How many customers are written.
    pub rows: u64,
    /// How many there are about.
    pub total: u64,
}

/// A finished export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The file, as a path or an `s3://` address.
    pub place: String,
    /// What is in it.
    pub manifest: Manifest,
    /// How long it took.
    pub elapsed: Duration,
}

/// Why an export failed. Nothing that looks finished is left behind.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is no such tenant.
    #[error(
        "there is no tenant `{0}`: create it with `clientele tenant create {0}`, or name another with --tenant"
    )]
    NoTenant(TenantId),
    /// The table cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder cannot be written.
    #[error("cannot write into the folder {}: {source}", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The bucket cannot be written.
    #[error("cannot write into the bucket {bucket}: {source}")]
    S3 {
        /// The bucket.
        bucket: String,
        /// What S3 says.
        source: S3Error,
    },
    /// Rows or the manifest cannot be rendered.
    #[error("cannot render the customers: {0}")]
    Unrenderable(String),
    /// It was stopped.
    #[error("stopped before the end: nothing is exported. Run it again to have it whole")]
    Interrupted,
    /// It failed, and what it had uploaded stays.
    #[error(
        "{error}; and {source}. The parts that were uploaded are not an object, and cost what they take until the \
         bucket's rule for incomplete uploads removes them"
    )]
    AbortFailed {
        /// Why it failed.
        error: Box<ExportError>,
        /// Why it could not be taken back.
        source: S3Error,
    },
}

/// Exports the customers of one tenant.
#[derive(Debug, Clone)]
pub struct Exporter {
    store: Store,
    tenant_id: TenantId,
    mode: Mode,
    options: ExportOptions,
    stop: CancellationToken,
}

impl Exporter {
    /// An exporter of these records.
    #[must_use]
    pub fn new(store: Store, tenant: TenantId, mode: Mode, options: ExportOptions) -> Self {
        Self { store, tenant_id: tenant, mode, options, stop: CancellationToken::default() }
    }

    /// The same exporter, which stops when it is asked to.
    #[must_use]
    pub fn stopped_by(mut self, stop: CancellationToken) -> Self {
        self.stop = stop;
        self
    }

    /// Exports the customers. Dropping the future leaves an upload to S3 unfinished, which is no object.
    ///
    /// # Errors
    /// [`ExportError`] says why nothing was exported.
    pub async fn run(
        &self,
        to: &ExportDestination,
        watch: &mut (dyn FnMut(ExportProgress) + Send),
    ) -> Result<Exported, ExportError> {
        let begun = Instant::now();
        self.check_tenant().await?;
        let taken_at = self.store.ambient().now();
        let names = Names::at(taken_at);
        let place = to.place(&names);
        let mut sink = Sink::begin(to, names.clone()).await?;
        let (manifest, json) = match self.write(&mut sink, names, taken_at, watch).await {
            Ok(written) => written,
            Err(error) => return Err(sink.abort(error).await),
        };
        sink.complete(json).await?;
        Ok(Exported { place, manifest, elapsed: begun.elapsed() })
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
        watch: &mut (dyn FnMut(ExportProgress) + Send),
    ) -> Result<(Manifest, Vec<u8>), ExportError> {
        let tenant = Tenant::new(&self.tenant_id, self.mode);
        let mut pages = Pages::begin(&self.store, &tenant, &self.options).await?;
        let mut written = Written::default();
        written.add(sink, &rows([customer_row::COLUMNS])?).await?;
        while let Some(customers) = pages.next().await? {
            if self.stop.is_requested() {
                return Err(ExportError::Interrupted);
            }
            let cells = |customer| customer_row::cells(customer, &pages.tags, self.options.guard);
            written.add(sink, &rows(customers.iter().map(cells))?).await?;
            written.rows += customers.len() as u64;
            watch(ExportProgress { rows: written.rows, total: pages.total() });
        }
        let manifest = self.manifest(names.file, written, taken_at);
        let json =
            serde_json::to_vec_pretty(&manifest).map_err(|e| ExportError::Unrenderable(e.to_string()))?;
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

/// What is written so far.
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
