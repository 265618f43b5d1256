//! The cost of the funnels dialect's operations.

use serde_json::{Value, json};

use clientele_shared::model::{CustomerFields, Mode, Settings};

use super::cost_budget::{self, By, CostBudget, NONE, Source};
use super::cost_report::CostReport;
use super::customers::{filler, import};
use crate::funnels::{execute, person};
use crate::support::Stack;

const LIST: &str = "query($query: String!, $after: String) { customers(query: $query, after: $after) { edges { node { id _id \
                    avatar full_name updated_at created_at } cursor } pageInfo { endCursor hasNextPage } } }";

/// Number of search entries of the customer that is created: 13 terms, 1 mark, 5 sort entries and the figures.
const ENTRIES: usize = 20;

/// Measures this dialect's operations among 1,000 customers.
pub(crate) async fn measure(stack: &Stack, report: &mut CostReport) {
    let caller = stack.caller("funnels", Mode::Live, "read,write").await;
    let settings = Settings { usage_metering: false, ..Settings::default() };
    stack.store.tenant_settings_set(&"funnels".parse().unwrap(), &settings).await.unwrap();
    let customers: Vec<CustomerFields> = (0..1_000).map(|number| filler(number, 286)).collect();
    import(&stack.store, &caller.key.tenant(), "funnels", &customers).await;
    // Reads the key.
    execute(&caller, "{ account { id } }", json!({})).await;

    report.heading("funnels: operations among 1000 customers, items of up to 572 bytes");
    let numbers = cost_budget::list(Source::Numbers, By::Cursor);
    let (data, _) = report.measure("customers", numbers, execute(&caller, LIST, json!({"query": ""}))).await;
    let after = data["customers"]["pageInfo"]["endCursor"].clone();
    let work = execute(&caller, LIST, json!({"query": "", "after": after}));
    report.measure("customers, after", numbers, work).await;
    let with_figures = LIST.replace("full_name", "full_name expenses orders_count");
    let budget = CostBudget { reads: numbers.reads.map(|reads| reads + 25.0), ..numbers };
    let work = execute(&caller, &with_figures, json!({"query": ""}));
    report.measure("customers with figures", budget, work).await;
    for order in ["email", "last_name", "updated_at", "expenses"] {
        let by_figures = order == "expenses";
        let marks = cost_budget::list(Source::Marks, By::Cursor);
        let figures = if by_figures { 25.0 } else { 0.0 };
        let budget = CostBudget { reads: marks.reads.map(|reads| reads + figures), ..marks };
        let work = execute(&caller, LIST, json!({"query": format!("order_by:{order}")}));
        report.measure(&format!("customers, order_by:{order}"), budget, work).await;
    }
    let previous = LIST.replace("hasNextPage", "hasNextPage hasPreviousPage");
    let work = execute(&caller, &previous, json!({"query": "", "after": after}));
    report.measure("customers, after, hasPreviousPage", NONE, work).await;
    let one = "{ node(id: 1) { ... on Customer { full_name } } }";
    report.measure("node", cost_budget::GET, execute(&caller, one, json!({}))).await;
    let one = "{ node(id: 1) { ... on Customer { full_name expenses } } }";
    report.measure("node with figures", cost_budget::GET, execute(&caller, one, json!({}))).await;

    let create = "mutation($node: InputCustomer!) { createCustomer(node: $node) { id } }";
    let ann = person("Ann", "Smithson", "ann@example.com");
    let work = execute(&caller, create, json!({ "node": ann }));
    report.measure("createCustomer", cost_budget::create(ENTRIES), work).await;
    let mut tagged: Value = ann;
    tagged["tags"] = json!(["VIP"]);
    let work = execute(&caller, create, json!({ "node": tagged }));
    report.measure("createCustomer with a new tag", NONE, work).await;
    let work = execute(&caller, create, json!({ "node": tagged }));
    report.measure("createCustomer with a tag", NONE, work).await;
    let update = "mutation { updateCustomer(id: 1, node: {notes: \"Every other week.\"}) { id } }";
    report.measure("updateCustomer", cost_budget::UPDATE, execute(&caller, update, json!({}))).await;
    let delete = "mutation { deleteCustomers(items: [1]) }";
    report.measure("deleteCustomers of one", NONE, execute(&caller, delete, json!({}))).await;
}
