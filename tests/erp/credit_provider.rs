//! `erp-credit-check` with a credit provider over HTTP, which is a server on this machine.

use std::future::pending;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse as _, Response as Answer};
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use clientele_functions_common::RemoteService;

use super::credit_check::{check, example, stored};
use super::error_of;
use crate::support::Stack;

const UNAVAILABLE: &str = "The credit provider is not available; try again later";

/// A credit provider, and the requests that it has received.
#[derive(Clone, Default)]
struct Provider(Arc<Mutex<Vec<ReceivedRequest>>>);

/// Method, path, headers and body.
type ReceivedRequest = (Method, String, HeaderMap, Value);

impl Provider {
    /// Starts a provider that answers every request in this way, and returns its URL.
    async fn start<F: Future<Output = Answer> + Send>(
        &self,
        answer: impl Fn(usize) -> F + Clone + Send + Sync + 'static,
    ) -> String {
        let requests = Arc::clone(&self.0);
        let handle = async move |request: Request<Body>| {
            let (parts, body) = request.into_parts();
            let body = serde_json::from_slice(&to_bytes(body, usize::MAX).await.unwrap()).unwrap();
            let number = {
                let mut requests = requests.lock().unwrap();
                requests.push((parts.method, parts.uri.to_string(), parts.headers, body));
                requests.len()
            };
            answer(number).await
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/v1/scores?region=eu", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(move |request| {
            let handle = handle.clone();
            async move { handle(request).await }
        });
        tokio::spawn(axum::serve(listener, router).into_future());
        url
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

fn service(url: &str) -> RemoteService {
    RemoteService::new(url, Some("s3cret")).unwrap()
}

async fn stack(service: RemoteService) -> Stack {
    let with_provider = |app: clientele_functions_common::App| app.with_credit_provider(Some(service));
    Stack::start_customized(|config| config, with_provider, |_, function| function).await
}

fn scored(score: u16) -> Answer {
    json!({"credit_score": score, "bureau": "Example"}).to_string().into_response()
}

#[tokio::test]
async fn provider_gets_the_documented_request_and_its_score_is_rated() {
    let provider = Provider::default();
    let url = provider.start(async |_| scored(712)).await;
    let stack = stack(service(&url)).await;
    let path = example(&stack).await;
    let expected = concat!(
        r#"{"data":{"customer_id":"cust_1","credit_score":712,"credit_rating":"good","#,
        r#""recommended_credit_limit":12000.00,"current_credit_limit":10000.00,"risk_assessment":"low","#,
        r#""last_checked":"2030-01-15T10:30:00Z"}}"#,
    );
    assert_eq!(check(&stack.acme, &path).await.expect_text(200), expected);
    assert_eq!(stored(&stack).await.1.unwrap()["score"].as_n().unwrap(), "712");
    let [(method, target, headers, body)] = provider.0.lock().unwrap().clone().try_into().unwrap();
    assert_eq!((method, target.as_str()), (Method::POST, "/v1/scores?region=eu"));
    for (name, value) in [("authorization", "Bearer s3cret"), ("content-type", "application/json")] {
        assert_eq!(headers[name], value);
    }
    let expected = json!({
        "customer_id": "cust_1", "name": "Customer XYZ", "tax_id": "12-3456789",
        "billing_address": {"line1": "456 Customer Blvd", "country": "US"}, "is_active": true,
        "customer_since": "2029-06-15T00:00:00Z", "payment_terms": "net_30", "currency": "USD",
        "credit_limit": 10000.0, "current_balance": 2500.0, "lifetime_value": 45000.0, "total_orders": 75,
        "paid_orders": 75, "payment_days": 900,
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn unusable_answers_are_503_and_no_result_is_stored() {
    let provider = Provider::default();
    let to_other = || [(header::LOCATION, "/other")];
    let answers: Vec<Box<dyn Fn() -> Answer + Send + Sync>> = vec![
        Box::new(|| StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        Box::new(|| (StatusCode::UNAUTHORIZED, r#"{"credit_score": 700}"#).into_response()),
        Box::new(|| (StatusCode::CREATED, r#"{"credit_score": 700}"#).into_response()),
        Box::new(move || (StatusCode::TEMPORARY_REDIRECT, to_other()).into_response()),
        Box::new(|| "".into_response()),
        Box::new(|| "score: 700".into_response()),
        Box::new(|| r#"{"credit_score": 700"#.into_response()),
        Box::new(|| r#"{"credit_score": 299}"#.into_response()),
        Box::new(|| r#"{"credit_score": 851}"#.into_response()),
        Box::new(|| r#"{"credit_score": -700}"#.into_response()),
        Box::new(|| r#"{"credit_score": 700.5}"#.into_response()),
        Box::new(|| r#"{"credit_score": "700"}"#.into_response()),
        Box::new(|| r#"{"credit_score": null}"#.into_response()),
        Box::new(|| r#"{"score": 700}"#.into_response()),
        Box::new(|| "700".into_response()),
        Box::new(|| format!(r#"{{"credit_score": 700}}{}"#, " ".repeat(16 * 1024)).into_response()),
    ];
    let (count, answers) = (answers.len(), Arc::new(answers));
    let url = provider
        .start(move |number| {
            let answer = answers[number - 1]();
            async { answer }
        })
        .await;
    let stack = stack(service(&url)).await;
    let path = example(&stack).await;
    for number in 1..=count {
        let refused = check(&stack.acme, &path).await;
        let expected = ("unavailable".to_owned(), UNAVAILABLE.to_owned());
        assert_eq!((error_of(&refused, 503), refused.header("retry-after")), (expected, "10"), "{number}");
        assert_eq!((provider.count(), stored(&stack).await), (number, (1, None)));
        stack.clock.advance_seconds(60);
    }
    assert!(provider.0.lock().unwrap().iter().all(|(_, target, ..)| target.starts_with("/v1/scores")));
}

#[tokio::test]
async fn unreachable_and_silent_providers_are_503() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let refusing = format!("http://{}/", closed.local_addr().unwrap());
    drop(closed);
    let silent = Provider::default().start(async |_| pending().await).await;
    for url in [refusing, silent] {
        let stack = stack(service(&url).within(Duration::from_millis(100))).await;
        let path = example(&stack).await;
        assert_eq!(
            error_of(&check(&stack.acme, &path).await, 503),
            ("unavailable".into(), UNAVAILABLE.into())
        );
        assert_eq!(stored(&stack).await, (1, None));
    }
}

#[tokio::test]
async fn provider_is_asked_only_for_a_check_that_is_permitted() {
    let provider = Provider::default();
    let url = provider.start(async |_| scored(700)).await;
    let stack = stack(service(&url)).await;
    let path = example(&stack).await;
    error_of(&check(&stack.acme, "/api/customers/cust_2").await, 404);
    error_of(
        &check(&stack.caller("acme", clientele_shared::model::Mode::Live, "write").await, &path).await,
        403,
    );
    assert_eq!(provider.count(), 0);
    for _ in 0..10 {
        check(&stack.acme, &path).await.expect(200);
    }
    error_of(&check(&stack.acme, &path).await, 429);
    assert_eq!(provider.count(), 10);
    // A revoked key is found out before anything leaves.
    stack.clock.advance_seconds(60);
    stack.store.api_key_revoke(&"acme".parse().unwrap(), &stack.acme.key.id()).await.unwrap();
    error_of(&check(&stack.acme, &path).await, 401);
    assert_eq!(provider.count(), 10);
}

#[tokio::test]
async fn result_of_an_earlier_check_does_not_replace_a_later_one() {
    let (provider, asked, answered) = (Provider::default(), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (first_asked, second_answered) = (Arc::clone(&asked), Arc::clone(&answered));
    let url = provider
        .start(move |number| {
            let (asked, answered) = (Arc::clone(&first_asked), Arc::clone(&second_answered));
            async move {
                if number == 1 {
                    asked.notify_one();
                    answered.notified().await;
                }
                scored(if number == 1 { 400 } else { 800 })
            }
        })
        .await;
    let stack = stack(service(&url)).await;
    let path = example(&stack).await;
    let second = async {
        asked.notified().await;
        stack.clock.advance_seconds(1);
        let response = check(&stack.acme, &path).await;
        answered.notify_one();
        response
    };
    let (first, second) = tokio::join!(check(&stack.acme, &path), second);
    assert_eq!(first.expect(200)["data"]["credit_score"], 400);
    assert_eq!(second.expect(200)["data"]["credit_score"], 800);
    assert_eq!(stored(&stack).await.1.unwrap()["score"].as_n().unwrap(), "800");
}

#[tokio::test]
async fn certificate_of_the_provider_must_be_trusted() {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(serve_tls(listener, TlsAcceptor::from(Arc::new(config))));
    for (roots, status) in [(Some(certified.cert.pem().into_bytes()), 200), (None, 503)] {
        let stack = stack(service(&url).trusting(roots)).await;
        let path = example(&stack).await;
        check(&stack.acme, &path).await.expect(status);
    }
}

/// Answers one request on each connection.
async fn serve_tls(listener: TcpListener, acceptor: TlsAcceptor) {
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        // A client that does not trust the certificate ends the handshake.
        let Ok(mut tls) = acceptor.accept(tcp).await else { continue };
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            assert_ne!(tls.read_buf(&mut request).await.unwrap(), 0, "the request is incomplete");
        }
        tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n{\"credit_score\": 700}").await.unwrap();
        tls.shutdown().await.unwrap();
    }
}
