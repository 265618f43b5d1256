//! Failures of the API and of the network: what is repeated, and what is reported.

use std::time::{Duration, Instant};

use clientele_sync_agent::quickbooks::transport::TransportError;
use clientele_sync_agent::quickbooks::{FaultKind, Pace, QuickBooks, QuickBooksError};
use serde_json::{Value, json};

use crate::stand_in::{Company, count, create};

/// Returns the request ids of the batches that the stand-in has logged.
async fn request_ids(company: &Company) -> Vec<Value> {
    let calls = company.calls().await;
    calls
        .into_iter()
        .filter(|call| call["operation"] == "batch")
        .map(|call| call["requestid"].clone())
        .collect()
}

#[tokio::test]
async fn transient_faults_of_a_write_leave_one_customer() {
    for action in
        ["status_500", "status_503", "xml_error", "throttle", "drop_before", "drop_after", "timeout", "slow"]
    {
        let company = Company::start().await;
        let order = json!({ "match": { "operation": "batch" }, "times": 2, "do": action });
        let mut order = order;
        if ["timeout", "slow"].contains(&action) {
            order["seconds"] = json!(0.01);
        }
        company.fault(order);
        let client = company.client();
        let results = client.batch("same", &[create("Ann")]).await.unwrap();
        assert!(results[0].is_ok(), "{action}: {results:?}");
        assert_eq!(count(&client, "Ann").await, 1, "{action}");
        let expected = if action == "slow" { 1 } else { 3 };
        assert_eq!(request_ids(&company).await, vec![json!("same"); expected], "{action}");
        assert_eq!(client.calls().batches, u64::try_from(expected).unwrap(), "{action}");
        let batches: Vec<_> =
            company.transport.take_sent().into_iter().filter(|(url, _)| url.contains("/batch?")).collect();
        assert!(batches.windows(2).all(|pair| pair[0] == pair[1]), "{action}");
    }
}

#[tokio::test]
async fn throttling_in_json_with_retry_after_is_waited_for() {
    let company = Company::start().await;
    company.switch("throttle_format", json!("json"));
    company.switch("retry_after", json!(true));
    company.fault(json!({ "match": {}, "times": 2, "do": "throttle" }));
    let start = Instant::now();
    count(&company.client(), "Ann").await;
    // Twice 60 seconds at a speed of 1000.
    assert!(start.elapsed() >= Duration::from_millis(120), "{:?}", start.elapsed());
}

#[tokio::test]
async fn faults_that_last_are_reported_after_eight_attempts() {
    let company = Company::start().await;
    for (action, attempts) in [("throttle", 8), ("status_503", 16), ("drop_before", 24)] {
        company.fault(json!({ "match": {}, "times": 8, "do": action }));
        let error = company.client().query("SELECT * FROM Vendor").await.unwrap_err();
        let is_expected = match action {
            "throttle" => matches!(error, QuickBooksError::Throttled),
            "status_503" => matches!(&error, QuickBooksError::Unavailable(fault) if fault.status == 503),
            _ => matches!(error, QuickBooksError::Offline),
        };
        assert!(is_expected && error.is_temporary(), "{action}: {error:?}");
        assert_eq!(company.calls().await.len(), attempts);
    }
}

#[tokio::test]
async fn permanent_faults_are_reported_without_retries_and_with_their_tid() {
    let company = Company::start().await;
    let client = company.client();
    company.fault(json!({ "match": {}, "do": "fault_in_200" }));
    let error = client.batch("a", &[create("Ann")]).await.unwrap_err();
    let QuickBooksError::Refused(fault) = error else { panic!("{error}") };
    assert_eq!((fault.status, fault.code.as_str(), fault.kind()), (200, "6000", FaultKind::Invalid));
    assert!(fault.tid.is_some());
    let error = client.query("SELECT FROM").await.unwrap_err();
    assert!(matches!(&error, QuickBooksError::Refused(fault) if fault.code == "4000"), "{error}");
    assert_eq!(company.calls().await.len(), 2);
    assert_eq!(count(&client, "Ann").await, 0);
}

#[tokio::test]
async fn company_faults_have_their_own_errors() {
    let company = Company::start().await;
    let mut config = company.config();
    config.realm_id = "1234".into();
    let error = QuickBooks::new(config).query("SELECT * FROM Customer").await.unwrap_err();
    assert!(matches!(error, QuickBooksError::WrongCompany), "{error}");
    let client = company.client();
    company.switch("company_status", json!("access_lost"));
    let error = client.query("SELECT * FROM Customer").await.unwrap_err();
    assert!(matches!(error, QuickBooksError::AccessLost), "{error}");
    company.switch("company_status", json!("lapsed"));
    let results = client.batch("a", &[create("Ann")]).await;
    let kind = results.unwrap()[0].as_ref().unwrap_err().kind();
    assert_eq!(kind, FaultKind::SubscriptionLapsed);
    company.switch("company_status", json!("active"));
    company.switch("monthly_metered_calls", json!(1));
    let error = client.company().await.unwrap_err();
    assert!(matches!(error, QuickBooksError::ReadsExhausted), "{error}");
    assert!(client.batch("b", &[create("Ann")]).await.unwrap()[0].is_ok());
}

#[tokio::test]
async fn offline_is_reported_within_seconds_and_nothing_is_counted() {
    let company = Company::start().await;
    let mut config = company.config();
    config.pace = Pace::default();
    let client = QuickBooks::new(config);
    company.transport.fail(vec![TransportError::Unreachable; 99]);
    let start = Instant::now();
    let error = client.query("SELECT * FROM Customer").await.unwrap_err();
    assert!(matches!(error, QuickBooksError::Offline) && error.is_temporary(), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!((client.calls().reads, company.transport.take_sent().len()), (0, 3));
    company.transport.fail(vec![TransportError::Unreachable; 2]);
    assert!(client.query("SELECT * FROM Vendor").await.is_ok());
}
