//! Exports by the command that are killed, that meet a full disk, and that wait for S3.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use base16ct::lower;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::engine::{Engine, generated};

/// An S3 server that stops answering at a request.
#[derive(Clone)]
struct Server {
    service: S3Service,
    /// Whether every request is refused.
    refuses: Arc<AtomicBool>,
    /// The number of requests that are still answered.
    answers: Arc<AtomicU32>,
    /// Notified of the first request that is not answered.
    stalled: Arc<Notify>,
}

/// A bucket on such a server.
struct Bucket {
    folder: tempfile::TempDir,
    url: String,
    server: Server,
}

async fn respond(State(server): State<Server>, request: Request) -> Response {
    let decrement = |answers: u32| answers.checked_sub(1);
    if server.answers.fetch_update(Ordering::SeqCst, Ordering::SeqCst, decrement).is_err() {
        server.stalled.notify_one();
        return std::future::pending().await;
    }
    if server.refuses.load(Ordering::SeqCst) {
        let body = "<Error><Code>NoSuchBucket</Code><Message>missing</Message></Error>";
        return (StatusCode::NOT_FOUND, body).into_response();
    }
    match server.service.call(request.map(s3s::Body::http_body_unsync)).await {
        Ok(response) => response.map(Body::new),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
    }
}

impl Bucket {
    async fn start() -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    async fn start_at(address: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("exports")).unwrap();
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single("local", "secret"));
        let answers = Arc::new(AtomicU32::new(u32::MAX));
        let server =
            Server { service: service.build(), refuses: Arc::default(), answers, stalled: Arc::default() };
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(respond).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { folder, url, server }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("exports/daily")
    }
}

/// Returns the command that exports customers to the bucket at `url`.
fn command(engine: &Engine, url: &str, more: &[&str]) -> Command {
    command_of("customers", engine, url, &[&["--spool", "spool"], more].concat())
}

/// Returns the command that exports records of a kind to the bucket at `url`.
fn command_of(kind: &str, engine: &Engine, url: &str, more: &[&str]) -> Command {
    let mut command = engine.command(&["export", kind, "--to", "s3://exports/daily", "--json"]);
    command.args(["--s3-endpoint", url]).args(more);
    command
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_MAX_ATTEMPTS", "1");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// Returns the visible files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            let is_hidden = path.file_name().unwrap().to_string_lossy().starts_with('.');
            match path.is_dir() {
                true => folders.push(path),
                false if is_hidden => {}
                false => found.push(path),
            }
        }
    }
    found.sort();
    found
}

