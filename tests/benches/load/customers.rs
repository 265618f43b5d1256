//! The customers among which requests are made.

use clientele_shared::Error;
use clientele_shared::model::{Address, CustomerFields, CustomerNumber, CustomerType, Status};
use clientele_shared::store::{ImportedRow, RowKey, Store};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::Failure;
use crate::rng::Rng;
use crate::stack::Stack;

/// How many commits are written at the same time.
const CONCURRENT: usize = 4;

/// First names.
pub(crate) const FIRST_NAMES: [&str; 16] = [
    "Ann", "Bjørn", "Chloë", "Dmitri", "Esra", "Fatima", "George", "Hannah", "Ines", "John", "Keiko", "Luis",
    "Margaret", "Noah", "Olga", "Priya",
];
/// Last names.
pub(crate) const LAST_NAMES: [&str; 16] = [
    "Abbott",
    "Baker",
    "Castillo",
    "Dubois",
    "Evans",
    "Fischer",
    "García",
    "Hughes",
    "Ivanov",
    "Johnson",
    "Kim",
    "Lindqvist",
    "Müller",
    "Nakamura",
    "O'Brien",
    "Okafor",
];
/// Cities with their states.
pub(crate) const CITIES: [(&str, &str); 8] = [
    ("Seattle", "WA"),
    ("Tacoma", "WA"),
    ("Portland", "OR"),
    ("Salem", "OR"),
    ("Boise", "ID"),
    ("Oakland", "CA"),
    ("San José", "CA"),
    ("Reno", "NV"),
];

/// The numbers of a client's customers. No two clients have the same customer, so that each knows what a read must show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    first: u32,
    step: u32,
    count: u32,
}

impl Numbers {
    /// Returns share `nth` of `shares`.
    pub(crate) fn share(self, nth: u32, shares: u32) -> Self {
        Self { first: self.first + nth, step: shares, count: self.count / shares }
    }

    /// Returns one of the numbers.
    pub(crate) fn draw(&self, rng: &mut Rng) -> Result<CustomerNumber, Failure> {
        let nth = u32::try_from(rng.below(self.count as usize))?;
        Ok(CustomerNumber::try_from(self.first + nth * self.step)?)
    }
}

/// Imports customers with all their search entries, as an import from CSV does.
pub(crate) async fn import(stack: &Stack, count: u32) -> Result<Numbers, Failure> {
    let allocated = stack.store.customer_numbers_allocate(&stack.tenant, count).await?;
    let first = allocated.first.get();
    let mut rng = Rng::for_step(0, 0);
    let mut rows = Vec::new();
    for nth in 0..count {
        let (key, number) = (RowKey::new("load", &nth.to_string()), CustomerNumber::try_from(first + nth)?);
        rows.push(ImportedRow { key, number, at: allocated.at, fields: fields(nth, &mut rng) });
    }
    let commits = rows.chunks(Store::IMPORT_ROWS).map(|rows| {
        let rows = rows.to_vec();
        async move {
            match stack.store.customers_import(&stack.tenant, rows).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(Error::broken("a row was imported before")),
                Err(error) => Err(error),
            }
        }
    });
    stream::iter(commits).buffer_unordered(CONCURRENT).try_collect::<()>().await?;
    Ok(Numbers { first, step: 1, count })
}

fn fields(nth: u32, rng: &mut Rng) -> CustomerFields {
    let (first, last) = (*rng.pick(&FIRST_NAMES), *rng.pick(&LAST_NAMES));
    let (city, state) = *rng.pick(&CITIES);
    let is_company = rng.percent(20);
    CustomerFields {
        first_name: Some(first.into()),
        last_name: Some(last.into()),
        company_name: is_company.then(|| format!("{last} Pools & Spas {nth}")),
        email: Some(format!("customer{nth}@example.com")),
        phone: Some(format!("206-555-{:04}", nth % 10_000)),
        customer_type: if is_company { CustomerType::Commercial } else { CustomerType::Residential },
        status: if rng.percent(10) { Status::Lead } else { Status::Active },
        is_vip: rng.percent(5),
        physical: Address {
            line1: Some(format!("{} Main St", 1 + nth % 9_999)),
            city: Some(city.into()),
            state: Some(state.into()),
            postal_code: Some(format!("98{:03}", nth % 1_000)),
            ..Address::default()
        },
        ..CustomerFields::default()
    }
}
