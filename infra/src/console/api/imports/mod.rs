//! Imports of customers from CSV: the file is kept until its job ends, and nothing is written before the run.

mod preview;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path as UrlPath, State};
use axum::response::{IntoResponse as _, Response};
use clientele_sync_agent::cancellation::CancellationToken;
use clientele_sync_agent::import::customers::Customers;
use clientele_sync_agent::import::customers::fields::Field;
use clientele_sync_agent::import::field::ImportField as _;
use clientele_sync_agent::import::mapping::ColumnChoice;
use clientele_sync_agent::import::{
    ImportError, ImportEvent, ImportFailure, ImportOptions, ImportOutcome, ImportProgress, Importer,
    RejectsTo,
};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Handle;
use uuid::Uuid;

pub(super) use self::preview::{read_as, upload};
use super::extract::Body;
use super::{Console, Failure, Json, Records};

/// Most files that are kept at the same time.
const MAX_JOBS: usize = 8;
/// Rejected rows that the page lists; the report has all of them.
const LISTED_REJECTS: usize = 50;

/// The imports of this process, by id.
#[derive(Debug, Clone, Default)]
pub struct Imports(Arc<Mutex<HashMap<String, Arc<Job>>>>);

/// One file, and the state of its import.
#[derive(Debug)]
struct Job {
    folder: TempDir,
    file: PathBuf,
    /// How the file is read.
    options: Mutex<ImportOptions<Field>>,
    state: Mutex<JobState>,
    cancellation: Mutex<CancellationToken>,
}

#[derive(Debug, Default)]
struct JobState {
    is_running: bool,
    is_dry_run: bool,
    progress: ImportProgress,
    rejected: Vec<Value>,
    outcome: Option<ImportOutcome>,
    error: Option<String>,
}

impl Imports {
    fn find(&self, id: &str) -> Result<Arc<Job>, Failure> {
        let jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.get(id).cloned().ok_or_else(|| {
            Failure::new(StatusCode::NOT_FOUND, "This import does not exist any more. Drop the file again.")
        })
    }

    fn add(&self, job: Job) -> Result<String, Failure> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.len() >= MAX_JOBS {
            jobs.retain(|_, job| job.lock().is_running);
        }
        if jobs.len() >= MAX_JOBS {
            let message = "Eight imports are running. Wait until one has ended, then drop the file again.";
            return Err(Failure::new(StatusCode::TOO_MANY_REQUESTS, message));
        }
        let id = Uuid::new_v4().to_string();
        jobs.insert(id.clone(), Arc::new(job));
        Ok(id)
    }
}

impl Job {
    fn lock(&self) -> std::sync::MutexGuard<'_, JobState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn options(&self) -> std::sync::MutexGuard<'_, ImportOptions<Field>> {
        self.options.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rejects(&self) -> PathBuf {
        self.folder.path().join("rejects.csv")
    }

    fn end(&self, result: Result<ImportOutcome, Box<ImportFailure>>) {
        let mut state = self.lock();
        state.is_running = false;
        match result {
            Ok(outcome) => state.outcome = Some(outcome),
            Err(failure) => {
                state.error = Some(in_words(&failure.error));
                state.outcome = Some(failure.so_far);
            }
        }
    }
}

/// The mapping, and whether anything is written.
#[derive(Deserialize)]
pub(super) struct Start {
    columns: Vec<Choice>,
    dry_run: bool,
    source: Option<String>,
}

/// The field of a column; `None` leaves the column out.
#[derive(Deserialize)]
struct Choice {
    column: String,
    field: Option<String>,
}

/// Starts the import of a file, or the check of its rows.
pub(super) async fn run(
    State(console): State<Console>,
    UrlPath(id): UrlPath<String>,
    Body(start): Body<Start>,
) -> Result<Json<Value>, Failure> {
    let records = console.records()?;
    let job = console.imports.find(&id)?;
    let columns = start.columns.into_iter().map(|Choice { column, field }| {
        let field = field.map(|name| {
            let unknown = format!("`{name}` is not a field; the fields are {}", Field::all_names());
            Field::named(&name).ok_or_else(|| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, unknown))
        });
        Ok(ColumnChoice { column, field: field.transpose()? })
    });
    let options = ImportOptions {
        columns: columns.collect::<Result<Vec<_>, Failure>>()?,
        dry_run: start.dry_run,
        rejects: RejectsTo::File(job.rejects()),
        ..job.options().clone()
    };
    let cancellation = CancellationToken::default();
    {
        let mut state = job.lock();
        if state.is_running {
            return Err(Failure::new(StatusCode::CONFLICT, "This import is already running."));
        }
        *state = JobState { is_running: true, is_dry_run: start.dry_run, ..JobState::default() };
    }
    *job.cancellation.lock().unwrap_or_else(PoisonError::into_inner) = cancellation.clone();
    // An import cannot move between threads.
    let (runtime, records) = (Handle::current(), records.clone());
    let run = move || runtime.block_on(import(records, job, start.source, options, cancellation));
    drop(tokio::task::spawn_blocking(run));
    Ok(Json(json!({})))
}

