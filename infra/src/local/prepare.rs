//! Setup before the first request: creates the table and the demo tenant with its customers and API key, and
//! links the functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use clientele_functions_common::{App, VerifierToken};
use clientele_functions_erp::openapi::ErpApi;
use clientele_functions_trades::openapi::TradesApi;
use clientele_shared::model::{
    CustomerNumber, Mode, PriceOwner, Scopes, Secret, Tenant, TenantId, Timestamp,
};
use clientele_shared::store::{ImportedRow, NewApiKey, RowKey, Store};
use clientele_shared::table::connect::Connection;
use clientele_shared::table::definition;
use clientele_shared::table::environment::{self, ConnectError};
use clientele_shared::{Ambient, Error};
use utoipa::OpenApi as _;

use super::demo::DemoCustomer;
use super::info::Specification;
use super::units::UnitMeter;
use super::{Backend, DynamoDb, Prepared, demo};
use crate::console::api::Records;
use crate::functions;

/// Name of the table.
pub const TABLE: &str = "clientele";
/// Name of the demo tenant.
pub const TENANT: &str = "demo";
/// Name of the printed API key. Each start replaces the key, because its secret is not stored and cannot be
/// printed again.
const KEY: &str = "local stack";
/// Address of the embedded engine, which is never resolved.
const EMBEDDED: &str = "http://embedded.invalid";
/// Import source of the demo customers. Their row keys consist of this source and the line number.
const SOURCE: &str = "demo/customers.csv";
/// Time between the creation of one demo customer and the next, and between the last one and now.
const SECONDS_BETWEEN_CUSTOMERS: i64 = 17 * 86_400 + 9_431;