/// Checks that each manifest below a destination has its file, and that `latest.json` names a manifest. Returns the number
/// of manifests.
fn check(root: &Path) -> usize {
    let manifests: Vec<PathBuf> =
        files(root).into_iter().filter(|path| path.to_string_lossy().ends_with(".manifest.json")).collect();
    for path in &manifests {
        let manifest: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let file = std::fs::read(path.with_file_name(manifest["file"].as_str().unwrap())).unwrap();
        assert_eq!(manifest["sha256"], lower::encode_string(&Sha256::digest(&file)));
    }
    if let Ok(latest) = std::fs::read(root.join("customers/latest.json")) {
        let latest: Value = serde_json::from_slice(&latest).unwrap();
        let named = root.join("customers").join(latest["manifest"].as_str().unwrap());
        assert!(manifests.contains(&named), "{} does not exist", named.display());
    }
    manifests.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn export_that_is_killed_at_any_request_leaves_only_complete_exports() {
    let engine = Engine::start().await;
    engine.import("demo", &engine.file("rows.csv", &generated(50))).await;
    let bucket = Bucket::start().await;
    let mut answers = 0;
    loop {
        bucket.server.answers.store(answers, Ordering::SeqCst);
        let mut child = command(&engine, &bucket.url, &["--incremental"]).spawn().unwrap();
        let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
        let exit = tokio::task::spawn_blocking(move || child.wait().unwrap());
        tokio::select! {
            () = bucket.server.stalled.notified() => {
                nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
                check(&bucket.root());
            }
            exit = exit => {
                assert!(exit.unwrap().success());
                break;
            }
        }
        answers += 1;
    }
    // Reading latest.json, starting, uploading and completing the file, and writing the manifest and latest.json.
    assert_eq!(answers, 6);
    assert!(check(&bucket.root()) >= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_wait_in_the_spool_until_s3_can_be_reached() {
    let engine = Engine::start().await;
    engine.import("demo", &engine.file("rows.csv", &generated(50))).await;
    let (address, away) = away().await;
    let spool = spool(&engine, &away);
    for (incremental, rows) in [(&["--incremental"][..], 50), (&["--incremental"], 0)] {
        let output = output(command(&engine, &away, incremental)).await;
        assert_eq!(output.status.code(), Some(5), "{output:?}");
        let result = json(&output);
        assert_eq!((&result["spooled"], &result["rows"]), (&true.into(), &rows.into()));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(
            message.contains("S3 cannot be reached: ") && message.contains("waits in the spool"),
            "{message}"
        );
    }
    assert_eq!(check(&spool), 2);

    // Neither another endpoint nor another tenant sends them.
    let elsewhere = Bucket::start().await;
    let bucket = Bucket::start_at(address).await;
    for (url, tenant) in [(&elsewhere.url, "demo"), (&bucket.url, "other")] {
        let output = output(command(&engine, url, &["--tenant", tenant])).await;
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{output:?}");
        assert_eq!(check(&spool), 2);
    }
    std::fs::remove_dir_all(bucket.root()).unwrap();
    let output = output(command(&engine, &bucket.url, &["--incremental"])).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8(output.stderr.clone()).unwrap().matches("which waited for S3").count(), 2);
    let result = json(&output);
    assert_eq!(
        (&result["spooled"], &result["rows"], &result["incremental"]),
        (&false.into(), &0.into(), &true.into())
    );
    assert_eq!((check(&bucket.root()), check_empty(&spool)), (3, true));
    let latest = std::fs::read_to_string(bucket.root().join("customers/latest.json")).unwrap();
    let manifest = result["manifest"].as_str().unwrap().rsplit('/').next().unwrap();
    assert!(latest.contains(manifest), "{latest}");
}

/// Returns an address that nothing listens on, and its URL.
async fn away() -> (SocketAddr, String) {
    // The port is free again once the listener is dropped.
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
    (address, format!("http://{address}"))
}

/// Returns the folder in which the demo tenant's exports to a server wait.
fn spool(engine: &Engine, url: &str) -> PathBuf {
    let endpoint = url.replace(':', "%3A").replace('/', "%2F");
    engine.folder.path().join("spool").join(endpoint).join("demo-live/exports/daily")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sent_export_does_not_become_the_latest_before_a_newer_one() {
    let engine = Engine::start().await;
    engine.import("demo", &engine.file("rows.csv", &generated(5))).await;
    let (address, away) = away().await;
    assert_eq!(output(command(&engine, &away, &[])).await.status.code(), Some(5));
    let bucket = Bucket::start_at(address).await;
    // An export with another spool does not know of the one that waits.
    let newer = output(command_of("customers", &engine, &away, &["--spool", "empty"])).await;
    let newer = json(&newer)["manifest"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let contacts = output(command_of("contacts", &engine, &away, &["--spool", "spool"])).await;
    assert_eq!(contacts.status.code(), Some(0), "{contacts:?}");
    let message = String::from_utf8(contacts.stderr).unwrap();
    assert_eq!(message.matches("which waited for S3").count(), 1, "{message}");
    let customers = bucket.root().join("customers");
    let latest = std::fs::read_to_string(customers.join("latest.json")).unwrap();
    assert!(latest.contains(&newer), "{latest}");
    assert_eq!(files(&customers).len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_file_of_the_spool_is_named_with_its_manifest() {
    let engine = Engine::start().await;
    let (address, away) = away().await;
    assert_eq!(output(command(&engine, &away, &[])).await.status.code(), Some(5));
    let _bucket = Bucket::start_at(address).await;
    let waiting = files(&spool(&engine, &away));
    let find = |end: &str| waiting.iter().find(|path| path.to_string_lossy().ends_with(end)).unwrap();
    let (file, manifest) = (find(".csv"), find(".manifest.json"));
    std::fs::remove_file(file).unwrap();
    let failed = output(command(&engine, &away, &[])).await;
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    let message = String::from_utf8(failed.stderr).unwrap();
    // The command names the files below the folder that it was given.
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let expected = format!("{}, an export that waits for S3: ", name(file));
    assert!(message.contains(&expected) && message.contains(&name(manifest)), "{message}");
    assert!(message.contains("restore the file, or delete its manifest"), "{message}");
    std::fs::remove_file(manifest).unwrap();
    assert_eq!(output(command(&engine, &away, &[])).await.status.code(), Some(0));
}

/// Returns whether no export waits below a folder.
fn check_empty(spool: &Path) -> bool {
    files(spool).iter().all(|path| path.ends_with("latest.json"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn export_that_s3_refuses_is_not_spooled() {
    let engine = Engine::start().await;
    let bucket = Bucket::start().await;
    bucket.server.refuses.store(true, Ordering::SeqCst);
    let output = output(command(&engine, &bucket.url, &[])).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let message = String::from_utf8(output.stderr).unwrap();
    let expected = "starting the upload failed: the bucket does not exist; check its name and region\n";
    assert_eq!(message, format!("error: bucket exports: {expected}"));
    assert_eq!(files(&engine.folder.path().join("spool")), Vec::<PathBuf>::new());
}

/// A limit on the size of files stands for a full disk.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn export_to_a_full_disk_leaves_nothing_and_names_the_folder() {
    let engine = Engine::start().await;
    engine.import("demo", &engine.file("rows.csv", &generated(200))).await;
    let export = engine.command(&["export", "customers", "--to", "out"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""]).arg(export.get_program());
    limited.args(export.get_args()).current_dir(engine.folder.path());
    let output = output(limited).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with("error: cannot write to folder out: "), "{message}");
    assert!(message.contains("check its permissions and free space"), "{message}");
    let left = std::fs::read_dir(engine.folder.path().join("out")).unwrap().count();
    assert_eq!(left, 0);
}
