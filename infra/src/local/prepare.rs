//! What stands on the engine before the first request: the table, the demo tenant with its customers and a key, and
//! the functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use clientele_functions_common::App;
use clientele_functions_trades::openapi::TradesApi;
use clientele_shared::model::{
    CustomerFields, CustomerNumber, Mode, PriceOwner, Scopes, Secret, Tenant, TenantId, Timestamp,
};
use clientele_shared::store::{ImportedRow, NewApiKey, RowKey, Store};
use clientele_shared::table::definition;
use clientele_shared::table::environment::{self, ConnectError};
use clientele_shared::{Ambient, Error};
use utoipa::OpenApi as _;

use super::{Backend, DynamoDb, Prepared, demo};
use crate::functions;

/// The table's name.
pub const TABLE: &str = "clientele";
/// The demo tenant's name.
pub const TENANT: &str = "demo";
/// The name of the key that is printed. A new start replaces it, since no secret is kept to print again.
const KEY: &str = "local stack";
/// What the marks of the demo's customers are made of, with the line of the file.
const SOURCE: &str = "demo/customers.csv";
/// The demo's customers came one after the other, the last of them so long ago.
const SECONDS_BETWEEN_CUSTOMERS: i64 = 17 * 86_400 + 9_431;

/// Why the table and the demo tenant are not there.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The table.
    #[error(transparent)]
    Table(#[from] Error),
    /// One of the demo's files.
    #[error("the demo's files cannot be read")]
    Demo(#[from] csv::Error),
    /// The OpenAPI document.
    #[error("the OpenAPI document cannot be written")]
    OpenApi(#[from] serde_json::Error),
    /// No way to AWS.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

/// Makes the table and the demo tenant where they are missing, and the functions on top of them.
///
/// Can be broken off anywhere and done again: what is there is left alone, also when somebody has changed it.
///
/// # Errors
///
/// When DynamoDB is not to be reached, or refuses.
pub async fn prepare(backend: Backend) -> Result<Prepared, PrepareError> {
    let client = client(&backend.dynamodb).await?;
    definition::create_table(&client, TABLE).await?;
    let store = Store::new(client.clone(), TABLE, Ambient::system());

    let id: TenantId = TENANT.parse().map_err(|e| Error::internal("naming the demo tenant", e))?;
    store.tenant_create(&id).await?;
    let tenant = Tenant::new(&id, Mode::Live);
    let first = add_customers(&client, &tenant).await?;
    let key = new_key(&store, id).await?;

    let app = Arc::new(App::new(store));
    app.warm().await;
    Ok(Prepared {
        functions: functions::linked(&app),
        openapi: TradesApi::openapi().to_json()?,
        key: key.reveal().to_owned(),
        tenant: TENANT.to_owned(),
        first_path: "/api/v1/customers?search=okafor".to_owned(),
        samples: BTreeMap::from([
            ("uuid".to_owned(), tenant.customer_uuid(first).to_string()),
            ("id".to_owned(), first.to_customer_id()),
        ]),
    })
}

/// A client for that DynamoDB.
async fn client(dynamodb: &DynamoDb) -> Result<Client, PrepareError> {
    let (DynamoDb::At { url } | DynamoDb::Embedded { url }) = dynamodb;
    Ok(environment::client(Some(url)).await?)
}

/// Puts the demo's customers where they are missing; returns the number of the first.
async fn add_customers(client: &Client, tenant: &Tenant) -> Result<CustomerNumber, PrepareError> {
    let store = Store::new(client.clone(), TABLE, Ambient::system());
    let mut customers = demo::customers()?;
    let marks: Vec<RowKey> =
        (1..=customers.len()).map(|line| RowKey::new(SOURCE, &line.to_string())).collect();
    let before = store.imported_rows_get(tenant, &marks).await?;

    let missing: Vec<usize> = (0..marks.len()).filter(|at| !before.contains_key(&marks[*at])).collect();
    let count = u32::try_from(missing.len()).unwrap_or(u32::MAX);
    if count > 0 {
        add_tags(&store, tenant, &mut customers).await?;
        let first = store.customer_numbers_allocate(tenant, count).await?;
        for (at, number) in missing.into_iter().zip(u64::from(first.get())..) {
            let number =
                CustomerNumber::new(number).ok_or_else(|| Error::broken("there are no numbers left"))?;
            let row = ImportedRow { mark: marks[at].clone(), number, fields: customers[at].clone() };
            let then = came_at(customers.len() - at);
            let store =
                Store::new(client.clone(), TABLE, Ambient::new(move || then, || Ambient::system().random()));
            // Not written when another start has just done it: then it is there.
            store.customers_import(tenant, vec![row]).await?;
        }
    }
    let numbers = store.imported_rows_get(tenant, &marks).await?;
    let number = |line: usize| marks.get(line - 1).and_then(|mark| numbers.get(mark).copied());
    if count > 0 {
        add_prices(&store, tenant, number).await?;
    }
    number(1).ok_or_else(|| Error::broken("the demo's first customer is not there").into())
}

/// Puts the demo's prices; `number` tells the customer of a line of the demo's customers.
async fn add_prices(
    store: &Store,
    tenant: &Tenant,
    number: impl Fn(usize) -> Option<CustomerNumber>,
) -> Result<(), PrepareError> {
    let mut entries = Vec::new();
    for price in demo::prices()? {
        let customer =
            price.customer.map(|line| number(line).ok_or(Error::NotFound("Customer"))).transpose()?;
        let own = |number| PriceOwner::Customer(tenant.customer_uuid(number));
        entries.push(price.entry(customer.map_or(PriceOwner::List, own))?);
    }
    Ok(store.prices_put(tenant, &entries).await?)
}

/// Makes the tags that the demo's customers name, where they are missing, and puts their ids for their names.
async fn add_tags(store: &Store, tenant: &Tenant, customers: &mut [CustomerFields]) -> Result<(), Error> {
    let names = customers.iter().flat_map(|customer| customer.tag_ids.iter().cloned()).collect();
    let ids = store.tags_get_or_create(tenant, &names).await?;
    for tag in customers.iter_mut().flat_map(|customer| &mut customer.tag_ids) {
        let id = ids.get(tag.as_str());
        *tag = id.ok_or_else(|| Error::broken("a tag of the demo is not there"))?.to_string();
    }
    Ok(())
}

/// When the customer came that is so many places from the end.
fn came_at(places: usize) -> Timestamp {
    let places = i64::try_from(places).unwrap_or_default();
    Timestamp::now().plus_seconds(-places * SECONDS_BETWEEN_CUSTOMERS)
}

/// A key of the demo tenant for everything, in place of the one of an earlier start.
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
    async fn a_second_start_finds_what_is_there_and_makes_a_new_key() {
        let data = Data::temporary().unwrap();
        let engine = Engine::start(&data).await.unwrap();
        let s3 = S3::start(&data).await.unwrap();
        let dynamodb = DynamoDb::Embedded { url: engine.url().to_owned() };
        let backend = Backend { dynamodb, s3: s3.access().clone(), storage: Storage::Temporary };

        let first = prepare(backend.clone()).await.unwrap();
        let second = prepare(backend.clone()).await.unwrap();

        assert_ne!(first.key, second.key);
        assert_eq!(first.samples, second.samples);
        assert!(second.openapi.contains("/api/v1/customers"));
        Gateway::new(TEMPLATE, second.functions).unwrap();

        let store = Store::new(client(&backend.dynamodb).await.unwrap(), TABLE, Ambient::system());
        let id: TenantId = TENANT.parse().unwrap();
        assert_eq!(store.api_keys_list(&id).await.unwrap().len(), 1);
        let tenant = Tenant::new(&id, Mode::Live);
        let first = tenant.customer_uuid(1.try_into().unwrap());
        let mut pricing = store.pricing(&tenant, first, Timestamp::now().date());
        let paid = pricing.next().await.unwrap().unwrap();
        assert_eq!(paid.len(), 6);
        assert!(paid.iter().any(|paid| Some(paid.customer_price) < paid.default_price));
        let next = store.customer_numbers_allocate(&Tenant::new(&id, Mode::Live), 1).await.unwrap();
        assert_eq!(next.get(), 61);
    }

    #[test]
    fn the_demos_customers_came_in_the_order_of_their_numbers() {
        assert!(came_at(2) < came_at(1) && came_at(1) < Timestamp::now());
    }
}
