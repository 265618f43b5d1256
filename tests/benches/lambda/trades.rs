//! The data and the events of the trades functions.
//!
//! The tenant's usage metering is off, so that only the function's own work is measured. With metering, one
//! more DynamoDB call runs concurrently with that work.

use clientele_shared::Ambient;
use clientele_shared::model::{
    Address, CustomerFields, CustomerNumber, Mode, Scopes, Settings, Tenant, TenantId,
};
use clientele_shared::store::{ImportedRow, NewApiKey, RowKey, Store, Write};
use clientele_shared::table::connect::Connection;
use clientele_shared::table::definition::create_table;
use serde_json::json;

use crate::engine::Engine;
use crate::error::BenchError;
use crate::goals::ONE_ITEM_READ;
use crate::measure::Plan;
use crate::scenario::{HttpRequest, Scenario, TABLE_NAME, rest_event};

/// Number of customers that reads and updates cycle through.
pub(crate) const READ: u64 = 100;

/// The tenant and the secret of its API key. The tenant's first [`READ`] customers are for reads and updates.
/// After those come the customers to delete, the customers to restore and the customers whose credit is checked, one for each
/// event.
pub(crate) struct Bench {
    tenant: Tenant,
    pub(crate) secret: String,
    /// Index of the first customer whose credit is checked.
    pub(crate) first_to_check: u64,
}

/// Creates the data in `engine` and returns the scenarios of all trades functions and of the pool functions,
/// which use the same data, as the functions of other dialects do.
pub(crate) async fn scenarios(engine: &Engine, plan: &Plan) -> Result<(Bench, Vec<Scenario>), BenchError> {
    let bench = prepare(engine, plan).await?;
    let (first_to_delete, first_to_restore) = (READ, READ + plan.events_per_function());
    let one = "/api/v1/customers/{uuid}";
    let restore = "/api/v1/customers/{uuid}/restore";
    let mut all = crate::pool::scenarios(&bench.secret);
    all.extend([
        Scenario {
            limits: Some(ONE_ITEM_READ),
            ..bench.one("trades-customer-get", 200, "GET", one, |n| n % READ)
        },
        bench.collection("trades-customer-list", 200, "GET", &[("limit", "25")], |_| None),
        bench.collection("trades-customer-create", 201, "POST", &[], |n| Some(typical_body(n))),
        bench.one("trades-customer-update", 200, "PUT", one, |n| n % READ),
        bench.one("trades-customer-delete", 200, "DELETE", one, move |n| first_to_delete + n),
        bench.one("trades-customer-restore", 200, "POST", restore, move |n| first_to_restore + n),
    ]);
    Ok((bench, all))
}

impl Bench {
    /// Returns a scenario with requests for the collection.
    fn collection(
        &self,
        function: &'static str,
        expected_status: u16,
        method: &'static str,
        query: &'static [(&'static str, &'static str)],
        body: fn(u64) -> Option<String>,
    ) -> Scenario {
        let key = self.secret.clone();
        let event = move |n| {
            let body = body(n);
            let path = "/api/v1/customers";
            let headers = [("X-API-Key", key.as_str())];
            rest_event(&HttpRequest {
                method,
                resource: path,
                path,
                query,
                headers: &headers,
                body: body.as_deref(),
            })
        };
        Scenario { function, expected_status, event: Box::new(event), limits: None }
    }

    /// Returns a scenario in which event `n` concerns the customer with index `which(n)`.
    fn one(
        &self,
        function: &'static str,
        expected_status: u16,
        method: &'static str,
        resource: &'static str,
        which: impl Fn(u64) -> u64 + 'static,
    ) -> Scenario {
        let (key, tenant) = (self.secret.clone(), self.tenant.clone());
        let event = move |n| {
            let number = CustomerNumber::new(which(n) + 1).unwrap_or(CustomerNumber::MAX);
            let path = resource.replace("{uuid}", &tenant.customer_uuid(number).to_string());
            let body = (method == "PUT").then(|| json!({ "notes": format!("Note {n:08}") }).to_string());
            let headers = [("X-API-Key", key.as_str())];
            rest_event(&HttpRequest {
                method,
                resource,
                path: &path,
                headers: &headers,
                body: body.as_deref(),
                ..HttpRequest::default()
            })
        };
        Scenario { function, expected_status, event: Box::new(event), limits: None }
    }
}

async fn prepare(engine: &Engine, plan: &Plan) -> clientele_shared::Result<Bench> {
    let client = Connection::local(engine.plain_url()).client()?;
    create_table(&client, TABLE_NAME).await?;
    let store = Store::new(client, TABLE_NAME, Ambient::system());
    let id: TenantId =
        "bench".parse().map_err(|error| clientele_shared::Error::internal("naming the tenant", error))?;
    store.tenant_create(&id).await?;
    store.tenant_settings_set(&id, &Settings { usage_metering: false, ..Settings::default() }).await?;
    let new = NewApiKey { tenant: id.clone(), mode: Mode::Live, scopes: Scopes::all(), name: "bench".into() };
    let (_, secret) = store.api_key_create(new).await?;
    crate::quickbooks::connect(&store, &id).await?;
    let tenant = Tenant::new(&id, Mode::Live);
    let each = plan.events_per_function();
    add_customers(&store, &tenant, READ + 3 * each).await?;
    for number in READ + each..READ + 2 * each {
        let number = CustomerNumber::new(number + 1).unwrap_or(CustomerNumber::MAX);
        store.customer_delete(&tenant, tenant.customer_uuid(number), Write::plain()).await?;
    }
    Ok(Bench { tenant, secret: secret.reveal().to_owned(), first_to_check: READ + 2 * each })
}

async fn add_customers(store: &Store, tenant: &Tenant, count: u64) -> clientele_shared::Result<()> {
    let numbers: Vec<u64> = (1..=count).collect();
    for block in numbers.chunks(Store::IMPORT_ROWS) {
        let numbers =
            store.customer_numbers_allocate(tenant, u32::try_from(block.len()).unwrap_or(u32::MAX)).await?;
        let rows = block.iter().enumerate().filter_map(|(at, n)| {
            let number = CustomerNumber::new(u64::from(numbers.first.get()) + at as u64)?;
            let key = RowKey::new("bench", &n.to_string());
            Some(ImportedRow { key, number, at: numbers.at, fields: typical(*n) })
        });
        store.customers_import(tenant, rows.collect()).await?;
    }
    Ok(())
}

/// Returns a customer of typical size.
fn typical(n: u64) -> CustomerFields {
    CustomerFields {
        first_name: Some("John".into()),
        last_name: Some(format!("Doe{n:06}")),
        email: Some(format!("john{n:06}@example.com")),
        phone: Some("206-555-1234".into()),
        physical: Address {
            line1: Some("123 Main St".into()),
            city: Some("Seattle".into()),
            state: Some("WA".into()),
            postal_code: Some("98101".into()),
            ..Address::default()
        },
        ..CustomerFields::default()
    }
}

/// Returns the body of a request that creates the same customer.
fn typical_body(n: u64) -> String {
    json!({
        "first_name": "John",
        "last_name": format!("Doe{n:06}"),
        "email": format!("john{n:06}@example.com"),
        "phone": "206-555-1234",
        "physical_address1": "123 Main St",
        "physical_city": "Seattle",
        "physical_state": "WA",
        "physical_zip": "98101",
    })
    .to_string()
}