async fn import(
    records: Records,
    job: Arc<Job>,
    source: Option<String>,
    options: ImportOptions<Field>,
    cancellation: CancellationToken,
) {
    let kind = Customers { source, ..Customers::default() };
    let importer = Importer::new(records.store, records.tenant, records.mode, kind, options);
    let watched = Arc::clone(&job);
    let mut watch = move |event: ImportEvent<'_>| {
        let mut state = watched.lock();
        match event {
            ImportEvent::Progress(progress) => state.progress = progress,
            ImportEvent::Rejected(row) if state.rejected.len() < LISTED_REJECTS => {
                state.rejected.push(json!({ "line": row.line, "reason": without_options(&row.reason) }));
            }
            ImportEvent::Rejected(_) => {}
        }
    };
    let result = importer.with_cancellation(cancellation).run(&job.file, &mut watch).await;
    job.end(result);
}

/// Returns the state of an import.
pub(super) async fn state(
    State(console): State<Console>,
    UrlPath(id): UrlPath<String>,
) -> Result<Json<Value>, Failure> {
    let job = console.imports.find(&id)?;
    let state = job.lock();
    let counts = state.outcome.as_ref().map_or(state.progress.counts, |outcome| outcome.counts);
    Ok(Json(json!({
        "running": state.is_running,
        "dry_run": state.is_dry_run,
        "rows_read": state.progress.counts.rows(),
        "rows_total": state.progress.rows_total,
        "created": counts.written,
        "present": counts.present,
        "rejected": counts.rejected,
        "rejects": state.rejected,
        "interrupted": state.outcome.as_ref().is_some_and(|outcome| outcome.interrupted),
        "columns_left_out": state.outcome.as_ref().map(|outcome| &outcome.columns_left_out),
        "warnings": state.outcome.iter().flat_map(|outcome| &outcome.warnings).map(|text| without_options(text)).collect::<Vec<_>>(),
        "error": state.error,
    })))
}

/// Stops an import once the commits in progress have ended. Imported rows stay.
pub(super) async fn cancel(
    State(console): State<Console>,
    UrlPath(id): UrlPath<String>,
) -> Result<Json<Value>, Failure> {
    let job = console.imports.find(&id)?;
    job.cancellation.lock().unwrap_or_else(PoisonError::into_inner).request();
    Ok(Json(json!({})))
}

/// Returns the report of rejected rows, which can be corrected and imported.
pub(super) async fn rejects(
    State(console): State<Console>,
    UrlPath(id): UrlPath<String>,
) -> Result<Response, Failure> {
    let job = console.imports.find(&id)?;
    let report = tokio::fs::read(job.rejects()).await.map_err(|error| {
        Failure::new(StatusCode::NOT_FOUND, format!("There is no report of rejected rows: {error}"))
    })?;
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, report).into_response())
}

/// Returns an error for the person at the page, who knows no path of the file here and no options of a command.
fn in_words(error: &ImportError) -> String {
    match error {
        ImportError::Unreadable { source, .. } => without_options(&source.to_string()),
        error => without_options(&error.to_string()),
    }
}

/// Leaves out the clauses about options of a command.
fn without_options(text: &str) -> String {
    let names_option = |clause: &&str| clause.starts_with("--") || clause.contains(" --");
    let clauses: Vec<&str> = text.split("; ").filter(|clause| !names_option(clause)).collect();
    if clauses.is_empty() { text.to_owned() } else { clauses.join("; ") }
}
