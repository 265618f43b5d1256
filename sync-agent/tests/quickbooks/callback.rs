//! The listener for the browser's redirect.

use std::time::Duration;

use clientele_sync_agent::quickbooks::oauth::{Callback, CallbackError, Consent, authorize_url};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::connect::{decide, oauth};
use crate::stand_in::Company;

const LIMIT: Duration = Duration::from_secs(60);

/// Sends a request as a browser does, and returns the response.
async fn browse(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

/// Opens URLs one after another while the listener waits for the state `st`.
async fn wait(callback: Callback, urls: &[String]) -> (Result<Consent, CallbackError>, Vec<String>) {
    let browser = async {
        let mut responses = Vec::new();
        for url in urls {
            responses.push(browse(url).await);
        }
        responses
    };
    tokio::join!(callback.wait("st", LIMIT), browser)
}

#[tokio::test]
async fn consent_in_the_browser_ends_with_tokens() {
    let company = Company::start().await;
    let callback = Callback::bind(None).await.unwrap();
    let redirect = callback.redirect_uri();
    let url = authorize_url(&company.addresses(), &company.ready.client_id, &redirect, "st");
    let target = decide(&company, &url, "allow").await;
    let (consent, responses) = wait(callback, &[target]).await;
    assert!(responses[0].starts_with("HTTP/1.1 200") && responses[0].contains("close this window"));
    let consent = consent.unwrap();
    assert_eq!(consent.realm_id, company.ready.realm_id);
    assert!(!format!("{consent:?}").contains(&consent.code));
    let (id, secret) = (&company.ready.client_id, &company.ready.client_secret);
    oauth(&company).exchange_code(id, secret, &consent.code, &redirect).await.unwrap();
}

#[tokio::test]
async fn other_requests_do_not_end_the_wait() {
    let callback = Callback::bind(None).await.unwrap();
    let redirect = callback.redirect_uri();
    let base = redirect.strip_suffix("/callback").unwrap();
    let urls = [
        format!("{base}/favicon.ico"),
        format!("{redirect}?state=other&code=c&realmId=1"),
        format!("{redirect}?code=c&realmId=1"),
        format!("{redirect}?state=st&code=c"),
        format!("{redirect}?state=st&code=c&realmId=%3Cscript%3E"),
        format!("{redirect}?state=st&code={}&realmId=1", "x".repeat(3000)),
        format!("{redirect}?state=st&code={}&realmId=1", "x".repeat(30_000)),
        format!("{redirect}?state=st&error=access_denied"),
    ];
    let (refused, responses) = wait(callback, &urls).await;
    let statuses: Vec<&str> = responses.iter().map(|response| &response[9..12]).collect();
    assert_eq!(statuses, ["404", "400", "400", "400", "400", "400", "431", "200"]);
    let error = refused.unwrap_err();
    assert!(error.to_string().contains("access_denied"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn wait_ends_after_its_limit_and_frees_the_port() {
    let callback = Callback::bind(None).await.unwrap();
    let port =
        callback.redirect_uri().rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap();
    let taken = Callback::bind(Some(port)).await.unwrap_err();
    assert!(taken.to_string().contains(&port.to_string()), "{taken}");
    let timeout = callback.wait("st", LIMIT).await.unwrap_err();
    assert_eq!(timeout.to_string(), "no consent within 60 seconds; start again");
    Callback::bind(Some(port)).await.unwrap();
}