/// The reason why the table or the demo tenant could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A store operation failed.
    #[error(transparent)]
    Table(#[from] Error),
    /// A demo file cannot be parsed.
    #[error("cannot read the demo files")]
    Demo(#[from] csv::Error),
    /// The DynamoDB client cannot be created.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

/// Creates the table and the demo tenant if they do not exist, and links the functions to them.
///
/// An interrupted run can be repeated. Existing records are left unchanged, even edited ones.
///
/// # Errors
///
/// Returns [`PrepareError::Connect`] if the client cannot be created, [`PrepareError::Table`] if DynamoDB
/// cannot be reached or rejects a call, and [`PrepareError::Demo`] if the demo files are invalid.
pub async fn prepare(backend: Backend) -> Result<Prepared, PrepareError> {
    let client = client(&backend.dynamodb).await?;
    definition::create_table(&client, TABLE).await?;
    let store = Store::new(client.clone(), TABLE, Ambient::system());

    let id: TenantId = TENANT.parse().map_err(|e| Error::internal("naming the demo tenant", e))?;
    store.tenant_create(&id).await?;
    let tenant = Tenant::new(&id, Mode::Live);
    let first = add_customers(&client, &tenant).await?;
    let key = new_key(&store, id.clone()).await?;

    let verifier_token = backend.verifier_token.map(VerifierToken::new).transpose();
    let verifier_token = verifier_token.map_err(|e| Error::internal("reading the token of webhooks", e))?;
    let records = Records {
        store: store.clone(),
        tenant: id,
        mode: Mode::Live,
        dynamodb: Some(match &backend.dynamodb {
            DynamoDb::External { url } => url.clone(),
            DynamoDb::Embedded(_) => EMBEDDED.to_owned(),
        }),
    };
    let app = Arc::new(App::new(store).with_verifier_token(verifier_token));
    app.warm().await;
    Ok(Prepared {
        functions: functions::linked(&app),
        records,
        client,
        specifications: specifications(),
        key: key.reveal().to_owned(),
        tenant: TENANT.to_owned(),
        first_path: "/api/v1/customers?search=okafor".to_owned(),
        samples: BTreeMap::from([
            ("uuid".to_owned(), tenant.customer_uuid(first).to_string()),
            ("id".to_owned(), first.to_customer_id()),
            ("contact_id".to_owned(), "cont_1".to_owned()),
        ]),
    })
}

/// Returns the OpenAPI specifications of the REST dialects.
pub(crate) fn specifications() -> Vec<Specification> {
    vec![Specification::new("erp", ErpApi::openapi()), Specification::new("trades", TradesApi::openapi())]
}

/// Creates a client for `dynamodb`.
pub(super) async fn client(dynamodb: &DynamoDb) -> Result<Client, PrepareError> {
    match dynamodb {
        DynamoDb::External { url } => Ok(metered(&environment::client(Some(url)).await?)),
        // The engine is called in this process.
        DynamoDb::Embedded(engine) => {
            let config = Connection::local(EMBEDDED).config()?;
            let config = config.http_client(engine.http_client()).interceptor(UnitMeter);
            Ok(Client::from_conf(config.build()))
        }
    }
}

/// Returns the client with a meter of the units that requests use.
pub(crate) fn metered(client: &Client) -> Client {
    Client::from_conf(client.config().to_builder().interceptor(UnitMeter).build())
}

/// Adds the missing demo customers and returns the number of the first customer in the file.
pub(super) async fn add_customers(client: &Client, tenant: &Tenant) -> Result<CustomerNumber, PrepareError> {
    let store = Store::new(client.clone(), TABLE, Ambient::system());
    let mut customers = demo::customers()?;
    let row_keys: Vec<RowKey> =
        (1..=customers.len()).map(|line| RowKey::new(SOURCE, &line.to_string())).collect();
    let imported = store.imported_rows_get(tenant, &row_keys).await?;

    let missing: Vec<usize> =
        (0..row_keys.len()).filter(|at| !imported.contains_key(&row_keys[*at])).collect();
    let count = u32::try_from(missing.len()).unwrap_or(u32::MAX);
    if count > 0 {
        add_tags(&store, tenant, &mut customers).await?;
        let allocated = store.customer_numbers_allocate(tenant, count).await?;
        for (at, number) in missing.into_iter().zip(u64::from(allocated.first.get())..) {
            let number = CustomerNumber::new(number)
                .ok_or_else(|| Error::broken("the tenant has used up its customer numbers"))?;
            let (key, created_at) = (row_keys[at].clone(), creation_time(customers.len() - at));
            let row = ImportedRow { key, number, at: created_at, fields: customers[at].fields.clone() };
            // Has no effect if a concurrent start has imported the row.
            store.customers_import(tenant, vec![row]).await?;
        }
    }
    let numbers = store.imported_rows_get(tenant, &row_keys).await?;
    let number = |line: usize| row_keys.get(line - 1).and_then(|key| numbers.get(key).copied());
    if count > 0 {
        add_prices(&store, tenant, number).await?;
    }
    number(1).ok_or_else(|| Error::broken("the first demo customer is missing").into())
}

/// Stores the demo prices. `number` returns the customer number for a line of the customers file.
async fn add_prices(
    store: &Store,
    tenant: &Tenant,
    number: impl Fn(usize) -> Option<CustomerNumber>,
) -> Result<(), PrepareError> {
    let mut entries = Vec::new();
    for price in demo::prices()? {
        let customer =
            price.customer.map(|line| number(line).ok_or(Error::NotFound("Customer"))).transpose()?;
        let owner = |number| PriceOwner::Customer(tenant.customer_uuid(number));
        entries.push(price.entry(customer.map_or(PriceOwner::List, owner))?);
    }
    Ok(store.prices_put(tenant, &entries).await?)
}

/// Creates the missing tags of the demo customers, and gives the customers their ids.
async fn add_tags(store: &Store, tenant: &Tenant, customers: &mut [DemoCustomer]) -> Result<(), Error> {
    let names = customers.iter().flat_map(|customer| customer.tags.iter().cloned()).collect();
    let ids = store.tags_get_or_create(tenant, &names).await?;
    for customer in customers {
        let tags = customer.tags.iter().map(|name| ids.get(name).cloned()).collect::<Option<_>>();
        customer.fields.tag_ids = tags.ok_or_else(|| Error::broken("a demo tag is missing"))?;
    }
    Ok(())
}

/// Returns the creation time of the customer `places` lines from the end of the file (1 is the last line).
fn creation_time(places: usize) -> Timestamp {
    let places = i64::try_from(places).unwrap_or_default();
    Timestamp::now().plus_seconds(-places * SECONDS_BETWEEN_CUSTOMERS)
}

/// Creates an API key with all scopes for the demo tenant, and revokes the one from an earlier start.
async fn new_key(store: &Store, tenant: TenantId) -> Result<Secret, Error> {
    for old in store.api_keys_list(&tenant).await?.into_iter().filter(|key| key.name == KEY) {
        store.api_key_revoke(&tenant, &old.id()).await?;
    }
    let new = NewApiKey { tenant, mode: Mode::Live, scopes: Scopes::all(), name: KEY.to_owned() };
    Ok(store.api_key_create(new).await?.1)
}

#[cfg(test)]
mod tests {
    use super::super::data::Data;
    use super::super::engine::Engine;
    use super::super::gateway::Gateway;
    use super::super::info::Storage;
    use super::super::routes::TEMPLATE;
    use super::super::s3::S3;
    use super::*;

    #[tokio::test]
    async fn second_start_keeps_the_records_and_replaces_the_key() {
        let data = Data::temporary().unwrap();
        let dynamodb = DynamoDb::Embedded(Engine::open(&data).await.unwrap());
        let s3 = S3::open(&data, "http://127.0.0.1:4747".into()).await.unwrap();
        let backend =
            Backend { dynamodb, s3: s3.access().clone(), storage: Storage::Temporary, verifier_token: None };

        let first = prepare(backend.clone()).await.unwrap();
        let second = prepare(backend.clone()).await.unwrap();

        assert_ne!(first.key, second.key);
        assert_eq!(first.samples, second.samples);
        let [erp, trades] = second.specifications.as_slice() else { panic!("there are two REST dialects") };
        assert_eq!([&erp.url, &trades.url], ["/openapi/erp.json", "/openapi/trades.json"]);
        assert!(erp.to_json("").unwrap().contains("/api/customers/{id}/contacts"));
        assert!(trades.to_json("").unwrap().contains("/api/v1/customers"));
        Gateway::new(TEMPLATE, second.functions).unwrap();

        let store = Store::new(client(&backend.dynamodb).await.unwrap(), TABLE, Ambient::system());
        let id: TenantId = TENANT.parse().unwrap();
        assert_eq!(store.api_keys_list(&id).await.unwrap().len(), 1);
        let tenant = Tenant::new(&id, Mode::Live);
        let first = tenant.customer_uuid(1.try_into().unwrap());
        let mut pricing = store.pricing(&tenant, first, Timestamp::now().date());
        let prices = pricing.next().await.unwrap().unwrap();
        assert_eq!(prices.len(), 6);
        assert!(prices.iter().any(|price| Some(price.customer_price) < price.default_price));
        let next = store.customer_numbers_allocate(&Tenant::new(&id, Mode::Live), 1).await.unwrap();
        assert_eq!(next.first.get(), 61);
    }

    #[test]
    fn demo_customers_are_created_in_file_order() {
        assert!(creation_time(2) < creation_time(1) && creation_time(1) < Timestamp::now());
    }
}
