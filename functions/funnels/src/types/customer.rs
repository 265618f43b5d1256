//! Customers, with the summary of their orders.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject, Value};
use futures::FutureExt;
use md5::{Digest as _, Md5};
use tokio::sync::OnceCell;

use clientele_functions_graphql::response_size::{Text, owned_text, take_room};
use clientele_functions_graphql::{Session, session};
use clientele_shared::model::{self, CustomerFields, CustomerNumber, Figures, JsonObject, Timestamp};
use clientele_shared::rules::size::enveloped_length;
use clientele_shared::rules::text::within;
use clientele_shared::store::OrderPeriod;
use clientele_shared::{Error, Result};

use super::address::Address;
use super::order::Order;
use super::scalars::{Amount, CustomFields, Email, TimeStamp};
use crate::schema::ORDERS;
use crate::{id, moment};

/// The fields that need a customer's figures.
pub(crate) const FIGURES: [&str; 3] = ["expenses", "orders_count", "summary"];

/// The member of `custom` that holds the organisation's name, for which the funnels API has no field.
const COMPANY: &str = "company";

/// Maximum length of the pattern of a time, in characters.
const MAX_PATTERN: usize = 64;

/// Number of orders that are shown unless the client asks for another number, and in a summary.
const DEFAULT_ORDERS: i32 = 25;

/// Maximum number of orders of one customer that are shown.
const MAX_ORDERS: i32 = 250;

/// A customer.
#[derive(Clone)]
pub(crate) struct Customer {
    record: Arc<model::Customer>,
    /// Read once, when they are needed.
    figures: Arc<OnceCell<Figures>>,
}

impl Customer {
    pub(crate) fn new(record: model::Customer, figures: Option<Figures>) -> Self {
        Self { record: Arc::new(record), figures: Arc::new(OnceCell::new_with(figures)) }
    }

    pub(crate) fn number(&self) -> CustomerNumber {
        self.record.number
    }

    async fn figures(&self, session: &Session) -> async_graphql::Result<Figures> {
        let read = || session.store.figures_get(&session.tenant, self.record.uuid).boxed();
        self.figures.get_or_try_init(read).await.cloned().map_err(|e| session.field_error(e))
    }

    /// Reads the newest orders.
    async fn orders_read(&self, session: &Session, first: i32) -> Result<Vec<Order>> {
        let limit = usize::try_from(first.min(MAX_ORDERS)).unwrap_or(0);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let Session { store, tenant, .. } = session;
        let page = store.orders(tenant, self.record.uuid, None, OrderPeriod::default(), (1, limit)).await?;
        Ok(page.orders.into_iter().map(|order| Order::new(order, self.clone())).collect())
    }
}

