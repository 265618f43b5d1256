//! Objects of the stand-in: the balances that it computes are those of the orders, and the store accepts the orders.

use std::net::Ipv4Addr;
use std::sync::Arc;

use clientele_infra_quickbooks::protocol::api::answer;
use clientele_infra_quickbooks::protocol::call::Request;
use clientele_infra_quickbooks::{StandIn, State};
use clientele_shared::Ambient;
use clientele_shared::model::{CustomerFields, Mode, OrderStatus, Tenant};
use clientele_shared::store::{OrderChange, Store, Write, WriteOutcome};
use clientele_shared::table::connect::Connection;
use clientele_shared::table::definition::create_table;
use dynoxide::Database;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::net::TcpListener;

use super::*;

/// A company of the stand-in in this process, with the demo data, and the payments that the mirror knows.
struct Company {
    stand_in: Arc<StandIn>,
    payments: BTreeMap<String, PaymentFacts>,
}

impl Company {
    fn new() -> Self {
        let stand_in = StandIn::new("http://localhost".into(), State::open(None).unwrap());
        stand_in.lock().switches.set("throttling", &json!(false)).unwrap();
        Self { stand_in, payments: BTreeMap::new() }
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let ready = self.stand_in.ready();
        let (path, parameters) = path.split_once('?').unwrap_or((path, ""));
        let parameters = parameters.split('&').filter_map(|one| one.split_once('='));
        let request = Request {
            method: method.into(),
            path: format!("/v3/company/{}/{path}", ready.realm_id),
            parameters: parameters.map(|(name, value)| (name.into(), value.into())).collect(),
            authorization: Some(format!("Bearer {}", ready.access_token)),
            accept: Some("application/json".into()),
            content_type: Some("application/json".into()),
            body: body.to_string().into(),
        };
        let response = answer(&self.stand_in, &request, 1).response.unwrap();
        (response.status, serde_json::from_str(&response.body).unwrap())
    }

    /// Posts an object, and returns it as it was saved.
    fn save(&self, entity: &str, body: &Value) -> Object {
        let (status, response) = self.send("POST", &entity.to_lowercase(), body);
        assert_eq!(status, 200, "{response}");
        object(response[entity].clone())
    }

    fn read(&self, entity: &str, id: &str) -> Object {
        let (status, response) = self.send("GET", &format!("{}/{id}", entity.to_lowercase()), &Value::Null);
        assert_eq!(status, 200, "{response}");
        object(response[entity].clone())
    }

    /// Creates an invoice or credit memo of the first customer over an amount in cents, and returns its id.
    fn sell(&self, entity: &str, cents: i64, fields: Value) -> String {
        let line = json!({ "Amount": dollars(cents), "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": { "ItemRef": { "value": "2" }, "Qty": 1, "UnitPrice": dollars(cents) } });
        let mut body = json!({ "CustomerRef": { "value": "1" }, "TxnDate": "2026-01-05", "Line": [line] });
        body.as_object_mut().unwrap().extend(object(fields));
        text(&self.save(entity, &body), "Id")
    }

    /// Pays documents on a day; the mirror reads the payment if `is_known`.
    fn pay(&mut self, cents: i64, day: u8, links: &[(&str, &str, i64)], is_known: bool) -> String {
        let line = |(entity, id, cents): &(&str, &str, i64)| {
            let linked = json!([{ "TxnId": id, "TxnType": entity }]);
            json!({ "Amount": dollars(*cents), "LinkedTxn": linked })
        };
        let lines: Vec<Value> = links.iter().map(line).collect();
        let payment = self.save(
            "Payment",
            &json!({ "CustomerRef": { "value": "1" }, "TotalAmt": dollars(cents),
            "TxnDate": format!("2026-01-{day:02}"), "Line": lines }),
        );
        let id = text(&payment, "Id");
        if is_known {
            self.payments.insert(id.clone(), super::payment(&payment).unwrap());
        }
        id
    }

    fn order(&self, kind: DocumentKind, id: &str) -> OrderChange {
        let document = self.read(kind.as_str(), id);
        let product = |item: &str| product_id(&self.read("Item", item));
        order(kind, SOURCE, &document, &self.payments, &product).unwrap()
    }
}

fn dollars(cents: i64) -> Value {
    serde_json::from_str(&format!("{}.{:02}", cents / 100, cents % 100)).unwrap()
}

fn text(object: &Object, field: &str) -> String {
    object[field].as_str().unwrap().to_owned()
}

fn unpaid(change: &OrderChange) -> i64 {
    change.order.as_ref().unwrap().0.unpaid().to_cents()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn unpaid_is_the_balance_that_the_stand_in_computes(
        parts in vec((1..9_999_i64, 1..=28_u8, any::<bool>()), 0..5),
        memo in 1..9_999_i64, deposit in 0..9_999_i64, open in 0..9_999_i64,
    ) {
        let mut company = Company::new();
        let total = parts.iter().map(|(cents, ..)| cents).sum::<i64>() + memo + deposit + open;
        let invoice = company.sell("Invoice", total, json!({ "Deposit": dollars(deposit) }));
        let mut unapplied = total - deposit;
        for (cents, day, is_known) in &parts {
            let id = company.pay(cents + 1, *day, &[("Invoice", &invoice, *cents)], *is_known);
            unapplied -= cents;
            prop_assert_eq!(unpaid(&company.order(DocumentKind::Invoice, &invoice)), unapplied);
            let document = company.read("Invoice", &invoice);
            prop_assert!(payments_of(&document).contains(&id));
        }
        let credit = company.sell("CreditMemo", memo, json!({}));
        company.pay(0, 28, &[("Invoice", &invoice, memo), ("CreditMemo", &credit, memo)], true);
        prop_assert_eq!(unpaid(&company.order(DocumentKind::Invoice, &invoice)), open);
    }
}

