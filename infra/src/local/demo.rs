//! The demo tenant's customers and prices: 60 customers of a pool and repair business, hand-written in
//! `infra/demo/customers.csv` and `infra/demo/prices.csv`.
//!
//! Names are fictitious. Phone numbers (555-01xx) and email domains (example.com, .net, .org) are reserved.

use std::str::FromStr;

use clientele_shared::Error;
use clientele_shared::model::{Address, CustomerFields, CustomerType, Price, PriceEntry, PriceOwner, Status};
use serde::Deserialize;

const CUSTOMERS: &str = include_str!("../../demo/customers.csv");

const PRICES: &str = include_str!("../../demo/prices.csv");

/// One line of the customers file. An empty field is `None`.
#[derive(Deserialize)]
struct Line {
    first_name: Option<String>,
    last_name: Option<String>,
    company_name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    mobile_phone: Option<String>,
    customer_type: CustomerType,
    is_vip: bool,
    status: Status,
    physical_address1: Option<String>,
    physical_city: Option<String>,
    physical_state: Option<String>,
    physical_zip: Option<String>,
    billing_address1: Option<String>,
    billing_city: Option<String>,
    billing_state: Option<String>,
    billing_zip: Option<String>,
    notes: Option<String>,
    tags: String,
}

/// A demo customer.
#[derive(Debug, Clone)]
pub(super) struct DemoCustomer {
    /// The customer's fields, without tags.
    pub(super) fields: CustomerFields,
    /// Names of the customer's tags.
    pub(super) tags: Vec<String>,
}

impl From<Line> for DemoCustomer {
    fn from(line: Line) -> Self {
        let tags = line.tags.split(';').filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
        let fields = CustomerFields {
            first_name: line.first_name,
            last_name: line.last_name,
            company_name: line.company_name,
            email: line.email,
            phone: line.phone,
            mobile_phone: line.mobile_phone,
            customer_type: line.customer_type,
            is_vip: line.is_vip,
            status: line.status,
            physical: Address {
                line1: line.physical_address1,
                city: line.physical_city,
                state: line.physical_state,
                postal_code: line.physical_zip,
                ..Address::default()
            },
            billing: Address {
                line1: line.billing_address1,
                city: line.billing_city,
                state: line.billing_state,
                postal_code: line.billing_zip,
                ..Address::default()
            },
            notes: line.notes,
            ..CustomerFields::default()
        };
        Self { fields, tags }
    }
}

/// Returns all demo customers in file order, oldest first.
///
/// # Errors
///
/// Returns [`csv::Error`], which names the line, if a line cannot be parsed.
pub(super) fn customers() -> Result<Vec<DemoCustomer>, csv::Error> {
    csv::Reader::from_reader(CUSTOMERS.as_bytes()).deserialize().map(|line| line.map(Line::into)).collect()
}

/// One line of the prices file.
#[derive(Deserialize)]
pub(super) struct DemoPrice {
    /// Line of the customer in the customers file, counted from 1; `None` for the tenant's price list.
    pub(super) customer: Option<usize>,
    product: String,
    service_type: Option<String>,
    name: Option<String>,
    price: String,
    effective_from: Option<String>,
}

impl DemoPrice {
    /// Returns the price as an entry of `owner`'s price list, in US dollars.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Internal`] if a field cannot be parsed.
    pub(super) fn entry(&self, owner: PriceOwner) -> Result<PriceEntry, Error> {
        let price = Price {
            effective_from: self.effective_from.as_deref().map(parse).transpose()?,
            service_type: self.service_type.clone(),
            name: self.name.clone(),
            amount: parse(&self.price)?,
            currency: parse("USD")?,
        };
        Ok(PriceEntry { owner, product: parse(&self.product)?, price })
    }
}

fn parse<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(field: &str) -> Result<T, Error> {
    field.parse().map_err(|e| Error::internal(format!("parsing `{field}` in the demo prices"), e))
}

