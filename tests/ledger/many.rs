//! Lists and searches of few and of many customers.

use clientele_shared::model::{CustomerFields, CustomerNumber, Mode, Settings, Status};
use clientele_shared::store::{Budget, CustomerFilter, CustomerQuery, PageRequest, Position};

use super::cost_budget::{self, By, Source};
use super::cost_report::CostReport;
use super::customers::{filler, import, size_and_entries, typical};
use crate::support::{Caller, Stack};

const CUSTOMERS: &str = "/api/v1/customers";

/// Number of matches of the search, and customers per page.
const PAGE: usize = 25;

/// Length of a filler customer's notes that makes its item as large as the typical customer's.
const TYPICAL_NOTES: usize = 275;

/// Length of the notes that makes the item 1,023 bytes long, the largest size below 1 KB.
const LARGEST_NOTES: usize = 602;

/// Measures searches among 30 and among 3,000 customers, and lists of the 3,000.
pub(crate) async fn measure(stack: &Stack, report: &mut CostReport) {
    let caller = unmetered_caller(stack, "many").await;
    for _ in 0..PAGE {
        caller.create(&typical()).await;
    }
    report.heading("Search with 25 matches");
    let few = 30;
    import(&stack.store, &caller.key.tenant(), "few", &fillers(PAGE..few, TYPICAL_NOTES)).await;
    let among_few = search(&caller, report, few).await;
    let many = 3_000;
    import(&stack.store, &caller.key.tenant(), "many", &fillers(few..many, TYPICAL_NOTES)).await;
    let among_many = search(&caller, report, many).await;
    assert_eq!(among_few, among_many, "the cost of a search must not depend on the number of customers");

    let bytes = size_of_largest(stack, &caller).await;
    report.heading(format!("List of 25 out of {many} with the total, items of up to {bytes} bytes"));
    walk(&caller, report, "filter=all", Source::Numbers, 40).await;
    jump(stack, report, "many").await;
    walk(&caller, report, "filter=residential", Source::Partition, 40).await;
    walk(&caller, report, "filter=vip", Source::Marks, 40).await;
    one_status(stack, report, &caller).await;
}

/// Measures the same lists with records of the largest size that the budgets cover.
pub(crate) async fn measure_largest(stack: &Stack, report: &mut CostReport) {
    let caller = unmetered_caller(stack, "largest").await;
    import(&stack.store, &caller.key.tenant(), "largest", &fillers(0..300, LARGEST_NOTES)).await;
    let bytes = size_of_largest(stack, &caller).await;
    report.heading(format!("The same with items of up to {bytes} bytes"));
    walk(&caller, report, "filter=all", Source::Numbers, 2).await;
    walk(&caller, report, "filter=residential", Source::Partition, 2).await;
    one_status(stack, report, &caller).await;
}

fn fillers(numbers: std::ops::Range<usize>, notes: usize) -> Vec<CustomerFields> {
    numbers.map(|number| filler(number, notes)).collect()
}

/// Returns a caller whose requests are not metered and whose key the functions have cached.
async fn unmetered_caller(stack: &Stack, tenant: &str) -> Caller {
    let caller = stack.caller(tenant, Mode::Live, "read,write").await;
    let settings = Settings { usage_metering: false, ..Settings::default() };
    stack.store.tenant_settings_set(&tenant.parse().unwrap(), &settings).await.unwrap();
    caller.get(&format!("{CUSTOMERS}/x")).await.expect(404);
    caller
}

/// Returns the size of the largest item on the first page, in bytes.
async fn size_of_largest(stack: &Stack, caller: &Caller) -> usize {
    let tenant = caller.key.tenant();
    let (query, request) = (CustomerQuery::default(), PageRequest::after(None, PAGE));
    let page = stack.store.customers(&tenant, &query, request, Budget::default()).await.unwrap();
    let mut largest = 0;
    for listed in &page.customers {
        largest = largest.max(size_and_entries(stack, &tenant, &listed.customer).await.0);
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
        let (response, cost) = report.measure(&name, cost_budget::SEARCH, caller.get(&path)).await;
        assert_eq!(response.data()["pagination"]["total"], PAGE, "{name}");
        costs.push(cost);
    }
    costs.try_into().unwrap()
}

/// Measures a list read in order from page 1 to page `last`, then one page by cursor.
async fn walk(caller: &Caller, report: &mut CostReport, filter: &str, source: Source, last: usize) {
    let mut cursor = String::new();
    let mut costs = Vec::new();
    for page in 1..=last {
        let path = format!("{CUSTOMERS}?{filter}&limit={PAGE}&page={page}");
        let response = if page <= 2 || page == last {
            let name = format!("{filter}, page {page} in order");
            let (response, cost) =
                report.measure(&name, cost_budget::list(source, By::Page), caller.get(&path)).await;
            costs.push(cost);
            response
        } else {
            caller.get(&path).await
        };
        assert_eq!(response.data()["customers"].as_array().unwrap().len(), PAGE, "{filter}, page {page}");
        cursor = response.header("x-next-cursor").to_owned();
    }
    assert_eq!(costs[1], costs[costs.len() - 1], "page {last} must cost the same as page 2");
    let path = format!("{CUSTOMERS}?{filter}&limit={PAGE}&cursor={cursor}");
    let budget = cost_budget::list(source, By::Cursor);
    let (response, _) = report.measure(&format!("{filter}, by cursor"), budget, caller.get(&path)).await;
    assert_eq!(response.data()["customers"].as_array().unwrap().len(), PAGE, "{filter}, by cursor");
}

/// Measures pages requested out of order by a client that has not read the preceding pages.
async fn jump(stack: &Stack, report: &mut CostReport, tenant: &str) {
    let new_caller = stack.caller(tenant, Mode::Live, "read").await;
    new_caller.get(&format!("{CUSTOMERS}/x")).await.expect(404);
    for (name, page) in
        [("jump to page 40", 40), ("jump forward to page 80", 80), ("jump back to page 40", 40)]
    {
        let path = format!("{CUSTOMERS}?limit={PAGE}&page={page}");
        let (response, _) =
            report.measure(&format!("filter=all, {name}"), cost_budget::JUMP, new_caller.get(&path)).await;
        assert_eq!(response.data()["customers"].as_array().unwrap().len(), PAGE, "{name}");
    }
}

/// Measures the list of one status, which is one partition. The trades dialect has no filter for it.
async fn one_status(stack: &Stack, report: &mut CostReport, caller: &Caller) {
    let (store, tenant, walker) = (report.recorded_store(stack), caller.key.tenant(), caller.key.id());
    let filter = CustomerFilter { status: Some(Status::Active), ..CustomerFilter::default() };
    let query = CustomerQuery::of(filter);
    for page in 1..=2 {
        let name = format!("status ACTIVE, page {page} in order");
        let request = PageRequest::Page { page, limit: PAGE, walker: &walker };
        let work = store.customers(&tenant, &query, request, Budget::default());
        let (page, _) = report.measure(&name, cost_budget::list(Source::Partition, By::Page), work).await;
        assert_eq!(page.unwrap().customers.len(), PAGE, "{name}");
    }
    let request = PageRequest::after(Some(Position::at(CustomerNumber::MAX)), PAGE);
    let work = store.customers(&tenant, &query, request, Budget::default());
    let (page, _) = report
        .measure("status ACTIVE, by cursor", cost_budget::list(Source::Partition, By::Cursor), work)
        .await;
    assert_eq!(page.unwrap().customers.len(), PAGE);
}
