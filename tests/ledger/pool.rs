//! The cost of the pool dialect's operations.

use serde_json::{Value, json};

use clientele_shared::model::{CustomerFields, Mode, Settings};

use super::cost_budget::{self, By, NONE, Source};
use super::cost_report::CostReport;
use super::customers::{filler, import};
use crate::pool::{create_tag, execute};
use crate::support::{Caller, Stack};

const LIST: &str = "query($after: String, $filter: CustomerFilter) { \
                    infiniteCustomers(first: 25, after: $after, filter: $filter) { edges { node { id firstName \
                    lastName email phone status street city state } cursor } pageInfo { hasNextPage endCursor } \
                    totalCount } }";

/// Returns the customer that the specification's example creates.
fn jane(tag: &str) -> Value {
    json!({
        "firstName": "Jane", "lastName": "Doe", "email": "jane@example.com", "phone": "555-0200",
        "street": "456 Oak Ave", "city": "Austin", "state": "TX", "zipCode": "78702", "status": "ACTIVE",
        "tagIds": [tag],
    })
}

/// Number of search entries of [`jane`] without a tag: 20 terms, 4 marks, 5 sort entries and the figures.
const ENTRIES: usize = 30;

/// Measures this dialect's operations among 1,000 customers.
pub(crate) async fn measure(stack: &Stack, report: &mut CostReport) {
    let caller = stack.caller("pool", Mode::Live, "read,write,export").await;
    let settings = Settings { usage_metering: false, ..Settings::default() };
    stack.store.tenant_settings_set(&"pool".parse().unwrap(), &settings).await.unwrap();
    let tag = create_tag(&caller, "Premium").await;
    let customers: Vec<CustomerFields> = (0..1_000).map(|number| filler(number, 286)).collect();
    import(&stack.store, &caller.key.tenant(), "pool", &customers).await;

    report.heading("pool: operations among 1000 customers, items of up to 572 bytes");
    let work = execute(&caller, LIST, json!({}));
    let (data, _) = report
        .measure("infiniteCustomers(first: 25)", cost_budget::list(Source::Numbers, By::Cursor), work)
        .await;
    let after = data["infiniteCustomers"]["pageInfo"]["endCursor"].clone();
    let work = execute(&caller, LIST, json!({ "after": after }));
    report
        .measure("infiniteCustomers(first: 25, after)", cost_budget::list(Source::Numbers, By::Cursor), work)
        .await;
    let work = execute(&caller, LIST, json!({"filter": {"status": "ACTIVE"}}));
    report
        .measure(
            "infiniteCustomers(first: 25), one status",
            cost_budget::list(Source::Partition, By::Cursor),
            work,
        )
        .await;
    let with_tags = LIST.replace("state }", "state tags { id name color } }");
    let work = execute(&caller, &with_tags, json!({}));
    report.measure("infiniteCustomers(first: 25) with tags", NONE, work).await;
    let one = "{ customer(selector: {id: \"cust_1\"}) { id firstName status } }";
    report.measure("customer", cost_budget::GET, execute(&caller, one, json!({}))).await;

    let create = "mutation($i: CreateCustomerInput!) { createCustomer(input: $i) { id } }";
    let mut plain = jane(&tag);
    plain.as_object_mut().unwrap().remove("tagIds");
    let work = execute(&caller, create, json!({ "i": plain }));
    report.measure("createCustomer", cost_budget::create(ENTRIES), work).await;
    let work = execute(&caller, create, json!({"i": jane(&tag)}));
    report.measure("createCustomer with a tag", cost_budget::create(ENTRIES + 1), work).await;
    let by_tag = execute(&caller, LIST, json!({"filter": {"tagIds": [tag]}}));
    report.measure("infiniteCustomers(first: 25) by a tag of one customer", NONE, by_tag).await;

    let ids: Vec<String> = (1..=500).map(|number| format!("cust_{number}")).collect();
    let bulk = "mutation($i: BulkUpdateCustomersInput!) { bulkUpdateCustomers(input: $i) { updatedCount } }";
    let input = json!({"ids": ids, "update": {"notes": "Every other week."}});
    let work = execute(&caller, bulk, json!({ "i": input }));
    let (data, _) =
        report.measure_per_customer("bulkUpdateCustomers of 500, units per customer", NONE, 500, work).await;
    assert_eq!(data["bulkUpdateCustomers"]["updatedCount"], 500);
    exports(&caller, report).await;
}

/// Measures the exports: all customers, those of one status, a search's matches, one customer's prices.
async fn exports(caller: &Caller, report: &mut CostReport) {
    let all = 1_002;
    for (name, path, customers) in [
        ("export of 1002 customers, units per customer", "/customers/export/csv", all),
        ("export of one status with 336, units per customer", "/customers/export/csv?status=ACTIVE", 336),
        ("export of a search with 2 matches, units per customer", "/customers/export/csv?search=jane", 2),
        ("export of the prices of a customer without any", "/customers/cust_1/pricing/csv", 1),
    ] {
        let (response, _) = report.measure_per_customer(name, NONE, customers, caller.get(path)).await;
        let rows = response.expect_text(200).lines().count() - 1;
        if customers > 1 {
            assert_eq!(rows, usize::try_from(customers).unwrap(), "{name}");
        }
    }
}
