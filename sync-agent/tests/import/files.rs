//! Files as programs write them: encodings, columns without a field, damaged files, and the reports about them.

use serde_json::Value;

use crate::engine::Engine;

/// The output of a command.
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Engine {
    fn bytes(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    async fn customers_import(&self, arguments: &[&str]) -> Ran {
        let arguments: Vec<&str> = ["import", "customers"].iter().chain(arguments).copied().collect();
        let output = self.run(&arguments).await;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ran {
    #[track_caller]
    fn check_error(&self, code: i32, expected: &str) {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        let mut errors = self.stderr.lines().filter(|line| line.starts_with("error"));
        let error = errors.next().unwrap_or_default();
        assert!(error.contains(expected) && errors.next().is_none(), "{}", self.stderr);
    }

    #[track_caller]
    fn json(&self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_in_other_encodings_are_imported() {
    let engine = Engine::start().await;
    let text = "id,first_name,city\n1,Zoë,Łódź\n";
    engine.bytes("utf16.csv", &utf_16(&format!("\u{feff}{text}")));
    engine.bytes("unmarked.csv", &utf_16(text));
    engine.bytes("windows.csv", b"sep=;\r\nid;first_name;city\r\n1;Zo\xeb;K\xf6ln\r\n");
    engine.bytes("mac.csv", b"id,first_name\r1,Zo\x91\r");
    let created = async |arguments: &[&str]| {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        assert_eq!(engine.customers_import(&arguments).await.json(0)["created"], 1);
    };
    created(&["utf16.csv"]).await;
    created(&["unmarked.csv", "--encoding", "utf-16le"]).await;
    created(&["windows.csv", "--encoding", "windows-1252"]).await;
    created(&["mac.csv", "--encoding", "macroman"]).await;
    let (customers, _) = engine.customers("demo").await;
    let all =
        |name: &str| customers.values().all(|customer| customer.fields.first_name.as_deref() == Some(name));
    assert!(customers.len() == 4 && all("Zoë"));
    assert_eq!(customers[&3].fields.physical.city.as_deref(), Some("Köln"));
    engine.customers_import(&["unmarked.csv"]).await.check_error(2, "add --encoding utf-16le");
    engine.customers_import(&["windows.csv", "--encoding", "klingon"]).await.check_error(2, "klingon");
    let ran = engine.customers_import(&["windows.csv"]).await;
    assert_eq!(ran.code, Some(3));
    assert!(ran.stderr.contains("--encoding windows-1252"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_files_get_a_message_of_their_own() {
    let engine = Engine::start().await;
    engine.bytes("book.xlsx", b"PK\x03\x04\x14\0\x06\0");
    engine.customers_import(&["book.xlsx"]).await.check_error(2, "save it as \"CSV UTF-8\"");
    engine.bytes("empty.csv", b"");
    engine.customers_import(&["empty.csv"]).await.check_error(2, "the file is empty");
    engine.bytes("zeros.csv", b"id,em\0ail\n1,a@b.c\n");
    engine.customers_import(&["zeros.csv"]).await.check_error(2, "NUL bytes");
    engine.bytes("open.csv", b"id,\"email\n1,a@b.c\n");
    engine.customers_import(&["open.csv"]).await.check_error(2, "quotation mark in the first line");
    engine.bytes("rows.csv", b"id,email,notes\n1,a@b.c,x\0y\n2,b@b.c,ok\n3,c@b.c,\"open\n4,d@b.c,\n");
    let ran = engine.customers_import(&["rows.csv"]).await;
    assert_eq!(ran.code, Some(3));
    assert!(ran.stdout.contains("created 1, already imported 0, rejected 2"), "{}", ran.stdout);
    assert!(ran.stderr.contains("line 2: notes: contains NUL bytes"), "{}", ran.stderr);
    assert!(ran.stderr.contains("line 4: row: a quotation mark"), "{}", ran.stderr);
    let report = std::fs::read_to_string(engine.folder.path().join("rows.csv.rejects.csv")).unwrap();
    assert!(report.contains("open\n4,d@b.c,"), "{report}");
    engine.bytes("header.csv", b"id,email\n");
    let json = engine.customers_import(&["header.csv", "--json"]).await.json(0);
    assert!(json["warnings"][0].as_str().unwrap().contains("a header but no rows"), "{json}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_with_values_and_without_a_field_are_never_lost_silently() {
    let engine = Engine::start().await;
    engine.bytes("rows.csv", b"id,email,colour,size,updatedAt,empty\n1,a@b.c,red,,x,\n2,b@b.c,blue,9,,\n");
    let strict = engine.customers_import(&["rows.csv", "--strict"]).await;
    strict.check_error(2, "column `colour` is not imported, but 2 cells have values");
    assert_eq!(engine.customers("demo").await.1, 0);
    let chosen = ["rows.csv", "--strict", "--map", "colour=notes", "--map", "size=-", "--dry-run"];
    assert_eq!(engine.customers_import(&chosen).await.code, Some(0));
    let json = engine.customers_import(&["rows.csv", "--json"]).await.json(0);
    let warnings: Vec<&str> =
        json["warnings"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(warnings.len(), 2, "{json}");
    assert!(warnings[0].contains("--map \"colour=FIELD\"") && warnings[1].contains("`size`"), "{json}");
    assert_eq!(json["ignored_columns"], serde_json::json!(["colour", "size", "updatedAt", "empty"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_an_api_would_refuse_are_imported_and_counted() {
    let engine = Engine::start().await;
    let rows = "id,email,phone\n1,none,206-555-0100\n2,a@b.c,+55 (12) 3923-5555\n3,c d@e,ask\n";
    engine.file("rows.csv", rows);
    let json = engine.customers_import(&["rows.csv", "--json"]).await.json(0);
    assert_eq!((&json["created"], &json["updated"], &json["unchanged"]), (&3.into(), &0.into(), &0.into()));
    assert_eq!(json["questionable"], serde_json::json!({"emails": 2, "phones": 2}));
    assert_eq!((&json["rejected"], &json["rejects_file"]), (&0.into(), &Value::Null));
    let (customers, _) = engine.customers("demo").await;
    assert_eq!(customers[&1].fields.email.as_deref(), Some("none"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dry_run_lists_the_changes_field_by_field() {
    let engine = Engine::start().await;
    engine.file("rows.csv", "id,first_name,email,city,tags\n1,Ann,a@x.com,,weekly\n2,Bob,b@x.com,Rome,\n");
    assert_eq!(engine.customers_import(&["rows.csv"]).await.code, Some(0));
    let edited =
        "id,first_name,email,city,tags\n1,Ann,a@y.com,Paris,salt;weekly\n2,Bob,b@x.com,Rome,\n3,Carl,,,\n";
    engine.file("rows.csv", edited);
    let arguments = ["rows.csv", "--update", "--key", "id", "--dry-run"];
    let ran = engine.customers_import(&arguments).await;
    let expected =
        "cust_1 email: a@x.com → a@y.com\ncust_1 city: (empty) → Paris\ncust_1 tags: weekly → salt;weekly\n";
    assert!(ran.stdout.starts_with(expected), "{}", ran.stdout);
    assert!(ran.stdout.contains("created 1, updated 1, unchanged 1, rejected 0"), "{}", ran.stdout);
    let json = engine.customers_import(&[&arguments[..], &["--json"]].concat()).await.json(0);
    let change =
        |field: &str, old: &str, new: &str| serde_json::json!({"field": field, "old": old, "new": new});
    let changes = [
        change("email", "a@x.com", "a@y.com"),
        change("city", "", "Paris"),
        change("tags", "weekly", "salt;weekly"),
    ];
    assert_eq!(json["changes"], serde_json::json!([{"id": "cust_1", "key": "1", "changes": changes}]));
    let (customers, total) = engine.customers("demo").await;
    assert_eq!((customers[&1].fields.email.as_deref(), total), (Some("a@x.com"), 2));
    assert_eq!(engine.customers_import(&arguments[..4]).await.code, Some(0));
    let json = engine.customers_import(&[&arguments[..], &["--json"]].concat()).await.json(0);
    assert_eq!(json["changes"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn report_that_cannot_be_written_stops_the_import_with_its_name() {
    let engine = Engine::start().await;
    // Every write to this device fails for want of space.
    let full = "/dev/full";
    if !std::path::Path::new(full).exists() {
        return;
    }
    engine.file("rows.csv", "id,email,status\n1,a@b.c,GONE\n2,b@b.c,LEAD\n");
    let ran = engine.customers_import(&["rows.csv", "--rejects", full]).await;
    ran.check_error(1, "cannot write the rejected rows to /dev/full");
}
