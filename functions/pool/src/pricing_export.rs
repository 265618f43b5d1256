//! `GET /customers/{id}/pricing/csv`: the prices that a customer pays today, one product per row, as a file.

use std::borrow::Cow;

use futures::FutureExt;
use futures::stream;

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply, StreamingBody};
use clientele_shared::csv::{FormulaGuard, rows};
use clientele_shared::model::{CustomerNumber, Scope};
use clientele_shared::rules::pricing::PricedProduct;
use clientele_shared::{Error, Result};

use crate::error::PoolFiles;
use crate::file;

/// The file's header row.
const COLUMNS: [&str; 7] =
    ["productId", "serviceType", "name", "defaultPrice", "customerPrice", "currency", "effectiveFrom"];

/// The endpoint.
pub const ENDPOINT: Endpoint<StreamingBody> = Endpoint {
    name: "pool-pricing-export",
    scopes: &[Scope::Export],
    dialect: &PoolFiles,
    handle: |call| handle(call).boxed(),
};

async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply<StreamingBody>> {
    let number = call.request.path("id").and_then(CustomerNumber::from_customer_id);
    let uuid = call.tenant().customer_uuid(number.ok_or(Error::NotFound("Customer"))?);
    call.store().customer_get(call.tenant(), uuid, false).await?;
    let guard = file::guard(&call.caller.settings);
    let today = call.store().ambient().now().date();
    let mut pricing = call.store().pricing(call.tenant(), uuid, today);
    let first = pricing.next().await?.unwrap_or_default();
    let head = [rows([COLUMNS])?, priced_rows(&first, guard)?].concat();
    let rest = stream::try_unfold(pricing, move |mut pricing| async move {
        match pricing.next().await? {
            Some(products) => Ok(Some((priced_rows(&products, guard)?, pricing))),
            None => Ok(None),
        }
    });
    Ok(file::reply("customer-pricing.csv", head, rest))
}

fn priced_rows(products: &[PricedProduct], guard: FormulaGuard) -> Result<Vec<u8>> {
    rows(products.iter().map(|product| cells(product).map(|cell| guard.apply(cell))))
}

/// Returns a product's cells, in the order of [`COLUMNS`].
fn cells(product: &PricedProduct) -> [Cow<'_, str>; 7] {
    let text = |text: &'_ Option<String>| text.clone().unwrap_or_default().into();
    [
        product.product.as_str().into(),
        text(&product.service_type),
        text(&product.name),
        product.default_price.map(|price| price.to_string()).unwrap_or_default().into(),
        product.customer_price.to_string().into(),
        product.currency.to_string().into(),
        product.effective_from.map(|day| day.to_string()).unwrap_or_default().into(),
    ]
}
