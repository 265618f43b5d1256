//! `erp-contact-delete`: DELETE /api/customers/{id}/contacts/{contact_id}.

use http::Method;
use serde_json::json;

use super::{add_contact, contacts, create, error_of};
use crate::support::Stack;

#[tokio::test]
async fn removed_contact_is_gone_and_its_id_is_not_used_again() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    add_contact(&stack.acme, &path, &json!({"name": "Ann"})).await;
    let bob = add_contact(&stack.acme, &path, &json!({"name": "Bob"})).await;
    let removed = stack.acme.delete(&format!("{path}/contacts/{bob}")).await;
    assert_eq!(removed.expect_text(200), r#"{"data":{"message":"Contact successfully removed"}}"#);
    assert_eq!(contacts(&stack.acme, &path).await, ["Ann*"]);
    assert_eq!(
        error_of(&stack.acme.delete(&format!("{path}/contacts/{bob}")).await, 404).1,
        "Contact not found"
    );
    assert_eq!(add_contact(&stack.acme, &path, &json!({"name": "Cid"})).await, "cont_3");
}

#[tokio::test]
async fn removing_the_primary_contact_makes_no_other_one_primary() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    for name in ["Ann", "Bob"] {
        add_contact(&stack.acme, &path, &json!({ "name": name })).await;
    }
    stack.acme.delete(&format!("{path}/contacts/cont_1")).await.expect(200);
    assert_eq!(contacts(&stack.acme, &path).await, ["Bob"]);
}

#[tokio::test]
async fn retried_removal_with_the_same_idempotency_key_succeeds() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    let id = add_contact(&stack.acme, &path, &json!({"name": "Ann"})).await;
    for _ in 0..2 {
        let contact = format!("{path}/contacts/{id}");
        stack.acme.send(Method::DELETE, &contact, &[("idempotency-key", "1")], "").await.expect(200);
    }
}

#[tokio::test]
async fn customers_cannot_be_deleted_in_this_dialect() {
    let stack = Stack::start().await;
    let path = create(&stack.acme, "Acme").await;
    stack.acme.delete(&path).await.expect(404);
    stack.acme.get(&path).await.expect(200);
}
