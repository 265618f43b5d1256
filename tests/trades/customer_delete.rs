//! `trades-customer-delete`: DELETE /api/v1/customers/{uuid}.

use http::Method;

use crate::support::{Stack, john};

#[tokio::test]
async fn the_documents_example_and_a_second_delete() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    let answer = stack.acme.delete(&path).await;
    answer.expect(200);
    assert_eq!(answer.body, r#"{"success":true,"data":{"message":"Customer deleted successfully"}}"#);
    assert_eq!(stack.acme.delete(&path).await.error(404), "Customer not found");
}

#[tokio::test]
async fn lists_searches_and_totals_follow() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    stack.acme.delete(&path).await.expect(200);
    for query in ["", "?search=john", "?filter=residential"] {
        let list = stack.acme.get(&format!("/api/v1/customers{query}")).await.data();
        assert_eq!(list["pagination"]["total"], 0, "{query}");
        assert_eq!(list["pagination"]["total_pages"], 0, "{query}");
        let sign = if query.is_empty() { '?' } else { '&' };
        let list =
            stack.acme.get(&format!("/api/v1/customers{query}{sign}include_deleted=true")).await.data();
        assert_eq!(list["pagination"]["total"], 1, "{query}");
        assert_eq!(list["customers"][0]["first_name"], "John", "{query}");
    }
}

#[tokio::test]
async fn if_match_must_hold_and_a_retry_is_answered_alike() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    stack.acme.send(Method::DELETE, &path, &[("if-match", "\"9\"")], String::new()).await.error(412);
    let headers = [("if-match", "\"1\""), ("idempotency-key", "k")];
    let first = stack.acme.send(Method::DELETE, &path, &headers, String::new()).await;
    let second = stack.acme.send(Method::DELETE, &path, &headers, String::new()).await;
    first.expect(200);
    assert_eq!((first.status, first.body), (second.status, second.body));
}
