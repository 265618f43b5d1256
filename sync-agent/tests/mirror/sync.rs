//! Plans, syncs, the status and conflicts, and what they print.

use http::Method;
use serde_json::{Value, json};

use crate::fixture::Fixture;

#[tokio::test]
async fn sync_creates_customers_and_reports_what_it_did() {
    let fixture = Fixture::connected().await;
    fixture.customer("Ann", "ann@example.com").await;
    fixture.customer("Bob", "bob@example.com").await;
    let status = fixture.run(&["status", "--json"]).await.json(0);
    assert_eq!((&status["pending"], &status["last_sync_at"]), (&json!(2), &Value::Null));

    let report = fixture.run(&["sync", "--json"]).await.json(0);
    assert_eq!(report["pushed"]["created"], 2);
    let members = [
        ("pushed", &["created", "updated", "deactivated", "linked", "unchanged"][..]),
        ("pulled", &["customers", "orders", "payments", "prices"]),
        ("calls", &["reads", "writes", "batches"]),
    ];
    for (object, members) in members {
        for member in members {
            assert!(report[object][member].is_u64(), "{object}.{member}: {report}");
        }
    }
    assert_eq!([&report["conflicts"], &report["refused"], &report["pending"]], [0, 0, 0]);
    assert!(report["seconds"].is_f64() && report["unreadable"] == json!([]), "{report}");
    assert_eq!(fixture.in_quickbooks("Ann Lee").await["PrimaryEmailAddr"]["Address"], "ann@example.com");

    let status = fixture.run(&["status", "--json"]).await.json(0);
    assert_eq!([&status["pending"], &status["conflicts"], &status["refused"]], [0, 0, 0]);
    assert!(status["last_sync_at"].is_string() && status["checkpoint_at"].is_string(), "{status}");
    let again = fixture.run(&["sync"]).await;
    assert_eq!(again.code, Some(0));
    let lines: Vec<&str> = again.stdout.lines().collect();
    assert!(lines[0].starts_with("demo: synced with Blue Lagoon Pool Service in "), "{again:?}");
    assert!(lines[1].starts_with("to QuickBooks: 0 created, 0 updated"), "{again:?}");
    assert!(lines[2].starts_with("from QuickBooks: 0 customers"), "{again:?}");
}

#[tokio::test]
async fn plan_shows_changes_and_makes_none() {
    let fixture = Fixture::connected().await;
    let ann = fixture.customer("Ann", "ann@old.example").await;
    fixture.run(&["sync", "--json"]).await.json(0);
    fixture.set_email(&ann, "ann@new.example").await;
    fixture.customer("Bob", "bob@example.com").await;
    let (calls, before) = (fixture.calls(0).await.len(), fixture.run(&["status", "--json"]).await.stdout);
    let text = fixture.run(&["plan"]).await;
    assert_eq!(text.code, Some(0), "{text:?}");
    let id = ann.number.to_customer_id();
    assert!(text.stdout.contains("    email: ann@old.example → ann@new.example"), "{text:?}");
    assert!(text.stdout.contains("create in QuickBooks: 1\n") && text.stdout.contains(&id), "{text:?}");
    let plan = fixture.run(&["plan", "--json"]).await.json(0);
    for member in ["create", "update", "deactivate", "link", "pull", "conflicts", "refused"] {
        assert!(plan[member].is_array(), "{member}: {plan}");
    }
    let update = &plan["update"][0];
    assert_eq!((&update["id"], &update["name"]), (&json!(id), &json!("Ann Lee")));
    assert!(update["quickbooks_id"].is_string());
    let change = json!({ "old": "ann@old.example", "new": "ann@new.example" });
    assert_eq!(update["changes"]["email"], change);
    assert_eq!(plan["create"][0]["name"], "Bob Lee");
    let calls = fixture.calls(calls).await;
    assert!(!calls.is_empty() && calls.iter().all(|call| call["method"] == "GET"), "{calls:?}");
    assert_eq!(fixture.run(&["status", "--json"]).await.stdout, before);
}

#[tokio::test]
async fn directions_can_be_synced_alone() {
    let fixture = Fixture::connected().await;
    fixture.run(&["sync", "--json"]).await.json(0);
    fixture.customer("Ann", "ann@example.com").await;
    fixture.edit("create", json!({ "DisplayName": "Theirs", "GivenName": "Theirs" })).await;
    let pulled = fixture.run(&["sync", "--pull", "--json"]).await.json(0);
    assert_eq!((&pulled["pulled"]["customers"], &pulled["pushed"]["created"]), (&json!(1), &json!(0)));
    assert_eq!(fixture.in_quickbooks("Ann Lee").await, Value::Null);
    let pushed = fixture.run(&["sync", "--push", "--json"]).await.json(0);
    assert_eq!(pushed["pushed"]["created"], 1);
    let both = fixture.run(&["sync", "--push", "--pull", "--full", "--json"]).await.json(0);
    assert_eq!(both["pushed"]["created"], 0);
}

