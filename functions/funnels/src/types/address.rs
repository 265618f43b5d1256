//! The addresses of a customer.

use async_graphql::{Context, ID, Object};

use clientele_functions_graphql::response_size::{Text, owned_text};
use clientele_shared::model::{self, CustomerNumber};

use super::customer::text;
use crate::id;

/// An address of a customer.
pub(crate) struct Address {
    /// The name of this address among the customer's: `ShippingAddress` or `BillingAddress`.
    kind: &'static str,
    number: CustomerNumber,
    parts: model::Address,
}

impl Address {
    /// Returns where goods are sent; `None` if that is unknown.
    pub(crate) fn shipping(number: CustomerNumber, parts: &model::Address) -> Option<Self> {
        Self::known("ShippingAddress", number, parts)
    }

    /// Returns where invoices are sent; `None` if that is unknown.
    pub(crate) fn billing(number: CustomerNumber, parts: &model::Address) -> Option<Self> {
        Self::known("BillingAddress", number, parts)
    }

    fn known(kind: &'static str, number: CustomerNumber, parts: &model::Address) -> Option<Self> {
        (!parts.is_empty()).then(|| Self { kind, number, parts: parts.clone() })
    }

    /// Returns the address on one line, from the street to the country.
    fn line(&self) -> String {
        let model::Address { line1, line2, area, city, state, postal_code, country, .. } = &self.parts;
        let region: Vec<&str> = [state, postal_code].into_iter().flatten().map(String::as_str).collect();
        let region = Some(region.join(" ")).filter(|region| !region.is_empty());
        let parts = [line1, line2, area, city, &region, country];
        parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// An address of a customer. Texts that are not known are empty.
#[Object(rename_fields = "snake_case")]
impl Address {
    /// Unique identifier.
    async fn id(&self) -> ID {
        id::write(self.kind, self.number)
    }

    /// The customer's number.
    #[graphql(name = "_id")]
    async fn number(&self) -> u32 {
        self.number.get()
    }

    /// Street and house number.
    #[graphql(name = "line1")]
    async fn line1(&self) -> Text<'_> {
        text(&self.parts.line1)
    }

    /// Floor, suite or building.
    #[graphql(name = "line2")]
    async fn line2(&self) -> Text<'_> {
        text(&self.parts.line2)
    }

    /// City.
    async fn city(&self) -> Text<'_> {
        text(&self.parts.city)
    }

    /// District of the city.
    async fn area(&self) -> Text<'_> {
        text(&self.parts.area)
    }

    /// Country, as entered.
    async fn country(&self) -> Option<Text<'_>> {
        self.parts.country.as_deref().map(Text)
    }

    /// The recipient's first name.
    async fn first_name(&self) -> Text<'_> {
        text(&self.parts.first_name)
    }

    /// The recipient's last name.
    async fn last_name(&self) -> Text<'_> {
        text(&self.parts.last_name)
    }

    /// Postal code.
    async fn zip(&self) -> Text<'_> {
        text(&self.parts.postal_code)
    }

    /// State or province.
    async fn state(&self) -> Text<'_> {
        text(&self.parts.state)
    }

    /// The recipient's email address.
    async fn email(&self) -> Text<'_> {
        text(&self.parts.email)
    }

    /// The recipient's phone number, as entered.
    async fn phone(&self) -> Text<'_> {
        text(&self.parts.phone)
    }

    /// The address on one line.
    #[graphql(name = "toString")]
    async fn to_line(&self, context: &Context<'_>) -> async_graphql::Result<String> {
        owned_text(context, self.line())
    }
}
