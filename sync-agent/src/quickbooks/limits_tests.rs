//! Limits under a paused clock.

use futures::future::join_all;

use super::*;

/// Runs requests that take no time, and returns after how many milliseconds each started.
async fn starts(limits: &Limits, count: usize, is_batch: bool) -> Vec<u128> {
    let start = Instant::now();
    let mut starts = Vec::new();
    for _ in 0..count {
        drop(limits.admit(is_batch).await);
        starts.push(start.elapsed().as_millis());
    }
    starts
}

#[tokio::test(start_paused = true)]
async fn eleventh_request_waits_for_the_end_of_the_second() {
    let limits = Limits::new(Pace::default());
    let starts = starts(&limits, 21, false).await;
    assert_eq!((starts[9], starts[10]), (0, 1020));
    assert!(starts[20] >= 2040, "{starts:?}");
}

#[tokio::test(start_paused = true)]
async fn no_time_has_more_requests_or_batches_than_its_limit() {
    let limits = Limits::new(Pace::default());
    let requests = starts(&limits, 1200, false).await;
    assert!(requests.windows(501).all(|minute| minute[500] - minute[0] >= 60_000));
    assert!(requests[1199] < 145_000, "{}", requests[1199]);
    let limits = Limits::new(Pace::default());
    let batches = starts(&limits, 90, true).await;
    assert!(batches.windows(41).all(|minute| minute[40] - minute[0] >= 60_000));
    assert!(batches.windows(16).all(|seconds| seconds[15] - seconds[0] >= 10_000));
    assert!(batches[14] < 5_000 && batches[39] < 25_000 && batches[89] < 145_000, "{batches:?}");
}

#[tokio::test(start_paused = true)]
async fn waiting_batch_does_not_hold_up_other_requests() {
    let limits = Limits::new(Pace::default());
    starts(&limits, 40, true).await;
    tokio::select! {
        biased;
        _ = limits.admit(true) => panic!("the batch did not wait"),
        requests = starts(&limits, 20, false) => assert!(requests[19] < 5_000),
    }
}

#[tokio::test(start_paused = true)]
async fn eleventh_concurrent_request_waits_for_the_end_of_another() {
    let limits = Limits::new(Pace::default());
    let mut admitted = join_all((0..10).map(|_| limits.admit(false))).await;
    let start = Instant::now();
    let end_one = async {
        tokio::time::advance(Duration::from_secs(5)).await;
        drop(admitted.pop());
    };
    let (eleventh, ()) = tokio::join!(limits.admit(false), end_one);
    // The ended request counts for a second more.
    assert_eq!(start.elapsed().as_millis(), 6_020);
    drop(eleventh);
}

#[tokio::test(start_paused = true)]
async fn speed_shortens_all_windows() {
    let limits = Limits::new(Pace { speed: 100.0 });
    let starts = starts(&limits, 1000, false).await;
    assert!(starts[999] < 1_300, "{}", starts[999]);
}
