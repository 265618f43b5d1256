//! Exports: the round trip with an import, tags, a search, and S3.

use std::net::Ipv4Addr;
use std::path::Path;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use clientele_shared::model::{ExportContent, ExportFilter, Mode, TagId, Tenant};
use clientele_sync_agent::export::{ExportDestination, ExportOptions, Exporter};
use clientele_sync_agent::import::ImportOptions;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;

use crate::engine::{Engine, counts, id, sample};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn export_and_import_round_trip() {
    let engine = Engine::start().await;
    engine.import("demo", &sample("chinook")).await;
    engine.import("demo", &sample("northwind")).await;
    let export = async |tenant: &str| {
        let folder = engine.folder.path().join(tenant);
        let exporter = Exporter::new(engine.store.clone(), id(tenant), Mode::Live, ExportOptions::default());
        exporter.run(&ExportDestination::Folder(folder), &mut |_| {}).await.unwrap()
    };
    let first = export("demo").await;
    assert_eq!(first.manifest.rows, 152);
    let file = std::fs::read(&first.place).unwrap();
    assert_eq!(first.manifest.bytes, file.len() as u64);
    assert!(String::from_utf8(file).unwrap().contains(",'+55 (12) 3923-5555,"));

    let outcome = engine.import("other", Path::new(&first.place)).await;
    assert_eq!(outcome.counts, counts(152, 0, 0));
    // An export is in descending order of number, so importing it reverses the numbers.
    let second = export("other").await;
    let cells = |place: &str| {
        let mut rows: Vec<Vec<String>> = csv::Reader::from_path(place)
            .unwrap()
            .records()
            .map(|row| row.unwrap().iter().skip(1).take(14).map(str::to_owned).collect())
            .collect();
        rows.sort();
        rows
    };
    assert_eq!(cells(&first.place), cells(&second.place));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_are_exported_by_name_and_imported_as_the_tenants_own() {
    let engine = Engine::start().await;
    let file = engine.file("tags.csv", "company_name,tags\nAlpha,weekly;salt\nBeta,salt\nGamma,\n");
    engine.import("demo", &file).await;
    let file = engine.file("more.csv", "company_name,tags\nDelta, weekly ; weekly\n");
    engine.import("demo", &file).await;
    let tenant = Tenant::new(&id("demo"), Mode::Live);
    let tags = engine.store.tags_list(&tenant).await.unwrap();
    assert_eq!(tags.len(), 2);
    let (customers, _) = engine.customers("demo").await;
    let ids: Vec<&[TagId]> = customers.values().map(|customer| customer.fields.tag_ids.as_slice()).collect();
    let [weekly, salt] =
        ["weekly", "salt"].map(|name| tags.iter().find(|tag| tag.name == name).unwrap().id.clone());
    assert_eq!(ids, [&[weekly.clone(), salt.clone()][..], &[salt], &[], &[weekly]]);

    let to = ExportDestination::Folder(engine.folder.path().join("out"));
    let exporter = Exporter::new(engine.store.clone(), id("demo"), Mode::Live, ExportOptions::default());
    let exported = exporter.run(&to, &mut |_| {}).await.unwrap();
    let mut reader = csv::Reader::from_path(&exported.place).unwrap();
    let cells: Vec<String> = reader.records().map(|row| row.unwrap()[12].to_owned()).collect();
    assert_eq!(cells, ["weekly", "", "salt", "weekly;salt"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_or_too_many_tag_names_are_rejected() {
    let engine = Engine::start().await;
    let long = "x".repeat(256);
    let file = format!("company_name,tags\nAlpha,\"two\nlines\"\nBeta,{long}\nGamma,salt\n");
    let outcome = engine.import("demo", &engine.file("tags.csv", &file)).await;
    assert_eq!(outcome.counts, counts(1, 0, 2));
    let tenant = Tenant::new(&id("demo"), Mode::Live);
    assert_eq!(engine.store.tags_list(&tenant).await.unwrap().len(), 1);

    let rows: String = (0..501).map(|row| format!("Company {row},free text {row}\n")).collect();
    let file = engine.file("notes.csv", &format!("company_name,tags\n{rows}"));
    let failure =
        engine.importer("demo", ImportOptions::default()).run(&file, &mut |_| {}).await.unwrap_err();
    assert!(failure.error.to_string().contains("more than 500 new tags"), "{}", failure.error);
    assert_eq!(engine.store.tags_list(&tenant).await.unwrap().len(), 1);
    assert_eq!(engine.customers("demo").await.0.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn export_can_be_limited_to_a_search() {
    let engine = Engine::start().await;
    engine.import("demo", &sample("northwind")).await;
    let filter = ExportFilter { search: Some("paris".into()), ..ExportFilter::default() };
    let content = ExportContent { filter, ..ExportContent::default() };
    let options = ExportOptions { content, ..ExportOptions::default() };
    let exporter = Exporter::new(engine.store.clone(), id("demo"), Mode::Live, options);
    let to = ExportDestination::Folder(engine.folder.path().to_owned());
    assert_eq!(exporter.run(&to, &mut |_| {}).await.unwrap().manifest.rows, 2);
}

async fn respond(State(service): State<S3Service>, request: Request) -> Response {
    match service.call(request.map(s3s::Body::http_body_unsync)).await {
        Ok(response) => response.map(Body::new),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
    }
}

/// Starts an S3 server backed by this folder; returns its URL.
async fn start_s3(folder: &Path) -> String {
    let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder).unwrap());
    service.set_auth(SimpleAuth::from_single("local", "secret"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(respond).with_state(service.build());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn command_exports_to_s3_with_credentials_from_the_environment() {
    let engine = Engine::start().await;
    engine.import("demo", &sample("chinook")).await;
    let buckets = tempfile::tempdir().unwrap();
    let bucket = buckets.path().join("exports");
    std::fs::create_dir(&bucket).unwrap();
    let endpoint = start_s3(buckets.path()).await;
    let export = async |secret: &str| {
        let arguments =
            ["export", "customers", "--to", "s3://exports/daily", "--s3-endpoint", &endpoint, "--json"];
        let mut command = engine.command(&arguments);
        command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", secret);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };
    let output = export("secret").await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["rows"], 59);
    let file = json["file"].as_str().unwrap().strip_prefix("s3://exports/").unwrap().to_owned();
    assert_eq!(json["bytes"], std::fs::metadata(bucket.join(&file)).unwrap().len());
    let manifest = json["manifest"].as_str().unwrap().strip_prefix("s3://exports/").unwrap();
    let manifest = std::fs::read(bucket.join(manifest)).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["sha256"], json["sha256"]);

    let output = export("wrong").await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("error: bucket exports: "));
    let day = bucket.join(&file);
    assert_eq!(std::fs::read_dir(day.parent().unwrap()).unwrap().count(), 2);
}
