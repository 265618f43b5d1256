//! Every kind of delivery to the webhook of QuickBooks.

use http::Method;
use serde_json::json;

use super::Exerciser;
use crate::mirror::{COMPANY, connect, signed};

const WEBHOOK: &str = "/quickbooks/webhook";

/// Delivers events of a company that is connected and of one that is not.
pub(super) async fn webhook(exerciser: &mut Exerciser<'_>) {
    connect(exerciser.stack, &exerciser.stack.acme, COMPANY).await;
    let event = |company: &str, kind: &str| json!({"type": kind, "intuitentityid": "1", "intuitaccountid": company, "data": {"deletedid": "2"}});
    for body in [
        json!([]),
        json!([event("1", "qbo.customer.updated.v1")]),
        json!([event(COMPANY, "qbo.customer.updated.v1"), event(COMPANY, "qbo.customer.merged.v1")]),
    ] {
        let signature = signed(body.to_string().as_bytes());
        let headers = [("intuit-signature", signature.as_str())];
        exerciser.request(Method::POST, WEBHOOK, &headers, &body, 200).await;
    }
}