/// A customer. Texts that are not known are empty.
#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl Customer {
    /// Unique identifier.
    pub(super) async fn id(&self) -> ID {
        id::write("Customer", self.record.number)
    }

    /// The customer's number.
    #[graphql(name = "_id")]
    async fn number_id(&self) -> u32 {
        self.record.number.get()
    }

    /// When the customer was created.
    async fn created_at(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "`fromNow`, or a moment.js pattern such as `YYYY-MM-DD HH:mm`. Defaults to `fromNow`."
        )]
        format: Option<String>,
        #[graphql(desc = "Whether a time relative to now has `ago` or `in`.", default_with = "Some(true)")]
        suffix: Option<bool>,
    ) -> async_graphql::Result<TimeStamp> {
        show_time(context, self.record.created_at, format.as_deref(), suffix)
    }

    /// When the customer last changed.
    async fn updated_at(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "`fromNow`, or a moment.js pattern such as `YYYY-MM-DD HH:mm`. Defaults to `fromNow`."
        )]
        format: Option<String>,
        #[graphql(desc = "Whether a time relative to now has `ago` or `in`.", default_with = "Some(true)")]
        suffix: Option<bool>,
    ) -> async_graphql::Result<TimeStamp> {
        show_time(context, self.record.updated_at, format.as_deref(), suffix)
    }

    /// Email address.
    async fn email(&self, context: &Context<'_>) -> async_graphql::Result<Email> {
        owned_text(context, self.record.fields.email.clone().unwrap_or_default()).map(Email)
    }

    /// Primary phone number, as entered.
    async fn phone(&self) -> Text<'_> {
        text(&self.record.fields.phone)
    }

    /// First name.
    async fn first_name(&self) -> Text<'_> {
        text(&self.record.fields.first_name)
    }

    /// Last name.
    async fn last_name(&self) -> Text<'_> {
        text(&self.record.fields.last_name)
    }

    /// First and last name, or the organisation's name.
    async fn full_name(&self, context: &Context<'_>) -> async_graphql::Result<String> {
        owned_text(context, self.record.fields.full_name())
    }

    /// Country and city of the shipping address, such as `US, Seattle`.
    async fn location(&self, context: &Context<'_>) -> async_graphql::Result<Option<String>> {
        let model::Address { country, city, .. } = &self.record.fields.physical;
        let parts: Vec<&str> = [country, city].into_iter().flatten().map(String::as_str).collect();
        (!parts.is_empty()).then(|| owned_text(context, parts.join(", "))).transpose()
    }

    /// Address of the picture that Gravatar has for the email address.
    async fn avatar(&self) -> String {
        avatar(self.record.fields.email.as_deref().unwrap_or_default())
    }

    /// Whether the customer has agreed to marketing.
    async fn accepts_marketing(&self) -> bool {
        self.record.fields.accepts_marketing
    }

    /// Internal notes.
    async fn notes(&self) -> Option<Text<'_>> {
        self.record.fields.notes.as_deref().map(Text)
    }

    /// The orders, newest first.
    #[graphql(
        complexity = "ORDERS + first.map_or(25, |first| usize::try_from(first).unwrap_or(0)).min(250) * child_complexity"
    )]
    async fn orders(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Number of orders, at most 250. Defaults to 25.")] first: Option<i32>,
    ) -> async_graphql::Result<Vec<Order>> {
        let session = session::from_context(context)?;
        let orders = self.orders_read(session, first.unwrap_or(DEFAULT_ORDERS)).boxed();
        orders.await.map_err(|e| session.field_error(e))
    }

    /// Where goods are sent.
    async fn shipping_address(&self) -> Option<Address> {
        Address::shipping(self.record.number, &self.record.fields.physical)
    }

    /// Where invoices are sent.
    async fn billing_address(&self) -> Option<Address> {
        Address::billing(self.record.number, &self.record.fields.billing)
    }

    /// The total value of all orders.
    async fn expenses(&self, context: &Context<'_>) -> async_graphql::Result<Amount> {
        let figures = self.figures(session::from_context(context)?).await?;
        Ok(Amount(figures.lifetime_value))
    }

    /// The number of orders.
    async fn orders_count(&self, context: &Context<'_>) -> async_graphql::Result<u32> {
        Ok(self.figures(session::from_context(context)?).await?.orders)
    }

    /// Visits and orders.
    async fn summary(&self, context: &Context<'_>) -> async_graphql::Result<CustomerSummary> {
        let figures = self.figures(session::from_context(context)?).await?;
        Ok(CustomerSummary { visits: 0, orders: CustomerOrders { customer: self.clone(), figures } })
    }

    /// Free-form fields by name. An organisation's name is the field `company`.
    async fn custom(&self, context: &Context<'_>) -> async_graphql::Result<Option<CustomFields>> {
        let session = session::from_context(context)?;
        let CustomerFields { custom, company_name, .. } = &self.record.fields;
        let texts = [custom.as_ref().map(JsonObject::as_str), company_name.as_deref()];
        if !take_room(context, texts.into_iter().flatten().map(enveloped_length).sum())? {
            return Ok(None);
        }
        custom_fields(&self.record.fields).map(Some).map_err(|e| session.field_error(e))
    }

    /// Always empty: leads are customers here.
    async fn leads(&self) -> Vec<Lead> {
        Vec::new()
    }

    /// Names of the tags, in the order in which they were given to the customer.
    async fn tags(&self, context: &Context<'_>) -> async_graphql::Result<Vec<String>> {
        let session = session::from_context(context)?;
        let tags = session.tags_by_id(&self.record.fields.tag_ids).boxed().await;
        let tags = tags.map_err(|e| session.field_error(e))?;
        tags.into_iter().map(|tag| owned_text(context, tag.name)).collect()
    }
}

