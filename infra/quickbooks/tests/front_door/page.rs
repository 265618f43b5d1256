//! The page for people.

use http::Method;
use serde_json::json;

use crate::client::Client;

async fn post(client: &Client, path: &str, form: &[(&str, &str)]) -> String {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let response = client.send(Method::POST, path, &[], body).await.unwrap();
    assert_eq!(response.status, 303);
    response.header("location").unwrap().to_owned()
}

#[tokio::test]
async fn page_shows_customers_money_and_calls_without_scripts_or_other_hosts() {
    let client = Client::start().await;
    client.save("Customer", json!({ "DisplayName": "<b>Eve</b> & 'Co'" })).await;
    let page = client.send(Method::GET, "/", &[], "").await.unwrap();
    for text in [
        "Blue Lagoon Pool Service",
        "&lt;b&gt;Eve&lt;/b&gt; &amp; &#39;Co&#39;",
        "King&#39;s Groceries",
        "Invoices (3)",
        "Payments (2)",
        "create Customer",
    ] {
        assert!(page.body.contains(text), "{text}");
    }
    for text in ["<b>Eve", "<script", "src=", "href=\"http"] {
        assert!(!page.body.contains(text), "{text}");
    }
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    let found = client.send(Method::GET, "/?search=okafor", &[], "").await.unwrap();
    assert!(found.body.contains("Amara Okafor") && !found.body.contains("Sunset Apartments"));
}

#[tokio::test]
async fn forms_edit_a_customer_add_an_invoice_and_pay_it() {
    let client = Client::start().await;
    let form = client.send(Method::GET, "/?edit=1", &[], "").await.unwrap();
    assert!(form.body.contains("name=\"DisplayName\" value=\"Amara Okafor\""), "{}", form.body);
    let edit = [("Id", "1"), ("DisplayName", "Amara O."), ("Email", ""), ("Phone", "1"), ("Active", "true")];
    post(&client, "/stand-in/page/customer", &edit).await;
    let customer = client.read("Customer", &json!("1")).await;
    assert_eq!((&customer["DisplayName"], customer.get("PrimaryEmailAddr")), (&json!("Amara O."), None));
    let invoice = [("customer", "1"), ("amount", "12.34"), ("description", "Chlorine")];
    let to = post(&client, "/stand-in/page/invoice", &invoice).await;
    let id = to.trim_end_matches('.').rsplit('+').next().unwrap().trim_end_matches("%2E").to_owned();
    assert_eq!(client.read("Invoice", &json!(id)).await["Balance"], 12.34);
    let to = post(&client, "/stand-in/page/payment", &[("invoice", &id), ("amount", "5,00")]).await;
    assert!(to.contains("not+a+number"), "{to}");
    assert_eq!(client.read("Invoice", &json!(id)).await["Balance"], 12.34);
    post(&client, "/stand-in/page/payment", &[("invoice", &id), ("amount", "")]).await;
    assert_eq!(client.read("Invoice", &json!(id)).await["Balance"], 0);
    assert!(
        post(&client, "/stand-in/page/invoice", &[("customer", "1"), ("amount", "x")])
            .await
            .contains("message=")
    );
}

#[tokio::test]
async fn unticking_active_balances_the_customer() {
    let client = Client::start().await;
    let edit = [("Id", "2"), ("DisplayName", "King's Groceries"), ("Email", ""), ("Phone", "")];
    assert_eq!(client.read("Customer", &json!("2")).await["Balance"], 130);
    post(&client, "/stand-in/page/customer", &edit).await;
    let customer = client.read("Customer", &json!("2")).await;
    assert_eq!((&customer["Active"], &customer["Balance"]), (&json!(false), &json!(0)));
    let memos = client.query("select * from CreditMemo where CustomerRef = '2'").await.json();
    assert_eq!(memos["QueryResponse"]["CreditMemo"][0]["TotalAmt"], 130);
}
