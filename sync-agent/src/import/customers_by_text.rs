//! The customers that rows name by texts, looked up for a batch of rows at a time.

use std::collections::{BTreeMap, HashMap};

use clientele_shared::Result;
use clientele_shared::model::CustomerNumber;
use clientele_shared::store::RowKey;

use super::cells::shown;
use super::import_kind::Target;
use super::named_customers::{CustomerRef, NamedCustomers};

/// Customers by the texts that name them, or the reason why there is no such customer.
#[derive(Debug)]
pub(super) struct CustomersByText(HashMap<String, std::result::Result<CustomerNumber, String>>);

impl CustomersByText {
    /// Looks up customers: by their ids in the source, if there is one, else by `cust_…`, uuid or email.
    pub(super) async fn find(
        target: &Target,
        source: Option<&str>,
        named: impl Iterator<Item = &str>,
    ) -> Result<Self> {
        let key = |text| RowKey::new(source.unwrap_or_default(), text);
        let texts: BTreeMap<&str, RowKey> = named.map(|text| (text, key(text))).collect();
        let keys: Vec<RowKey> = texts.values().filter(|_| source.is_some()).cloned().collect();
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
            Err(reason) => Err(match source {
                None => reason,
                Some(source) => format!(
                    "the source `{}` imported no customer `{}`; import its customers with the same --source, or name \
                     the customer by cust_456, a uuid or an email",
                    shown(source),
                    shown(text)
                ),
            }),
        };
        let numbers = named.into_iter().map(|(text, customer)| (text.clone(), number(&text, customer)));
        Ok(Self(numbers.collect()))
    }

    /// Returns the customer that a text names.
    pub(super) fn get(&self, text: &str) -> std::result::Result<CustomerNumber, String> {
        // Every text was looked up.
        self.0.get(text).cloned().unwrap_or_else(|| Err("was not looked up".into()))
    }
}
