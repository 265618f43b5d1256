//! `trades-customer-delete`: DELETE /api/v1/customers/{uuid}.

use http::Method;

use crate::support::{Stack, john};

#[tokio::test]
async fn delete_matches_the_specification_and_a_second_delete_returns_404() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    let response = stack.acme.delete(&path).await;
    response.expect(200);
    assert_eq!(response.body, r#"{"success":true,"data":{"message":"Customer deleted successfully"}}"#);
    assert_eq!(stack.acme.delete(&path).await.error(404), "Customer not found");
}

#[tokio::test]
async fn deleted_customers_are_left_out_of_lists_searches_and_totals() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    stack.acme.delete(&path).await.expect(200);
    for query in ["", "?search=john", "?filter=residential"] {
        let list = stack.acme.get(&format!("/api/v1/customers{query}")).await.data();
        assert_eq!(list["pagination"]["total"], 0, "{query}");
        assert_eq!(list["pagination"]["total_pages"], 0, "{query}");
        let separator = if query.is_empty() { '?' } else { '&' };
        let list =
            stack.acme.get(&format!("/api/v1/customers{query}{separator}include_deleted=true")).await.data();
        assert_eq!(list["pagination"]["total"], 1, "{query}");
        assert_eq!(list["customers"][0]["first_name"], "John", "{query}");
    }
}

#[tokio::test]
async fn delete_requires_a_matching_etag_and_a_retry_gets_the_same_response() {
    let stack = Stack::start().await;
    let path = format!("/api/v1/customers/{}", stack.acme.create(&john()).await);
    stack.acme.send(Method::DELETE, &path, &[("if-match", "\"9\"")], String::new()).await.error(412);
    let headers = [("if-match", "\"1\""), ("idempotency-key", "k")];
    let first = stack.acme.send(Method::DELETE, &path, &headers, String::new()).await;
    let second = stack.acme.send(Method::DELETE, &path, &headers, String::new()).await;
    first.expect(200);
    assert_eq!((first.status, first.body), (second.status, second.body));
}
