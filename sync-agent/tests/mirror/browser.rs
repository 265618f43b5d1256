//! Connecting by the consent of a person; a script plays the browser.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{ChildStderr, Command, Stdio};

use bytes::Bytes;
use http::Request;
use serde_json::json;

use crate::fixture::{Fixture, Ran};

/// How the person decides and returns.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Person {
    Allows,
    Refuses,
    /// Allows, and copies the address into the terminal.
    Pastes,
}

/// Returns the address of the page that the command prints.
fn page(stderr: &mut BufReader<ChildStderr>) -> String {
    loop {
        let mut line = String::new();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "the command prints no address");
        if let Some(url) = line.trim().strip_prefix("http") {
            return format!("http{url}");
        }
    }
}

/// Runs the command while a person decides.
async fn connect(fixture: &Fixture, mut command: Command, person: Person) -> Ran {
    command.args(["--dynamodb", &fixture.dynamodb, "--no-browser", "--json"]);
    let stdin = if person == Person::Pastes { Stdio::piped() } else { Stdio::null() };
    let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let (mut stderr, url) = tokio::task::spawn_blocking(move || {
        let url = page(&mut stderr);
        (stderr, url)
    })
    .await
    .unwrap();
    let shown = fixture.send(Request::get(&url).body(Bytes::new()).unwrap()).await;
    assert!(shown.status().is_success() && String::from_utf8_lossy(shown.body()).contains("<form"));
    let decision = if person == Person::Refuses { "deny" } else { "allow" };
    let form = format!("{}&decision={decision}", url.split_once('?').unwrap().1);
    let target = format!("{}/connect/oauth2", fixture.ready.url);
    let sent_back = fixture.send(Request::post(target).body(form.into()).unwrap()).await;
    let address = sent_back.headers()["location"].to_str().unwrap().to_owned();
    match child.stdin.take() {
        Some(mut stdin) => writeln!(stdin, "{address}").unwrap(),
        None => {
            let page = fixture.send(Request::get(address).body(Bytes::new()).unwrap()).await;
            assert!(String::from_utf8_lossy(page.body()).contains("close this window"));
        }
    }
    tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        let output = child.wait_with_output().unwrap();
        Ran { stderr: text, ..output.into() }
    })
    .await
    .unwrap()
}

fn first(fixture: &Fixture, more: &[&str]) -> Command {
    let (url, id) = (&fixture.ready.url, &fixture.ready.client_id);
    let mut command = fixture.command(&["connect", "--url", url]);
    command.args(more).env("QUICKBOOKS_CLIENT_ID", id).env("QUICKBOOKS_CLIENT_SECRET_FILE", "secret");
    command
}

#[tokio::test]
async fn consent_in_the_browser_connects_the_company() {
    let fixture = Fixture::start().await;
    let ran = connect(&fixture, first(&fixture, &["--port", "0"]), Person::Allows).await;
    assert_eq!(ran.json(0)["company"], "Blue Lagoon Pool Service");
    assert!(ran.stderr.contains("the redirect URI http://127.0.0.1:"), "{ran:?}");
    fixture.run(&["sync", "--json"]).await.json(0);

    // The app and the environment are those of the earlier connection.
    fixture.stand_in.lock().grants.revoke_all();
    fixture.run(&["sync", "--json"]).await.error(4);
    let again = connect(&fixture, fixture.command(&["connect", "--port", "0"]), Person::Allows).await;
    assert_eq!(again.json(0)["realm_id"], fixture.ready.realm_id);
    fixture.run(&["sync", "--json"]).await.json(0);
    assert_eq!(fixture.secret_files().len(), 1);
}

#[tokio::test]
async fn refused_consent_leaves_nothing_behind() {
    let fixture = Fixture::start().await;
    let ran = connect(&fixture, first(&fixture, &["--port", "0"]), Person::Refuses).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""), "{ran:?}");
    assert!(ran.stderr.lines().last().unwrap().starts_with("error: QuickBooks was not connected"), "{ran:?}");
    assert_eq!(fixture.secret_files().len(), 0);
}

#[tokio::test]
async fn address_can_be_copied_into_the_terminal() {
    let fixture = Fixture::start().await;
    let redirect = ["--redirect-uri", "http://127.0.0.1:9/callback"];
    let ran = connect(&fixture, first(&fixture, &redirect), Person::Pastes).await;
    assert_eq!(ran.json(0)["realm_id"], json!(fixture.ready.realm_id));
}
