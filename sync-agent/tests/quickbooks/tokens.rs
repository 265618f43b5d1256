//! Access tokens: refreshed once, stored before they are used, and shared by concurrent calls.

use std::sync::Arc;

use clientele_shared::model::Timestamp;
use clientele_sync_agent::quickbooks::{QuickBooks, QuickBooksError};
use futures::future::join_all;
use serde_json::json;

use crate::stand_in::{Company, MemorySecrets, count, create};

const TOKEN_PATH: &str = "/oauth2/v1/tokens/bearer";

fn refreshes(company: &Company) -> usize {
    company.transport.take_sent().iter().filter(|(url, _)| url.ends_with(TOKEN_PATH)).count()
}

#[tokio::test]
async fn token_that_ends_soon_is_refreshed_once_for_concurrent_calls() {
    let company = Company::start().await;
    company.switch("refresh_token_rotation", json!("every_time"));
    company.secrets.change(|secrets| secrets.access_expires_at = Timestamp::now().plus_seconds(59));
    let client = company.client();
    join_all((0..8).map(|_| count(&client, "Ann"))).await;
    assert_eq!((refreshes(&company), *company.secrets.saves.lock().unwrap()), (1, 1));
    let stored = company.secrets.get();
    assert_ne!(stored.refresh_token, company.ready.refresh_token);
    assert!(stored.access_expires_at > Timestamp::now().plus_seconds(3000));
    assert_eq!(stored.verifier_token, Some(company.ready.verifier_token.clone()));
}

#[tokio::test]
async fn rotated_tokens_carry_on_over_many_refreshes() {
    let company = Company::start().await;
    company.switch("refresh_token_rotation", json!("every_time"));
    let client = company.client();
    for _ in 0..4 {
        // The stand-in's clock moves, not ours: each call is rejected once.
        company.advance(3601);
        count(&client, "Ann").await;
    }
    assert_eq!((refreshes(&company), *company.secrets.saves.lock().unwrap()), (4, 4));
    assert_eq!(count(&company.client(), "Ann").await, 0);
}

#[tokio::test]
async fn refreshed_token_is_stored_before_it_is_used() {
    let company = Company::start().await;
    company.switch("refresh_token_rotation", json!("every_time"));
    company.advance(3601);
    *company.secrets.is_read_only.lock().unwrap() = true;
    let client = company.client();
    for _ in 0..2 {
        let error = client.query_count("SELECT COUNT(*) FROM Customer").await.unwrap_err();
        assert!(matches!(error, QuickBooksError::Secrets(_)), "{error}");
    }
    let statuses: Vec<_> = company.calls().await.iter().map(|call| call["status"].clone()).collect();
    assert_eq!(statuses, [401], "the new token was used before it was stored");
    *company.secrets.is_read_only.lock().unwrap() = false;
    count(&client, "Ann").await;
    assert_eq!(refreshes(&company), 1);
    assert_ne!(company.secrets.get().refresh_token, company.ready.refresh_token);
}

#[tokio::test]
async fn rejected_write_is_repeated_with_its_request_id_and_bytes() {
    let company = Company::start().await;
    company.fault(json!({ "match": { "operation": "batch" }, "do": "unauthorized" }));
    let client = company.client();
    let results = client.batch("one", &[create("Ann")]).await.unwrap();
    assert!(results[0].is_ok());
    let sent = company.transport.take_sent();
    let batches: Vec<_> = sent.iter().filter(|(url, _)| url.contains("/batch?requestid=one&")).collect();
    assert_eq!((batches.len(), sent.len()), (2, 3));
    assert_eq!(batches[0], batches[1]);
    assert_eq!(count(&client, "Ann").await, 1);
}

#[tokio::test]
async fn second_rejection_of_a_call_ends_it() {
    let company = Company::start().await;
    company.fault(json!({ "match": {}, "times": 9, "do": "unauthorized" }));
    let error = company.client().query("SELECT * FROM Customer").await.unwrap_err();
    assert!(matches!(error, QuickBooksError::AuthorizationEnded), "{error}");
    assert_eq!((company.calls().await.len(), refreshes(&company)), (2, 1));
}

#[tokio::test]
async fn tokens_that_another_process_has_refreshed_are_used() {
    let company = Company::start().await;
    company.switch("refresh_token_rotation", json!("every_time"));
    let (ours, theirs) = (company.client(), company.client());
    count(&ours, "Ann").await;
    company.advance(3601);
    count(&theirs, "Ann").await;
    count(&ours, "Ann").await;
    assert_eq!(refreshes(&company), 1);
}

#[tokio::test]
async fn caller_that_is_dropped_does_not_lose_a_rotated_token() {
    let company = Company::start().await;
    company.switch("refresh_token_rotation", json!("every_time"));
    company.advance(3601);
    company.fault(json!({ "match": { "path": TOKEN_PATH }, "do": "slow", "seconds": 0.2 }));
    let client = company.client();
    let started = async {
        while company.secrets.get().refresh_token == company.ready.refresh_token
            && !company.transport.peek().iter().any(|url| url.ends_with(TOKEN_PATH))
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = started => {}
        _ = count(&client, "Ann") => panic!("the call ended before the refresh"),
    }
    assert_eq!(count(&client, "Ann").await, 0);
    assert_eq!(refreshes(&company), 1);
}

#[tokio::test]
async fn lost_response_of_a_refresh_is_tolerated_while_the_old_token_works() {
    let company = Company::start().await;
    company.advance(3601);
    company.fault(json!({ "match": { "path": TOKEN_PATH }, "times": 2, "do": "drop_after" }));
    count(&company.client(), "Ann").await;
    assert_eq!(refreshes(&company), 3);
}

#[tokio::test]
async fn ended_authorization_wrong_secret_and_missing_secrets_are_distinguished() {
    let company = Company::start().await;
    let refused = async |client: QuickBooks| client.query("SELECT * FROM Customer").await.unwrap_err();
    let expired = |secrets: &mut clientele_sync_agent::quickbooks::secrets::Secrets| {
        secrets.access_expires_at = Timestamp::now();
    };
    company.secrets.change(expired);
    company.secrets.change(|secrets| secrets.client_secret = "hush".into());
    let error = refused(company.client()).await;
    assert!(matches!(error, QuickBooksError::InvalidClient), "{error}");
    company.secrets.change(|secrets| secrets.client_secret.clone_from(&company.ready.client_secret));
    company.secrets.change(|secrets| secrets.refresh_token = "gone".into());
    let error = refused(company.client()).await;
    assert!(matches!(error, QuickBooksError::AuthorizationEnded), "{error}");
    let mut config = company.config();
    config.secrets = MemorySecrets::with(None);
    let error = refused(QuickBooks::new(config)).await;
    assert!(matches!(error, QuickBooksError::NotConnected), "{error}");
    assert_eq!(Arc::strong_count(&company.secrets), 1);
}
