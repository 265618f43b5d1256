//! The console's own routes, below `/console/api/`: the description of the session, the request log, keys, settings,
//! the demo, imports and the mirror. Customers move through the public APIs instead.

mod calls;
mod demo;
mod extract;
mod imports;
mod keys;
mod mirror;
mod settings;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post};
use clientele_infra_quickbooks::StandIn;
use clientele_shared::Error;
use clientele_shared::model::{Mode, Tenant, TenantId};
use clientele_shared::store::Store;
use http::{StatusCode, header};
use serde::Serialize;
use serde_json::json;

use self::imports::Imports;
use super::files;
use crate::local::calls::CallLog;
use crate::local::info::Info;
use crate::local::reset::Demo;

/// The console: everything that it shows and works on.
#[derive(Debug, Clone)]
pub struct Console {
    /// The description of what is served.
    pub info: Arc<Info>,
    /// The request log.
    pub calls: CallLog,
    /// The tenant's records; `None` if only an API is known.
    pub records: Option<Records>,
    /// The demo, if the records are those of the local stack.
    pub demo: Option<Arc<Demo>>,
    /// The QuickBooks stand-in, if one runs.
    pub stand_in: Option<Arc<StandIn>>,
    /// The imports that were started at the page.
    pub imports: Imports,
}

/// The records of one tenant.
#[derive(Debug, Clone)]
pub struct Records {
    /// The store.
    pub store: Store,
    /// The tenant.
    pub tenant: TenantId,
    /// Live or test records.
    pub mode: Mode,
    /// URL of the DynamoDB, which decides where the secrets of connections are; `None` is AWS.
    pub dynamodb: Option<String>,
}

impl Records {
    /// Returns the tenant's live or test records.
    #[must_use]
    pub fn tenant(&self) -> Tenant {
        Tenant::new(&self.tenant, self.mode)
    }
}

impl Console {
    /// Creates a console that knows nothing but a description.
    #[must_use]
    pub fn with_info(info: Info) -> Self {
        let (calls, imports) = (CallLog::default(), Imports::default());
        Self { info: Arc::new(info), calls, records: None, demo: None, stand_in: None, imports }
    }

    /// Returns the records, or the reason why there are none.
    fn records(&self) -> Result<&Records, Failure> {
        self.records.as_ref().ok_or_else(|| {
            Failure::new(
                StatusCode::NOT_FOUND,
                "The console knows only the API's address. Start it with --dynamodb URL to see this.",
            )
        })
    }

    /// Returns what this console can do besides calling the API.
    fn can(&self) -> impl Serialize + use<> {
        let has_records = self.records.is_some();
        json!({
            "calls": has_records,
            "keys": has_records,
            "mirror": has_records,
            "imports": has_records,
            "company": self.stand_in.is_some(),
            "reset": self.demo.is_some(),
            "editor": !files::EDITOR.is_empty(),
        })
    }
}

/// Why a route of the console failed, in words for the person at the page.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    message: String,
}

impl Failure {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Conflict(_) => StatusCode::CONFLICT,
            _ => StatusCode::BAD_GATEWAY,
        };
        Self::new(status, error.chain())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.message }))).into_response()
    }
}

/// A response in JSON, which browsers do not cache.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let headers = [
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        ];
        (headers, axum::Json(self.0)).into_response()
    }
}

/// Returns the routes.
pub(super) fn routes(console: &Console) -> Router {
    Router::new()
        .route("/console/api/info", get(calls::info))
        .route("/console/api/calls", get(calls::list))
        .route("/console/api/keys", get(keys::list).post(keys::create))
        .route("/console/api/keys/{id}", delete(keys::revoke))
        .route("/console/api/settings", get(settings::show).put(settings::change))
        .route("/console/api/demo/reset", post(demo::reset))
        .route("/console/api/imports", post(imports::upload).layer(DefaultBodyLimit::disable()))
        .route("/console/api/imports/{id}", get(imports::state))
        .route("/console/api/imports/{id}/read", post(imports::read_as))
        .route("/console/api/imports/{id}/run", post(imports::run))
        .route("/console/api/imports/{id}/cancel", post(imports::cancel))
        .route("/console/api/imports/{id}/rejects", get(imports::rejects))
        .route("/console/api/mirror", get(mirror::status))
        .route("/console/api/mirror/resolve", post(mirror::resolve))
        .route("/console/api/mirror/sync", post(mirror::sync))
        .route("/console/api/mirror/company", get(mirror::company))
        .route("/console/api/{*unknown}", any(unknown))
        .with_state(console.clone())
}

async fn unknown() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "The console has no such route. Reload the page.")
}
