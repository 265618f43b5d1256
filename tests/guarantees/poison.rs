//! Nothing that was accepted makes a later response fail, and a record that cannot be read does not hide the others.

use http::Method;
use serde_json::json;

use crate::pool::list;
use crate::support::{Stack, john};

const CUSTOMERS: &str = "/api/v1/customers";

/// The member that makes `serde_json` parse a text as JSON with a fresh limit of depth.
const RAW: &str = "$serde_json::private::RawValue";

fn nested(levels: usize) -> String {
    format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels))
}

#[tokio::test]
async fn flags_that_could_not_be_read_again_are_refused() {
    let stack = Stack::start().await;
    let uuid = stack.acme.create(&john()).await;
    let path = format!("{CUSTOMERS}/{uuid}");
    let smuggled = json!({RAW: nested(120)}).to_string();
    let twice = json!({"a": {RAW: json!({RAW: nested(120)}).to_string()}}).to_string();
    for (flags, message) in [
        (nested(33), "internal_flags: must not nest objects and lists deeper than 32 levels"),
        (smuggled, "internal_flags: must not have members whose names start with `$serde_json::private::`"),
        (twice, "internal_flags: must not have members whose names start with `$serde_json::private::`"),
    ] {
        for sent in [flags.clone(), json!(flags).to_string()] {
            let body = format!("{{\"internal_flags\":{sent}}}");
            let response = stack.acme.send(Method::PUT, &path, &[], body).await;
            assert_eq!(response.error(400), message, "{sent}");
        }
    }
    assert_eq!(stack.acme.get(&path).await.header("etag"), "\"1\"");
    let body = format!("{{\"internal_flags\":{}}}", nested(32));
    stack.acme.send(Method::PUT, &path, &[], body).await.expect(200);
    stack.acme.get(&path).await.expect(200);
    stack.acme.get(CUSTOMERS).await.expect(200);
}

#[tokio::test]
async fn flags_keep_their_digits_and_order() {
    let stack = Stack::start().await;
    let flags = r#"{"z":1.10,"a":[12345678901234567890123,1E3],"m":-0.0}"#;
    for sent in [flags.to_owned(), json!(flags).to_string()] {
        let body = format!(r#"{{"first_name":"A","last_name":"B","internal_flags":{sent}}}"#);
        let response = stack.acme.send(Method::POST, CUSTOMERS, &[], body).await;
        assert_eq!(response.status, 201, "{}", response.body);
        let path = response.location().to_owned();
        let read = stack.acme.get(&path).await;
        assert!(read.body.contains(&format!("\"internal_flags\":{flags},")), "{}", read.body);
        // A client that sends back what it read changes nothing.
        let body = format!(r#"{{"internal_flags":{flags}}}"#);
        assert_eq!(stack.acme.send(Method::PUT, &path, &[], body).await.header("etag"), "\"1\"");
    }
}

#[tokio::test]
async fn unreadable_record_is_left_out_of_lists_and_fails_exports() {
    let stack = Stack::start().await;
    for _ in 0..3 {
        stack.acme.create(&john()).await;
    }
    stack.damage(2).await;
    let uuid = stack.tenant().customer_uuid(2.try_into().unwrap());
    for query in ["", "?filter=residential", "?search=john", "?page=2&limit=1"] {
        let data = stack.acme.get(&format!("{CUSTOMERS}{query}")).await.data();
        let shown = data["customers"].as_array().unwrap().len();
        assert_eq!(shown, if query.contains("page") { 1 } else { 2 }, "{query}");
    }
    assert_eq!(list(&stack.acme, "first: 5").await.0, ["cust_3", "cust_1"]);
    stack.acme.get(&format!("{CUSTOMERS}/{uuid}")).await.error(500);
    assert!(!stack.acme.get("/customers/export/csv").await.status.is_success());
}
