//! Every function of the project, linked into one process: what the local stack and the tests put behind the
//! routes of `template.yaml`.

use std::sync::Arc;

use clientele_functions_common::invoke::invoke;
use clientele_functions_common::{App, Endpoint};

use crate::local::function::{Functions, Invoke, context};

/// Every endpoint there is.
pub fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    clientele_functions_trades::ENDPOINTS.into_iter().chain(clientele_functions_pool::ENDPOINTS)
}

/// Every function, working for this app.
#[must_use]
pub fn linked(app: &Arc<App>) -> Functions {
    endpoints().map(|endpoint| (endpoint.name.to_owned(), function(endpoint, app))).collect()
}

fn function(endpoint: &'static Endpoint, app: &Arc<App>) -> Invoke {
    let app = Arc::clone(app);
    Arc::new(move |event| {
        let app = Arc::clone(&app);
        Box::pin(async move { invoke(endpoint, app, &event, context()).await.map_err(|e| e.chain()) })
    })
}
