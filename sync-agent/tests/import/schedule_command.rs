//! The `sync-agent schedule` commands: setting, listing and removing schedules, and what they refuse.

use serde_json::Value;

use crate::engine::Engine;

/// Runs `schedule` with these arguments; returns its exit code, standard output and standard error.
async fn schedule(engine: &Engine, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = engine.run(&[&["schedule"], arguments].concat()).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

async fn names(engine: &Engine) -> Vec<String> {
    let (code, stdout, stderr) = schedule(engine, &["list", "--json"]).await;
    assert_eq!(code, Some(0), "{stderr}");
    let all: Vec<Value> = serde_json::from_str(&stdout).unwrap();
    all.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedules_are_set_listed_replaced_and_removed() {
    let engine = Engine::start().await;
    let (code, stdout, _) = schedule(&engine, &["list"]).await;
    assert_eq!((code, stdout.as_str()), (Some(0), "demo: no scheduled exports\n"));

    let set =
        ["set", "daily", "--to", "s3://exports/daily/", "--at", "05:30", "--status", "active", "--json"];
    let (code, stdout, stderr) = schedule(&engine, &set).await;
    assert_eq!(code, Some(0), "{stderr}");
    let json: Value = serde_json::from_str(&stdout).unwrap();
    let daily = &json[0];
    for (member, expected) in
        [("name", "daily"), ("to", "s3://exports/daily"), ("every", "day"), ("at", "05:30")]
    {
        assert_eq!(daily[member], expected, "{json}");
    }
    assert!(daily["next_at"].as_str().unwrap().ends_with("T05:30:00Z"), "{json}");
    assert_eq!((&daily["filter"]["status"], &daily["last_at"]), (&"ACTIVE".into(), &Value::Null));

    let set = ["set", "daily", "--to", "s3://exports/daily", "--every", "hour", "--at", "00:05"];
    let (code, stdout, stderr) = schedule(&engine, &[&set[..], &["--incremental"]].concat()).await;
    assert_eq!(code, Some(0), "{stderr}");
    let line = "daily: changed customers as csv to s3://exports/daily every hour at 00:05; next ";
    assert!(stdout.starts_with(line) && stdout.ends_with("; not exported yet\n"), "{stdout}");
    schedule(&engine, &["set", "orders", "--what", "orders", "--to", "s3://exports"]).await;
    assert_eq!(names(&engine).await, ["daily", "orders"]);
    let (code, stdout, _) = schedule(&engine, &["list", "--tenant", "other"]).await;
    assert_eq!((code, stdout.as_str()), (Some(0), "other: no scheduled exports\n"));

    let (code, _, stderr) = schedule(&engine, &["remove", "weekly"]).await;
    let expected = "error: there is no schedule `weekly`; `sync-agent schedule list` has the names\n";
    assert_eq!((code, stderr.as_str()), (Some(1), expected));
    let (code, stdout, _) = schedule(&engine, &["remove", "daily"]).await;
    assert!(code == Some(0) && stdout.starts_with("orders: ") && stdout.lines().count() == 1, "{stdout}");
    assert_eq!(names(&engine).await, ["orders"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_schedules_are_refused_and_not_stored() {
    let engine = Engine::start().await;
    let to = ["--to", "s3://exports/daily"];
    for (name, more, code, expected) in [
        ("daily", &["--at", "24:00"][..], 2, "must be a time from 00:00 to 23:59"),
        ("daily", &["--every", "month"], 2, "hour, day or week"),
        ("a b", &[], 2, "must be 1 to 40 letters, digits, `-` or `_`"),
        (
            "daily",
            &["--what", "orders", "--status", "ACTIVE"],
            2,
            "--status and --search do not select orders",
        ),
        ("daily", &["--what", "prices", "--search", "a"], 2, "--status and --search do not select prices"),
        ("daily", &["--tenant", "absent"], 1, "create it with `clientele tenant create absent`"),
    ] {
        let (found, _, stderr) = schedule(&engine, &[&["set", name], more, &to].concat()).await;
        assert_eq!(found, Some(code), "{more:?}: {stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains(expected), "{more:?}: {stderr}");
    }
    for (to, expected) in [
        ("out", "--to must be s3://BUCKET/PREFIX, because a scheduled export has no folder that lasts"),
        ("s3://No", "`No` is not a bucket name"),
        ("s3://exports/../a", "has an empty part, `.` or `..`"),
    ] {
        let (code, _, stderr) = schedule(&engine, &["set", "daily", "--to", to]).await;
        assert!(code == Some(2) && stderr.contains(expected), "{to}: {stderr}");
    }
    assert_eq!(names(&engine).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedules_that_would_make_an_incremental_one_complete_are_refused() {
    let engine = Engine::start().await;
    let set = async |name: &str, to: &str, more: &[&str]| {
        schedule(&engine, &[&["set", name, "--to", to], more].concat()).await
    };
    let (code, _, stderr) = set("first", "s3://exports/daily", &["--incremental"]).await;
    assert_eq!(code, Some(0), "{stderr}");
    let expected = "error: the schedule `first` exports customers to s3://exports/daily with another filter";
    for more in [&["--format", "parquet"][..], &["--columns", "full"], &["--status", "LEAD"]] {
        for incremental in [&["--incremental"][..], &[]] {
            let (code, _, stderr) = set("second", "s3://exports/daily/", &[more, incremental].concat()).await;
            assert_eq!(code, Some(1), "{more:?}: {stderr}");
            assert!(stderr.starts_with(expected) && stderr.lines().count() == 1, "{more:?}: {stderr}");
        }
    }
    assert_eq!(names(&engine).await, ["first"]);
    for (name, to, more) in [
        // The same content, another address, another kind, all records with the same content, and the first one again.
        ("a", "s3://exports/daily", &["--incremental"][..]),
        ("b", "s3://exports/other", &["--incremental", "--format", "parquet"]),
        ("c", "s3://exports/daily", &["--incremental", "--format", "parquet", "--what", "orders"]),
        ("d", "s3://exports/daily", &[]),
    ] {
        let (code, _, stderr) = set(name, to, more).await;
        assert_eq!(code, Some(0), "{name}: {stderr}");
    }
    for name in ["a", "d"] {
        schedule(&engine, &["remove", name]).await;
    }
    let (code, _, stderr) = set("first", "s3://exports/daily", &["--incremental", "--columns", "full"]).await;
    assert_eq!(code, Some(0), "{stderr}");
}