/// The visits and orders of a customer.
#[derive(SimpleObject)]
pub(crate) struct CustomerSummary {
    /// Always 0, because visits are not counted here.
    visits: i32,
    /// The orders.
    orders: CustomerOrders,
}

/// The orders of a customer.
pub(crate) struct CustomerOrders {
    customer: Customer,
    figures: Figures,
}

/// The orders of a customer.
#[Object(rename_fields = "snake_case")]
impl CustomerOrders {
    /// Their total value.
    async fn expenses(&self) -> Amount {
        Amount(self.figures.lifetime_value)
    }

    /// Their number.
    async fn count(&self) -> u32 {
        self.figures.orders
    }

    /// The newest 25.
    #[graphql(complexity = "ORDERS + 25 * child_complexity")]
    async fn list(&self, context: &Context<'_>) -> async_graphql::Result<Vec<OrderSummary>> {
        let session = session::from_context(context)?;
        let orders = self.customer.orders_read(session, DEFAULT_ORDERS).boxed();
        let orders = orders.await.map_err(|e| session.field_error(e))?;
        Ok(orders.into_iter().map(|order| OrderSummary { order, referrer: None }).collect())
    }
}

/// An order, and where it came from.
#[derive(SimpleObject)]
pub(crate) struct OrderSummary {
    /// The order.
    order: Order,
    /// Always `null`, because it is not known here.
    referrer: Option<String>,
}

/// A person who left contact data. There are none, because leads are customers here.
#[derive(SimpleObject)]
#[graphql(rename_fields = "snake_case")]
pub(crate) struct Lead {
    /// Unique identifier.
    id: ID,
    /// The lead's number.
    #[graphql(name = "_id")]
    number: i32,
    /// Email address.
    email: Email,
}

/// Returns a text that is empty if it is absent.
pub(super) fn text(text: &Option<String>) -> Text<'_> {
    Text(text.as_deref().unwrap_or_default())
}

/// Formats a time as its arguments ask for.
pub(super) fn show_time(
    context: &Context<'_>,
    moment: Timestamp,
    format: Option<&str>,
    suffix: Option<bool>,
) -> async_graphql::Result<TimeStamp> {
    let session = session::from_context(context)?;
    if let Err(message) = within(format.unwrap_or_default(), MAX_PATTERN) {
        return Err(session.field_error(Error::invalid("format", message)));
    }
    let now = session.store.ambient().now();
    owned_text(context, moment::show(moment, now, format, suffix.unwrap_or(true))).map(TimeStamp)
}

/// Returns the address of an email's picture. Gravatar names it by the MD5 of the trimmed email in lower case.
fn avatar(email: &str) -> String {
    let digest = Md5::digest(email.trim().to_lowercase());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("//www.gravatar.com/avatar/{digits}")
}

/// Returns the free-form fields with the organisation's name.
fn custom_fields(fields: &CustomerFields) -> Result<CustomFields> {
    let stored = fields.custom.as_ref().map_or("{}", JsonObject::as_str);
    let mut custom: Value =
        serde_json::from_str(stored).map_err(|e| Error::internal("reading a customer's custom fields", e))?;
    if let (Value::Object(custom), Some(company)) = (&mut custom, &fields.company_name) {
        custom.insert(async_graphql::Name::new(COMPANY), Value::from(company.as_str()));
    }
    Ok(CustomFields(custom))
}

/// Returns the organisation's name among free-form fields that a client sent.
pub(crate) fn company(custom: &CustomFields) -> Option<&Value> {
    match &custom.0 {
        Value::Object(custom) => custom.get(COMPANY),
        _ => None,
    }
}

/// Returns the free-form fields that a client sent, without the organisation's name.
pub(crate) fn custom_without_company(custom: &CustomFields) -> Value {
    let mut custom = custom.0.clone();
    if let Value::Object(members) = &mut custom {
        members.shift_remove(COMPANY);
    }
    custom
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn avatar_is_the_md5_of_the_email() {
        // The example of a webhook in the documentation of the funnels API.
        let expected = "//www.gravatar.com/avatar/402c2d5ecacd869e2b977a4f4584d3fa";
        assert_eq!(avatar("test@lightfunnels.com"), expected);
        assert_eq!(avatar(" Test@LightFunnels.com"), expected);
    }
}
