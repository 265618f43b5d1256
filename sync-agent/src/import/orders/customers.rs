//! The customers that orders name, looked up for a batch of orders at a time.

use std::collections::{BTreeMap, HashMap};

use clientele_shared::Result;
use clientele_shared::model::CustomerNumber;
use clientele_shared::store::{KnownOrder, RowKey};

use super::row::RowOrder;
use crate::import::cells::shown;
use crate::import::import_kind::Target;
use crate::import::named_customers::{CustomerRef, NamedCustomers};

/// Customers by the texts that name them, or the reason why there is no such customer.
#[derive(Debug)]
pub(super) struct CustomersByText(HashMap<String, std::result::Result<CustomerNumber, String>>);

impl CustomersByText {
    /// Looks up customers: by their ids in the source, else by `cust_…`, uuid or email.
    pub(super) async fn find(
        target: &Target,
        source: &str,
        named: impl Iterator<Item = &str>,
    ) -> Result<Self> {
        let texts: BTreeMap<&str, RowKey> = named.map(|text| (text, RowKey::new(source, text))).collect();
        let keys: Vec<RowKey> = texts.values().cloned().collect();
        let get_imported = || target.store.imported_rows_get(&target.tenant, &keys);
        let imported = target.retry().run(target.store.ambient(), get_imported).await?;
        let customer = |(text, key): (&&str, &RowKey)| {
            let customer = match imported.get(key) {
                Some(number) => Ok(CustomerRef::Number(*number)),
                None => text.parse(),
            };
            ((*text).to_owned(), customer)
        };
        let named: HashMap<String, std::result::Result<CustomerRef, String>> =
            texts.iter().map(customer).collect();
        let found = NamedCustomers::find(target, named.values().filter_map(|one| one.as_ref().ok())).await?;
        let number = |text: &str, customer: std::result::Result<CustomerRef, String>| match customer {
            Ok(customer) => found.get(target, &customer),
            Err(_) => Err(format!(
                "the source `{}` imported no customer `{}`; import its customers with the same --source, or name \
                 the customer by cust_456, a uuid or an email",
                shown(source),
                shown(text)
            )),
        };
        let numbers = named.into_iter().map(|(text, customer)| (text.clone(), number(&text, customer)));
        Ok(Self(numbers.collect()))
    }

    /// Returns the customer of an order; `None` if the order is to be removed and is not stored.
    pub(super) fn of(
        &self,
        order: &RowOrder,
        known: Option<&KnownOrder>,
    ) -> std::result::Result<Option<CustomerNumber>, String> {
        match &order.customer {
            None => Ok(known.map(|known| known.customer)),
            // Every text was looked up.
            Some(text) => match self.0.get(text) {
                Some(customer) => customer.clone().map(Some),
                None => Err("was not looked up".into()),
            },
        }
    }
}