#[test]
fn voided_payment_and_invoice_change_the_order() {
    let mut company = Company::new();
    let invoice = company.sell("Invoice", 10_000, json!({}));
    let paid = company.pay(10_000, 20, &[("Invoice", &invoice, 10_000)], true);
    let change = company.order(DocumentKind::Invoice, &invoice);
    assert_eq!((unpaid(&change), change.order.unwrap().0.days_to_payment()), (0, Some(15)));

    let void = json!({ "Id": paid, "SyncToken": "0", "sparse": true });
    let (status, response) = company.send("POST", "payment?operation=update&include=void", &void);
    assert_eq!(status, 200, "{response}");
    let new = payment(&object(response["Payment"].clone())).unwrap();
    let changed = touched(company.payments.get(&paid), Some(&new));
    assert_eq!(changed, [(DocumentKind::Invoice, invoice.clone())].into());
    company.payments.insert(paid, new);
    assert_eq!(unpaid(&company.order(DocumentKind::Invoice, &invoice)), 10_000);

    let void = json!({ "Id": invoice, "SyncToken": company.read("Invoice", &invoice)["SyncToken"] });
    assert_eq!(company.send("POST", "invoice?operation=void", &void).0, 200);
    let (order, lines) = company.order(DocumentKind::Invoice, &invoice).order.unwrap();
    assert_eq!((order.status, order.total.to_cents(), lines.len()), (OrderStatus::Cancelled, 0, 1));
}

#[test]
fn demo_items_become_products_with_prices() {
    let company = Company::new();
    let listed = |id: &str| {
        let item = company.read("Item", id);
        let product = product_id(&item).unwrap();
        let price = price(&item, product.clone(), "USD".parse().unwrap());
        (product.to_string(), price.map(|entry| entry.price.amount.to_string()))
    };
    assert_eq!(listed("1"), ("Services".into(), None));
    assert_eq!(listed("2"), ("SVC-WEEK".into(), Some("65.00".into())));
    assert_eq!(listed("3"), ("FLT-100".into(), Some("89.95".into())));
}

#[test]
fn discount_of_the_stand_in_is_each_lines_share() {
    let company = Company::new();
    let kind = "SalesItemLineDetail";
    let line = |amount: f64| json!({ "Amount": amount, "DetailType": kind, kind: {} });
    let body = json!({ "CustomerRef": { "value": "1" }, "Line": [line(10.01), line(0.33), {
        "DetailType": "DiscountLineDetail", "DiscountLineDetail": { "PercentBased": true, "DiscountPercent": 12.5 },
    }], "TxnTaxDetail": { "TotalTax": 0.7 } });
    let id = text(&company.save("SalesReceipt", &body), "Id");
    let (order, lines) = company.order(DocumentKind::SalesReceipt, &id).order.unwrap();
    assert_eq!((order.total.to_string(), order.unpaid().to_cents()), ("9.75".into(), 0));
    assert!(lines.iter().all(|line| line.discount.to_string() == "0.125"));
    assert!(lines.iter().all(|line| line.product.as_str() == "Services"));
}

/// A table on an engine in this process, which stops with the test's runtime.
async fn store() -> Store {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let database = Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
    let client = Connection::local(&url).client().unwrap();
    create_table(&client, "mirror").await.unwrap();
    Store::new(client, "mirror", Ambient::system())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn store_accepts_all_documents_of_the_demo_company() {
    let (company, store) = (Company::new(), store().await);
    let tenant = Tenant::new(&"demo".parse().unwrap(), Mode::Live);
    store.tenant_create(&"demo".parse().unwrap()).await.unwrap();
    let created = store.customer_create(&tenant, CustomerFields::default(), Write::plain()).await.unwrap();
    let WriteOutcome::Applied(customer) = created else { panic!("{created:?}") };
    use DocumentKind::{CreditMemo, Invoice, SalesReceipt};
    let documents = [(Invoice, "1"), (Invoice, "2"), (Invoice, "3"), (SalesReceipt, "6"), (CreditMemo, "7")];
    let changes = documents.map(|(kind, id)| company.order(kind, id));
    let written = store.orders_write(&tenant, customer.number, &changes).await.unwrap();
    assert_eq!(written.created, 5);
    let figures = store.figures_get(&tenant, customer.uuid).await.unwrap();
    // The payments of the first two invoices have no known day.
    assert_eq!((figures.orders, figures.paid_orders), (4, 1));
    assert_eq!(
        (figures.lifetime_value.to_string(), figures.balance.to_string()),
        ("659.85".into(), "219.95".into())
    );
    let written = store.orders_write(&tenant, customer.number, &changes).await.unwrap();
    assert_eq!(written.unchanged, 5);
}