#[tokio::test]
async fn conflict_is_listed_until_it_is_resolved() {
    let fixture = Fixture::connected().await;
    let ann = fixture.customer("Ann", "ann@base.example").await;
    fixture.run(&["sync", "--json"]).await.json(0);
    let theirs = fixture.in_quickbooks("Ann Lee").await;
    let email = json!({ "Address": "ann@theirs.example" });
    fixture.edit("update", json!({ "Id": theirs["Id"], "PrimaryEmailAddr": email })).await;
    fixture.set_email(&ann, "ann@ours.example").await;
    assert_eq!(fixture.run(&["sync", "--json"]).await.json(3)["conflicts"], 1);

    let conflicts = fixture.run(&["conflicts", "--json"]).await.json(0);
    let conflict = &conflicts[0];
    assert_eq!(conflicts.as_array().unwrap().len(), 1);
    assert_eq!(conflict["id"], ann.number.to_customer_id());
    assert_eq!((&conflict["quickbooks_id"], &conflict["field"]), (&theirs["Id"], &json!("email")));
    let values = ["base", "ours", "theirs"].map(|side| conflict[side].as_str().unwrap());
    assert_eq!(values, ["ann@base.example", "ann@ours.example", "ann@theirs.example"]);
    assert!(conflict["at"].as_str().unwrap().ends_with('Z'));
    let text = fixture.run(&["conflicts"]).await.stdout;
    assert!(text.contains("email: was ann@base.example, ours ann@ours.example"), "{text}");
    assert_eq!(fixture.run(&["sync"]).await.code, Some(3));

    let id = ann.number.to_customer_id();
    let other = ["conflicts", "resolve", &id, "--keep", "theirs", "--field", "phone"];
    assert!(fixture.run(&other).await.error(1).contains("has no conflict in phone"));
    let resolve = ["conflicts", "resolve", &id, "--keep", "theirs", "--field", "email", "--json"];
    assert_eq!(fixture.run(&resolve).await.json(0)[0]["field"], "email");
    assert_eq!(fixture.run(&["conflicts", "--json"]).await.json(0), json!([]));
    fixture.run(&["sync", "--json"]).await.json(0);
    assert_eq!(fixture.in_quickbooks("Ann Lee").await["PrimaryEmailAddr"], email);
}

#[tokio::test]
async fn refused_customer_is_shown_with_its_reason() {
    let fixture = Fixture::connected().await;
    fixture.customer("Ann", "not an email").await;
    let report = fixture.run(&["sync", "--json"]).await.json(3);
    assert_eq!(report["refused"], 1);
    let status = fixture.run(&["status"]).await;
    assert_eq!(status.code, Some(0));
    assert!(
        status.stdout.contains("refused: 1 customer") && status.stdout.contains("Ann Lee: "),
        "{status:?}"
    );
    assert_eq!(fixture.run(&["status", "--json"]).await.json(0)["refused"], 1);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_sync_stops_and_can_be_run_again() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    let fixture = Fixture::connected().await;
    fixture.customer("Ann", "ann@example.com").await;
    let mut command = fixture.command(&["sync", "--dynamodb", &fixture.dynamodb]);
    let stand_in = std::sync::Arc::clone(&fixture.stand_in);
    let output = tokio::task::spawn_blocking(move || {
        // No call of QuickBooks ends while this is held.
        let state = stand_in.lock();
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let child = command.spawn().unwrap();
        let handles_signals = || {
            let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
            u64::from_str_radix(caught.trim(), 16).unwrap() & 0b11 == 0b10
        };
        while !handles_signals() {
            std::thread::yield_now();
        }
        kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
        drop(state);
        child.wait_with_output().unwrap()
    });
    let output = output.await.unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.ends_with("error: stopped; run the command again to continue\n"), "{stderr}");
    assert_eq!(fixture.run(&["sync", "--json"]).await.json(0)["pushed"]["created"], 1);
}

#[tokio::test]
async fn batch_that_fails_once_is_repeated() {
    let fixture = Fixture::connected().await;
    fixture.customer("Ann", "ann@example.com").await;
    let batch = json!({ "method": "POST", "path": format!("/v3/company/{}/batch", fixture.ready.realm_id) });
    let fault = json!({ "match": batch, "times": 1, "do": "status_503" });
    fixture.control(Method::POST, "faults", fault).await;
    assert_eq!(fixture.run(&["sync", "--json"]).await.json(0)["pushed"]["created"], 1);
}