/// Returns all demo prices.
///
/// # Errors
///
/// Returns [`csv::Error`], which names the line, if a line cannot be parsed.
pub(super) fn prices() -> Result<Vec<DemoPrice>, csv::Error> {
    csv::Reader::from_reader(PRICES.as_bytes()).deserialize().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all() -> Vec<CustomerFields> {
        customers().unwrap().into_iter().map(|customer| customer.fields).collect()
    }

    #[test]
    fn demo_customers_cover_every_kind_of_record() {
        let all = all();
        let count = |test: fn(&CustomerFields) -> bool| all.iter().filter(|c| test(c)).count();
        assert_eq!(all.len(), 60);
        assert!(count(|c| c.customer_type == CustomerType::Commercial) >= 15);
        assert!(count(|c| c.customer_type == CustomerType::Residential) >= 30);
        assert!(count(|c| c.is_vip) >= 6);
        assert!(count(|c| c.status == Status::Inactive) >= 5);
        assert!(count(|c| c.status == Status::Lead) >= 5);
        assert!(count(|c| c.email.is_none()) >= 4);
        assert!(count(|c| c.phone.is_none()) >= 4);
        assert!(count(|c| c.notes.is_some()) >= 15);
        assert!(customers().unwrap().iter().filter(|customer| !customer.tags.is_empty()).count() >= 20);
        assert!(count(|c| c.billing.city.is_some() && c.billing.city != c.physical.city) >= 3);
        let has_accents = |text: &Option<String>| text.as_ref().is_some_and(|t| !t.is_ascii());
        assert!(all.iter().filter(|c| has_accents(&c.first_name) || has_accents(&c.last_name)).count() >= 6);
        assert!(all.iter().map(|c| &c.physical.state).collect::<BTreeSet<_>>().len() >= 6);
    }

    #[test]
    fn every_customer_has_a_full_name_or_a_company_name() {
        for customer in all() {
            let person = customer.first_name.is_some() && customer.last_name.is_some();
            assert!(person || customer.company_name.is_some(), "{customer:?}");
        }
    }

    #[test]
    fn demo_contacts_use_reserved_numbers_and_domains() {
        for customer in all() {
            for phone in customer.phone.iter().chain(&customer.mobile_phone) {
                let parts: Vec<&str> = phone.split('-').collect();
                assert!(
                    matches!(parts[..], [area, "555", last] if area.len() == 3 && last.starts_with("01")),
                    "{phone}"
                );
                assert_eq!(phone.len(), 12, "{phone}");
            }
            if let Some(email) = &customer.email {
                let domain = email.rsplit_once('@').unwrap().1;
                assert!(["example.com", "example.org", "example.net"].contains(&domain), "{email}");
            }
        }
    }

    #[test]
    fn addresses_are_complete_and_contacts_are_unique() {
        let all = all();
        for customer in &all {
            let CustomerFields { physical: address, .. } = customer;
            let physical = [&address.line1, &address.city, &address.state, &address.postal_code];
            assert!(
                physical.iter().all(|p| p.is_some()) || physical.iter().all(|p| p.is_none()),
                "{customer:?}"
            );
            for state in customer.physical.state.iter().chain(&customer.billing.state) {
                assert!(state.len() == 2 && state.bytes().all(|b| b.is_ascii_uppercase()), "{state}");
            }
            for zip in customer.physical.postal_code.iter().chain(&customer.billing.postal_code) {
                assert!([5, 10].contains(&zip.len()), "{zip}");
            }
        }
        let emails: Vec<&String> = all.iter().filter_map(|c| c.email.as_ref()).collect();
        assert_eq!(emails.iter().collect::<BTreeSet<_>>().len(), emails.len());
        let phones: Vec<&String> = all.iter().flat_map(|c| c.phone.iter().chain(&c.mobile_phone)).collect();
        assert_eq!(phones.iter().collect::<BTreeSet<_>>().len(), phones.len());
    }
}
