//! Lists and searches among few customers and among many.

use clientele_shared::model::{CustomerFields, CustomerNumber, Mode, Settings, Status};
use clientele_shared::store::CustomerFilter;

use super::cost_budget::{self, By, NONE};
use super::cost_report::CostReport;
use super::customers::{bystander, import, size_and_terms, typical};
use crate::support::{Caller, Stack};

const CUSTOMERS: &str = "/api/v1/customers";

/// Matches of the search, and customers to a page.
const PAGE: usize = 25;

/// How long a bystander's notes are for its item to be as large as the typical customer's.
const TYPICAL_NOTES: usize = 286;

/// How long they are for an item of 1,023 bytes, the most that is below 1 KB.
const LARGEST_NOTES: usize = 728;

/// Searches among 30 customers and among 3,000, and lists of the 3,000.
pub(crate) async fn measure(stack: &Stack, report: &mut CostReport) {
    let caller = unmetered(stack, "many").await;
    for _ in 0..PAGE {
        caller.create(&typical()).await;
    }
    report.text("Search with 25 matches");
    let few = 30;
    import(&stack.store, &caller.key.tenant(), "few", &bystanders(PAGE..few, TYPICAL_NOTES)).await;
    let among_few = search(&caller, report, few).await;
    let many = 3_000;
    import(&stack.store, &caller.key.tenant(), "many", &bystanders(few..many, TYPICAL_NOTES)).await;
    let among_many = search(&caller, report, many).await;
    assert_eq!(among_few, among_many, "what a search costs must not depend on how many customers there are");

    let bytes = size_of_largest(stack, &caller).await;
    report.text(format!("List of 25 out of {many} with its total, items of up to {bytes} bytes"));
    walk(&caller, report, "filter=all", 3, 40).await;
    jump(stack, report, "many").await;
    walk(&caller, report, "filter=residential", 2, 40).await;
    one_status(stack, report, &caller).await;
}

/// The same lists where every record is as large as a budget still speaks of.
pub(crate) async fn measure_largest(stack: &Stack, report: &mut CostReport) {
    let caller = unmetered(stack, "largest").await;
    import(&stack.store, &caller.key.tenant(), "largest", &bystanders(0..300, LARGEST_NOTES)).await;
    let bytes = size_of_largest(stack, &caller).await;
    report.text(format!("The same with items of up to {bytes} bytes"));
    walk(&caller, report, "filter=all", 3, 2).await;
    walk(&caller, report, "filter=residential", 2, 2).await;
    one_status(stack, report, &caller).await;
}

fn bystanders(numbers: std::ops::Range<usize>, notes: usize) -> Vec<CustomerFields> {
    numbers.map(|number| bystander(number, notes)).collect()
}

/// A caller whose requests are not counted and whose key the functions know.
async fn unmetered(stack: &Stack, tenant: &str) -> Caller {
    let caller = stack.caller(tenant, Mode::Live, "read,write").await;
    let settings = Settings { usage_metering: false, ..Settings::default() };
    stack.store.tenant_settings_set(&tenant.parse().unwrap(), &settings).await.unwrap();
    caller.get(&format!("{CUSTOMERS}/x")).await.expect(404);
    caller
}

/// The size of the largest item of the first page.
async fn size_of_largest(stack: &Stack, caller: &Caller) -> usize {
    let tenant = caller.key.tenant();
    let all = CustomerFilter::default();
    let page = stack.store.customer_list_after(&tenant, &all, None, None, PAGE).await.unwrap();
    let mut largest = 0;
    for customer in &page.customers {
        largest = largest.max(size_and_terms(stack, &tenant, customer).await.0);
    }
    largest
}

async fn search(caller: &Caller, report: &mut CostReport, among: usize) -> [super::cost::Cost; 3] {
    let mut costs = Vec::new();
    for (name, query) in [
        ("page 1 of 1", "search=okafor&limit=25"),
        ("page 2 of 3", "search=okafor&limit=10&page=2"),
        ("two words", "search=okafor+98103&limit=25"),
    ] {
        let name = format!("search among {among}, {name}");
        let path = format!("{CUSTOMERS}?{query}");
        let (answer, cost) = report.measure(&name, cost_budget::SEARCH, caller.get(&path)).await;
        assert_eq!(answer.data()["pagination"]["total"], PAGE, "{name}");
        costs.push(cost);
    }
    costs.try_into().unwrap()
}

/// Reads a list from its first page on to the `last`, in order, then by cursor.
async fn walk(caller: &Caller, report: &mut CostReport, filter: &str, partitions: u32, last: usize) {
    let mut cursor = String::new();
    let mut costs = Vec::new();
    for page in 1..=last {
        let path = format!("{CUSTOMERS}?{filter}&limit={PAGE}&page={page}");
        let answer = if page <= 2 || page == last {
            let name = format!("{filter}, page {page} in order");
            let (answer, cost) =
                report.measure(&name, cost_budget::list(partitions, By::Page), caller.get(&path)).await;
            costs.push(cost);
            answer
        } else {
            caller.get(&path).await
        };
        assert_eq!(answer.data()["customers"].as_array().unwrap().len(), PAGE, "{filter}, page {page}");
        cursor = answer.header("x-next-cursor").to_owned();
    }
    assert_eq!(costs[1], costs[costs.len() - 1], "a later page must cost what an earlier one does");
    let path = format!("{CUSTOMERS}?{filter}&limit={PAGE}&cursor={cursor}");
    let budget = cost_budget::list(partitions, By::Cursor);
    let (answer, _) = report.measure(&format!("{filter}, by cursor"), budget, caller.get(&path)).await;
    assert_eq!(answer.data()["customers"].as_array().unwrap().len(), PAGE, "{filter}, by cursor");
}

/// Asks for pages out of order, as somebody who never read the ones before.
async fn jump(stack: &Stack, report: &mut CostReport, tenant: &str) {
    let stranger = stack.caller(tenant, Mode::Live, "read").await;
    stranger.get(&format!("{CUSTOMERS}/x")).await.expect(404);
    for (name, page) in [("jump to page 40", 40), ("jump on to page 80", 80), ("jump back to page 40", 40)] {
        let path = format!("{CUSTOMERS}?limit={PAGE}&page={page}");
        let (answer, _) = report.measure(&format!("filter=all, {name}"), NONE, stranger.get(&path)).await;
        assert_eq!(answer.data()["customers"].as_array().unwrap().len(), PAGE, "{name}");
    }
}

/// The list of one status, which no filter of the trades dialect asks for: one partition.
async fn one_status(stack: &Stack, report: &mut CostReport, caller: &Caller) {
    let (store, tenant, walker) = (report.watched(stack), caller.key.tenant(), caller.key.id());
    let filter = CustomerFilter { status: Some(Status::Active), ..CustomerFilter::default() };
    for page in 1..=2 {
        let name = format!("status ACTIVE, page {page} in order");
        let work = store.customer_list_page(&tenant, &walker, &filter, None, page, PAGE);
        let (given, _) = report.measure(&name, cost_budget::list(1, By::Page), work).await;
        assert_eq!(given.unwrap().customers.len(), PAGE, "{name}");
    }
    let work = store.customer_list_after(&tenant, &filter, None, Some(CustomerNumber::MAX), PAGE);
    let (given, _) = report.measure("status ACTIVE, by cursor", cost_budget::list(1, By::Cursor), work).await;
    assert_eq!(given.unwrap().customers.len(), PAGE);
}
