//! Files before their import: the columns, the first rows, and how they are read.

use std::path::Path;
use std::sync::Mutex;

use axum::body::Body as Stream;
use axum::extract::{Path as UrlPath, State};
use clientele_sync_agent::import::customers::fields::Field;
use clientele_sync_agent::import::field::ImportField as _;
use clientele_sync_agent::import::source::FileMapping;
use clientele_sync_agent::import::{
    ImportError, ImportOptions, Preview, PreviewColumn, ReadError, presets, preview, text,
};
use futures::StreamExt as _;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::{Job, in_words};
use crate::console::api::extract::{Body, Parameters};
use crate::console::api::{Console, Failure, Json};

/// Most bytes of a file.
const MAX_FILE: u64 = 500 * 1024 * 1024;
/// Delimiters that a header of one column can have.
const OTHER_DELIMITERS: [u8; 2] = [b';', b'\t'];
/// The encoding of most files that are not UTF-8.
const OTHER_ENCODING: &str = "windows-1252";
/// Rows of the preview.
const ROWS: usize = 20;

/// The name of the dropped file, which names the source of its rows.
#[derive(Deserialize)]
pub(in crate::console::api) struct Upload {
    name: String,
}

/// Keeps a file, and returns its columns, the fields that they seem to hold, and the first rows.
pub(in crate::console::api) async fn upload(
    State(console): State<Console>,
    Parameters(upload): Parameters<Upload>,
    body: Stream,
) -> Result<Json<Value>, Failure> {
    console.records()?;
    let unstored = |error: std::io::Error| {
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, format!("The file cannot be kept: {error}"))
    };
    let folder = tempfile::Builder::new().prefix("clientele-import-").tempdir().map_err(unstored)?;
    let name = Path::new(&upload.name).file_name().map_or_else(|| "customers.csv".into(), ToOwned::to_owned);
    let file = folder.path().join("file").join(name);
    tokio::fs::create_dir(folder.path().join("file")).await.map_err(unstored)?;
    let mut written = tokio::fs::File::create(&file).await.map_err(unstored)?;
    let (mut chunks, mut size) = (body.into_data_stream(), 0_u64);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| Failure::new(StatusCode::BAD_REQUEST, error.to_string()))?;
        size += chunk.len() as u64;
        if size > MAX_FILE {
            let message = "The file is larger than 500 MB. Import it with sync-agent import customers.";
            return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        written.write_all(&chunk).await.map_err(unstored)?;
    }
    written.flush().await.map_err(unstored)?;
    let (options, found) = guessed(&file).map_err(|error| refused(in_words(&error)))?;
    let mut shown = described(&options, found, None);
    let (options, state, cancellation) = (Mutex::new(options), Mutex::default(), Mutex::default());
    shown["id"] = json!(console.imports.add(Job { folder, file, options, state, cancellation })?);
    Ok(Json(shown))
}

/// The choices of a person about a file.
#[derive(Deserialize)]
pub(in crate::console::api) struct ReadAs {
    delimiter: String,
    encoding: Option<String>,
    preset: Option<String>,
}

/// Reads a file in another way; returns the same as [`upload`].
pub(in crate::console::api) async fn read_as(
    State(console): State<Console>,
    UrlPath(id): UrlPath<String>,
    Body(read_as): Body<ReadAs>,
) -> Result<Json<Value>, Failure> {
    let job = console.imports.find(&id)?;
    let [delimiter] = read_as.delimiter.as_bytes() else {
        return Err(refused("The delimiter must be one character, such as ; or a tab.".into()));
    };
    let encoding = read_as.encoding.as_deref().map(text::encoding).transpose().map_err(refused)?;
    let mapping = read_as.preset.as_deref().map(presets::named).transpose().map_err(refused)?;
    let FileMapping { columns, constants, rules } = mapping.unwrap_or_default();
    let delimiter = *delimiter;
    let options =
        ImportOptions { delimiter, encoding, columns, constants, rules, ..ImportOptions::default() };
    let found = preview(&job.file, &options, ROWS).map_err(|error| refused(in_words(&error)))?;
    let mut shown = described(&options, found, read_as.preset.as_deref());
    *job.options() = options;
    shown["id"] = json!(id);
    Ok(Json(shown))
}

fn refused(message: String) -> Failure {
    Failure::new(StatusCode::UNPROCESSABLE_ENTITY, message)
}

/// Finds out how a file is to be read. The person sees the first rows, and can choose otherwise.
fn guessed(file: &Path) -> Result<(ImportOptions<Field>, Preview<Field>), ImportError> {
    let mut options = ImportOptions::default();
    let mut found = preview(file, &options, ROWS);
    let encoding = match &found {
        Err(ImportError::Unreadable { source: ReadError::HeaderNotUtf8, .. }) => Some(OTHER_ENCODING),
        Err(ImportError::Unreadable { source: ReadError::UnmarkedUtf16(name), .. }) => Some(name.as_str()),
        _ => None,
    };
    if let Some(encoding) = encoding.and_then(|name| text::encoding(name).ok()) {
        options.encoding = Some(encoding);
        found = preview(file, &options, ROWS);
    }
    let mut found = found?;
    if let [column] = found.columns.as_slice()
        && let Some(delimiter) =
            OTHER_DELIMITERS.into_iter().find(|other| column.name.as_bytes().contains(other))
    {
        options.delimiter = delimiter;
        found = preview(file, &options, ROWS)?;
    }
    Ok((options, found))
}

/// Describes a file. With a `preset`, it maps the columns.
fn described(options: &ImportOptions<Field>, found: Preview<Field>, preset: Option<&str>) -> Value {
    let names = found.columns.iter().map(|column| column.name.as_str());
    let proposal = presets::of_header(names).filter(|_| preset.is_none());
    let column = |column: PreviewColumn<Field>| json!({ "name": column.name, "field": column.field.map(Field::name), "known": column.is_known });
    let fields = Field::all().filter(|field| field.is_imported() || *field == Field::Id);
    json!({
        "delimiter": char::from(found.delimiter),
        "encoding": options.encoding.map(|encoding| encoding.name().to_lowercase()),
        "preset": options.rules.product.as_ref().map(|product| json!({ "name": preset, "product": product.name })),
        "proposal": proposal.map(|(name, product)| json!({ "name": name, "product": product })),
        "columns": found.columns.into_iter().map(column).collect::<Vec<_>>(),
        "rows": found.rows,
        "fields": fields.map(Field::name).collect::<Vec<_>>(),
    })
}
