//! Texts that deceive: invisible characters, control characters, formulas and emails that look the same.

use serde_json::{Value, json};

use clientele_shared::model::Settings;

use crate::pool::{execute, execute_err};
use crate::support::Stack;

const CUSTOMERS: &str = "/api/v1/customers";

const CREATE: &str =
    "mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { firstName notes } }";

#[tokio::test]
async fn name_of_invisible_characters_is_no_name() {
    let stack = Stack::start().await;
    for blank in ["\u{200b}", "\u{feff} \u{2060}", "\u{3164}"] {
        let body = json!({"first_name": blank, "last_name": "Lee"});
        assert_eq!(stack.acme.post(CUSTOMERS, &body).await.error(400), "first_name: must not be empty");
        let (_, message) = execute_err(&stack.acme, CREATE, json!({"input": {"firstName": blank}})).await;
        assert!(message.contains("at least one of firstName"), "{message}");
    }
    let data =
        execute(&stack.acme, CREATE, json!({"input": {"lastName": "Lee", "firstName": "\u{200b}"}})).await;
    assert_eq!(data["createCustomer"]["firstName"], Value::Null);
}

#[tokio::test]
async fn control_characters_are_refused_in_every_text() {
    let stack = Stack::start().await;
    let message = "notes: must not contain control characters other than line breaks and tabs";
    for control in ["a\u{0}", "\u{1b}[31m", "\u{7f}", "a\u{85}b"] {
        let body = json!({"first_name": "Ann", "last_name": "Lee", "notes": control});
        assert_eq!(stack.acme.post(CUSTOMERS, &body).await.error(400), message);
        let input = json!({"input": {"firstName": "Ann", "notes": control}});
        assert_eq!(execute_err(&stack.acme, CREATE, input).await.1, message);
        let input = json!({"input": {"firstName": format!("Ann{control}")}});
        let (_, found) = execute_err(&stack.acme, CREATE, input).await;
        assert_eq!(found, "firstName: must be one line without control characters");
    }
    let notes = "one\r\n\ttwo";
    let data = execute(&stack.acme, CREATE, json!({"input": {"firstName": "Ann", "notes": notes}})).await;
    assert_eq!(data["createCustomer"]["notes"], notes);
}

#[tokio::test]
async fn exported_cells_run_no_formulas() {
    let stack = Stack::start().await;
    for name in ["=1+1", "\u{200b}=1+1", "＝1+1", "\u{feff}＠x"] {
        execute(&stack.acme, CREATE, json!({"input": {"firstName": name}})).await;
    }
    let file = stack.acme.get("/customers/export/csv").await;
    for row in file.expect_text(200).lines().skip(1) {
        assert!(row.split(',').nth(1).unwrap().starts_with('\''), "{row}");
    }
}

#[tokio::test]
async fn emails_that_look_the_same_are_one_email() {
    let stack = Stack::start().await;
    stack.settings(Settings { unique_email: true, ..Settings::default() }).await;
    let customer = |email: &str| json!({"first_name": "Ann", "last_name": "Lee", "email": email});
    stack.acme.post(CUSTOMERS, &customer("ren\u{e9}@example.com")).await.expect(201);
    for same in ["rene\u{301}@example.com", "REN\u{c9}@Example.com", "ren\u{e9}@exam\u{200b}ple.com"] {
        stack.acme.post(CUSTOMERS, &customer(same)).await.error(409);
    }
    stack.acme.post(CUSTOMERS, &customer("rene@example.com")).await.expect(201);
}
