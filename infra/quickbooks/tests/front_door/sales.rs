//! Invoices, payments, credit memos and sales receipts: totals, balances, voiding, deletion.

use serde_json::{Value, json};

use crate::client::Client;

pub(crate) fn line(amount: &str) -> Value {
    let amount: Value = serde_json::from_str(amount).unwrap();
    let detail = json!({ "ItemRef": { "value": "1" } });
    json!({ "Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail })
}

pub(crate) async fn customer(client: &Client) -> Value {
    client.save("Customer", json!({ "DisplayName": "Ann" })).await["Id"].clone()
}

pub(crate) async fn invoice(client: &Client, customer: &Value, amount: &str) -> Value {
    client.save("Invoice", json!({ "CustomerRef": { "value": customer }, "Line": [line(amount)] })).await
}

fn payment(customer: &Value, total: f64, links: &[(&Value, &str, f64)]) -> Value {
    let link = |(id, kind, amount): &(&Value, &str, f64)| {
        let linked = json!([{ "TxnId": id, "TxnType": kind }]);
        json!({ "Amount": amount, "LinkedTxn": linked })
    };
    let lines: Vec<Value> = links.iter().map(link).collect();
    json!({ "CustomerRef": { "value": customer }, "TotalAmt": total, "Line": lines })
}

async fn balance(client: &Client, customer: &Value) -> f64 {
    client.read("Customer", customer).await["Balance"].as_f64().unwrap()
}

#[tokio::test]
async fn invoice_has_totals_number_dates_names_and_a_subtotal_line() {
    let client = Client::start().await;
    let customer = customer(&client).await;
    let body = json!({
        "CustomerRef": { "value": customer },
        "TxnDate": "2026-03-01",
        "SalesTermRef": { "value": "2" },
        "Line": [line("0.10"), { "Amount": 0.2, "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": { "Qty": 0, "UnitPrice": 0 } }, {
            "DetailType": "DiscountLineDetail", "DiscountLineDetail": { "PercentBased": true, "DiscountPercent": 50 },
        }],
        "TxnTaxDetail": { "TotalTax": 0.05 },
    });
    let invoice = client.save("Invoice", body).await;
    assert_eq!((&invoice["TotalAmt"], &invoice["Balance"]), (&json!(0.2), &json!(0.2)));
    assert_eq!(invoice["Line"][2]["DetailType"], "SubTotalLineDetail");
    assert_eq!((&invoice["Line"][2]["Amount"], &invoice["Line"][3]["Amount"]), (&json!(0.3), &json!(0.15)));
    assert_eq!((&invoice["DueDate"], &invoice["CustomerRef"]["name"]), (&json!("2026-03-31"), &json!("Ann")));
    assert_eq!(invoice["Line"][0]["SalesItemLineDetail"]["ItemRef"]["name"], "Services");
    assert!(invoice["DocNumber"].as_str().unwrap().parse::<u64>().unwrap() >= 1001);
}

#[tokio::test]
async fn payment_moves_balances_of_invoice_customer_and_parent() {
    let client = Client::start().await;
    let parent = customer(&client).await;
    let child = json!({ "DisplayName": "Job", "Job": true, "ParentRef": { "value": parent } });
    let child = client.save("Customer", child).await["Id"].clone();
    let invoice = invoice(&client, &child, "100").await;
    assert_eq!((balance(&client, &child).await, balance(&client, &parent).await), (100.0, 0.0));
    assert_eq!(client.read("Customer", &parent).await["BalanceWithJobs"], 100);

    let paid = client.save("Payment", payment(&parent, 70.0, &[(&invoice["Id"], "Invoice", 60.0)])).await;
    assert_eq!(paid["UnappliedAmt"], 10);
    let invoice = client.read("Invoice", &invoice["Id"]).await;
    assert_eq!((&invoice["Balance"], &invoice["SyncToken"]), (&json!(40), &json!("1")));
    assert_eq!(invoice["LinkedTxn"], json!([{ "TxnId": paid["Id"], "TxnType": "Payment" }]));
    assert_eq!((balance(&client, &child).await, balance(&client, &parent).await), (40.0, -10.0));
    assert_eq!(client.read("Customer", &parent).await["BalanceWithJobs"], 30);

    let void = json!({ "Id": paid["Id"], "SyncToken": "0", "sparse": true });
    let voided = client.post("payment?operation=update&include=void", void).await.json()["Payment"].clone();
    assert_eq!((&voided["TotalAmt"], &voided["PrivateNote"]), (&json!(0), &json!("Voided")));
    assert_eq!(client.read("Invoice", &invoice["Id"]).await["Balance"], 100);
    assert_eq!(client.read("Customer", &parent).await["BalanceWithJobs"], 100);
}

#[tokio::test]
async fn credit_memo_closes_an_invoice_through_a_payment_of_zero() {
    let client = Client::start().await;
    let customer = customer(&client).await;
    let invoice = invoice(&client, &customer, "100").await;
    let memo = client
        .save("CreditMemo", json!({ "CustomerRef": { "value": customer }, "Line": [line("30")] }))
        .await;
    assert_eq!((&memo["RemainingCredit"], balance(&client, &customer).await), (&json!(30), 70.0));
    let links = [(&invoice["Id"], "Invoice", 30.0), (&memo["Id"], "CreditMemo", 30.0)];
    client.save("Payment", payment(&customer, 0.0, &links)).await;
    assert_eq!(client.read("CreditMemo", &memo["Id"]).await["RemainingCredit"], 0);
    assert_eq!(client.read("Invoice", &invoice["Id"]).await["Balance"], 70);
    assert_eq!(balance(&client, &customer).await, 70.0);
}

#[tokio::test]
async fn payments_beyond_what_is_open_are_refused() {
    let client = Client::start().await;
    let ann = customer(&client).await;
    let bob = client.save("Customer", json!({ "DisplayName": "Bob" })).await["Id"].clone();
    let invoice = invoice(&client, &ann, "100").await["Id"].clone();
    let unknown = json!("4711");
    for (body, code) in [
        (payment(&ann, 200.0, &[(&invoice, "Invoice", 101.0)]), "6000"),
        (payment(&ann, 10.0, &[(&invoice, "Invoice", 20.0)]), "6000"),
        (payment(&bob, 10.0, &[(&invoice, "Invoice", 10.0)]), "620"),
        (payment(&ann, 10.0, &[(&unknown, "Invoice", 10.0)]), "2500"),
        (json!({ "CustomerRef": { "value": ann } }), "2020"),
    ] {
        assert_eq!(client.refused("Payment", body.clone()).await, code, "{body}");
    }
    assert_eq!(balance(&client, &ann).await, 100.0);
}

#[tokio::test]
async fn voided_and_deleted_invoices_leave_their_payments_unapplied() {
    let client = Client::start().await;
    let customer = customer(&client).await;
    for operation in ["void", "delete"] {
        let invoice = invoice(&client, &customer, "100").await;
        let paid =
            client.save("Payment", payment(&customer, 100.0, &[(&invoice["Id"], "Invoice", 100.0)])).await;
        let body = json!({ "Id": invoice["Id"], "SyncToken": "1" });
        let stale = json!({ "Id": invoice["Id"], "SyncToken": "0" });
        assert_eq!(client.post(&format!("invoice?operation={operation}"), stale).await.code(), "5010");
        let response = client.post(&format!("invoice?operation={operation}"), body).await;
        assert_eq!(response.status, 200, "{}", response.body);
        assert_eq!(client.read("Payment", &paid["Id"]).await["UnappliedAmt"], 100);
        if operation == "void" {
            let voided = client.read("Invoice", &invoice["Id"]).await;
            assert_eq!((&voided["TotalAmt"], &voided["Balance"]), (&json!(0), &json!(0)));
            assert_eq!((&voided["PrivateNote"], &voided["Line"][0]["Amount"]), (&json!("Voided"), &json!(0)));
        } else {
            assert_eq!(
                client.get(&format!("invoice/{}", invoice["Id"].as_str().unwrap())).await.code(),
                "610"
            );
        }
    }
    assert_eq!(balance(&client, &customer).await, -200.0);
}

#[tokio::test]
async fn invalid_sales_have_their_codes() {
    let client = Client::start().await;
    let customer = customer(&client).await;
    let first = invoice(&client, &customer, "1").await;
    let with = |field: &str, value: Value| {
        let mut body = json!({ "CustomerRef": { "value": customer }, "Line": [line("1")] });
        body[field] = value;
        body
    };
    let wrong_product = json!([{ "Amount": 5, "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": { "Qty": 2, "UnitPrice": 3 } }]);
    for (field, value, code) in [
        ("Line", json!([]), "2020"),
        ("Line", json!([{ "Amount": 1 }]), "2020"),
        ("Line", wrong_product, "6070"),
        ("Line", json!([{ "Amount": 1, "DetailType": "Other" }]), "2170"),
        ("CustomerRef", json!(null), "2020"),
        ("CustomerRef", json!({ "value": "4711" }), "2500"),
        ("DocNumber", first["DocNumber"].clone(), "6140"),
        ("DocNumber", json!("x".repeat(22)), "2050"),
        ("TxnDate", json!("soon"), "2030"),
    ] {
        assert_eq!(client.refused("Invoice", with(field, value.clone())).await, code, "{field} {value}");
    }
    let duplicate = with("DocNumber", first["DocNumber"].clone());
    assert_eq!(client.post("invoice?include=allowduplicatedocnum", duplicate).await.status, 200);
    let inactive = json!({ "Id": customer, "SyncToken": "0", "sparse": true, "Active": false });
    client.save("Customer", inactive).await;
    assert_eq!(client.refused("Invoice", with("PrivateNote", json!("x"))).await, "610");
}

#[tokio::test]
async fn transactions_of_a_closed_period_are_refused() {
    let client = Client::start().await;
    let customer = customer(&client).await;
    let close = json!({ "Id": "1", "SyncToken": "0", "sparse": true,
        "AccountingInfoPrefs": { "BookCloseDate": "2026-01-31" } });
    client.save("Preferences", close).await;
    let body =
        |date: &str| json!({ "CustomerRef": { "value": customer }, "TxnDate": date, "Line": [line("1")] });
    assert_eq!(client.refused("Invoice", body("2026-01-31")).await, "6210");
    client.save("Invoice", body("2026-02-01")).await;
}

#[tokio::test]
async fn sales_receipt_is_paid_and_leaves_the_balance_alone() {
    let client = Client::start().await;
    let customer = customer(&client).await;
    let body =
        json!({ "CustomerRef": { "value": customer }, "Line": [line("25")], "ShipDate": "2026-02-03" });
    let receipt = client.save("SalesReceipt", body).await;
    assert_eq!((&receipt["TotalAmt"], &receipt["Balance"]), (&json!(25), &json!(0)));
    assert_eq!((&receipt["ShipDate"], balance(&client, &customer).await), (&json!("2026-02-03"), 0.0));
}

#[tokio::test]
async fn lines_of_one_payment_together_stay_within_what_is_open() {
    let client = Client::start().await;
    let ann = customer(&client).await;
    let sale = invoice(&client, &ann, "100").await["Id"].clone();
    for (lines, code) in [([60.0, 60.0], "6000"), ([0.0, 10.0], "6000"), ([-10.0, 10.0], "6000")] {
        let links = lines.map(|amount| (&sale, "Invoice", amount));
        assert_eq!(client.refused("Payment", payment(&ann, 200.0, &links)).await, code, "{lines:?}");
    }
    let paid =
        client.save("Payment", payment(&ann, 200.0, &[60.0, 40.0].map(|n| (&sale, "Invoice", n)))).await;
    assert_eq!((&paid["UnappliedAmt"], balance(&client, &ann).await), (&json!(100), -100.0));
    assert_eq!(client.read("Invoice", &sale).await["Balance"], 0);
}

#[tokio::test]
async fn updates_of_a_paid_invoice_keep_its_link_to_the_payment() {
    let client = Client::start().await;
    let ann = customer(&client).await;
    let sale = invoice(&client, &ann, "100").await;
    let paid = client.save("Payment", payment(&ann, 100.0, &[(&sale["Id"], "Invoice", 100.0)])).await;
    let linked = json!([{ "TxnId": paid["Id"], "TxnType": "Payment" }]);
    let full =
        json!({ "Id": sale["Id"], "SyncToken": "1", "CustomerRef": { "value": ann }, "Line": [line("120")] });
    let full = client.save("Invoice", full).await;
    assert_eq!((&full["LinkedTxn"], &full["Balance"]), (&linked, &json!(20)));
    let invented =
        json!([{ "TxnId": "4711", "TxnType": "Payment" }, { "TxnId": "9", "TxnType": "Estimate" }]);
    let sparse = json!({ "Id": sale["Id"], "SyncToken": "2", "sparse": true, "LinkedTxn": invented });
    let linked =
        json!([{ "TxnId": "9", "TxnType": "Estimate" }, { "TxnId": paid["Id"], "TxnType": "Payment" }]);
    assert_eq!(client.save("Invoice", sparse).await["LinkedTxn"], linked);
}

#[tokio::test]
async fn balances_with_jobs_follow_a_customer_to_its_new_parent() {
    let client = Client::start().await;
    let named = async |name: &str, parent: Option<&Value>| {
        let mut body = json!({ "DisplayName": name });
        if let Some(parent) = parent {
            body["Job"] = json!(true);
            body["ParentRef"] = json!({ "value": parent });
        }
        client.save("Customer", body).await["Id"].clone()
    };
    let (first, second) = (named("First", None).await, named("Second", None).await);
    let middle = named("Middle", Some(&second)).await;
    let job = named("Job", Some(&first)).await;
    invoice(&client, &job, "100").await;
    let jobs = async |id: &Value| client.read("Customer", id).await["BalanceWithJobs"].as_f64().unwrap();
    let balances = async || [jobs(&first).await, jobs(&middle).await, jobs(&second).await, jobs(&job).await];
    assert_eq!(balances().await, [100.0, 0.0, 0.0, 100.0]);
    let under_middle =
        json!({ "Id": job, "SyncToken": "0", "sparse": true, "ParentRef": { "value": middle } });
    client.save("Customer", under_middle).await;
    assert_eq!(balances().await, [0.0, 100.0, 100.0, 100.0]);
    client.edit("Customer", "merge", json!({ "Id": first, "deletedId": middle })).await;
    let merged = [jobs(&first).await, jobs(&second).await, jobs(&job).await];
    assert_eq!(merged, [100.0, 0.0, 100.0]);
}
