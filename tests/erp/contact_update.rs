//! `erp-contact-update`: PUT /api/customers/{id}/contacts/{contact_id}.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{add_contact, contacts, create, error_of, wrong_fields};
use crate::support::Stack;

#[tokio::test]
async fn absent_fields_are_kept_and_null_clears() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    let body =
        json!({"name": "Sarah Davis", "title": "Finance Manager", "email": "s@example.com", "phone": "1"});
    let id = add_contact(&stack.acme, &path, &body).await;
    stack.clock.advance_seconds(60);
    let change =
        json!({"title": "Senior Finance Manager", "phone": "+1-555-1101", "email": null, "is_primary": true});
    let changed = stack.acme.put(&format!("{path}/contacts/{id}"), &change).await;
    let expected = concat!(
        r#"{"data":{"id":"cont_1","name":"Sarah Davis","title":"Senior Finance Manager","phone":"+1-555-1101","#,
        r#""is_primary":true,"customer_id":"cust_1","created_at":"2030-01-15T10:30:00Z","#,
        r#""updated_at":"2030-01-15T10:31:00Z"}}"#,
    );
    assert_eq!(changed.expect_text(200), expected);
}

#[tokio::test]
async fn two_writers_that_each_make_a_contact_primary_leave_one() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    for name in ["Ann", "Bob", "Cid"] {
        add_contact(&stack.acme, &path, &json!({ "name": name })).await;
    }
    for _ in 0..5 {
        join_all(["cont_2", "cont_3"].map(|id| {
            let (acme, path) = (&stack.acme, format!("{path}/contacts/{id}"));
            async move { acme.put(&path, &json!({"is_primary": true})).await.expect(200) }
        }))
        .await;
        let primary = contacts(&stack.acme, &path).await.into_iter().filter(|name| name.ends_with('*'));
        assert_eq!(primary.count(), 1);
    }
}

#[tokio::test]
async fn unknown_contacts_and_those_of_other_customers_return_404() {
    let stack = Stack::start().await;
    let (one, other) = (create(&stack.acme, "One").await, create(&stack.acme, "Other").await);
    add_contact(&stack.acme, &one, &json!({"name": "Ann"})).await;
    add_contact(&stack.acme, &one, &json!({"name": "Bob"})).await;
    add_contact(&stack.acme, &other, &json!({"name": "Cid"})).await;
    for path in
        [format!("{other}/contacts/cont_2"), format!("{one}/contacts/cont_9"), format!("{one}/contacts/x")]
    {
        let response = stack.acme.put(&path, &json!({"title": "CEO"})).await;
        assert_eq!(error_of(&response, 404).1, "Contact not found", "{path}");
    }
    let response = stack.acme.put("/api/customers/cust_9/contacts/cont_1", &json!({})).await;
    assert_eq!(error_of(&response, 404).1, "Customer not found");
}

#[tokio::test]
async fn wrong_fields_are_named_and_the_name_cannot_be_cleared() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    let id = add_contact(&stack.acme, &path, &json!({"name": "Ann"})).await;
    let contact = format!("{path}/contacts/{id}");
    for name in [Value::Null, json!(""), json!(5)] {
        assert_eq!(wrong_fields(&stack.acme.put(&contact, &json!({ "name": name })).await), ["name"]);
    }
    assert_eq!(wrong_fields(&stack.acme.put(&contact, &json!({"email": "x"})).await), ["email"]);
    assert_eq!(contacts(&stack.acme, &path).await, ["Ann*"]);
}
