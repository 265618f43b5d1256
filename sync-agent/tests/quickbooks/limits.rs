//! The limits of the stand-in, which a client at the right pace never exceeds.

use clientele_sync_agent::quickbooks::{Pace, QuickBooks};
use futures::future::join_all;
use serde_json::json;

use crate::stand_in::{Company, create};

fn client_at(company: &Company, speed: f64) -> QuickBooks {
    let mut config = company.config();
    config.pace = Pace { speed };
    QuickBooks::new(config)
}

#[tokio::test]
async fn hundred_queries_at_the_pace_of_the_clock_are_never_throttled() {
    let company = Company::start_throttled().await;
    company.set_speed(100.0);
    let client = client_at(&company, 100.0);
    let query = "SELECT COUNT(*) FROM Customer";
    for results in [
        join_all((0..50).map(|_| client.query_count(query))).await,
        join_all((0..50).map(|_| client.query_count(query))).await,
    ] {
        assert!(results.iter().all(Result::is_ok));
    }
    let calls = company.calls().await;
    assert_eq!(calls.len(), 100);
    assert!(calls.iter().all(|call| call["status"] == 200));
    assert_eq!(client.calls().reads, 100);
}

#[tokio::test]
async fn batches_at_the_pace_of_the_clock_are_never_throttled() {
    let company = Company::start_throttled().await;
    company.set_speed(200.0);
    let client = client_at(&company, 200.0);
    for n in 0..60 {
        let name = format!("batch-{n}");
        client.batch(&name, &[create(&name)]).await.unwrap()[0].as_ref().unwrap();
    }
    let calls = company.calls().await;
    assert!(calls.len() == 60 && calls.iter().all(|call| call["status"] == 200));
}

#[tokio::test]
async fn client_that_is_too_fast_succeeds_after_waiting() {
    let company = Company::start_throttled().await;
    company.set_speed(100.0);
    company.switch("requests_per_second", json!(10));
    // This client believes that the clock runs ten times as fast as it does.
    let client = client_at(&company, 1000.0);
    let results = join_all((0..40).map(|_| client.query("SELECT * FROM Vendor"))).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}
