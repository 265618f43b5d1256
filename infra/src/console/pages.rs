//! The pages of the console and everything that they load: scripts, styles, the description of the stack and the OpenAPI
//! specifications. The API reference is Swagger UI, which is linked into this program.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::middleware;
use axum::response::IntoResponse as _;
use axum::routing::{MethodRouter, get};
use http::header::{self, HeaderName};
use utoipa_swagger_ui::Config;

use super::api::{self, Console};
use super::files::{EDITOR, FILES, PAGES, STYLES};
use super::guard;

const CSS: &str = "text/css; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";
const SVG: &str = "image/svg+xml";

/// The files of Swagger UI that the API reference loads, with their types.
const SWAGGER_UI: [(&str, &str); 4] = [
    ("index.css", CSS),
    ("swagger-ui.css", CSS),
    ("swagger-ui-bundle.js", JAVASCRIPT),
    ("swagger-ui-standalone-preset.js", JAVASCRIPT),
];

/// Content security policy: the pages load only from this server and cannot be framed.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The reason why the pages cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// An OpenAPI specification cannot be serialized.
    #[error("cannot serialize what the pages show: {0}")]
    Json(#[from] serde_json::Error),
    /// The version of Swagger UI that is linked into this program lacks a file.
    #[error("this version of utoipa-swagger-ui has no file {0}; build with the version in Cargo.lock")]
    SwaggerUi(&'static str),
}

/// Returns the routes of the pages. They are available to this machine's own pages and programs only.
///
/// # Errors
///
/// Returns [`PageError`] if the description or a specification cannot be serialized, or Swagger UI lacks a file.
pub fn pages(console: &Console) -> Result<Router, PageError> {
    let info = &console.info;
    let mut pages = Router::new();
    for (path, text) in PAGES {
        pages = pages.route(path, file(HTML, text));
    }
    for (path, text) in FILES {
        pages = pages.route(&format!("/console/{path}"), file(type_of(path), *text));
    }
    pages = pages.route("/console/customers.css", file(CSS, STYLES));
    // It concerns only a file that the page does not load.
    let config = Arc::new(Config::default());
    for (name, content_type) in SWAGGER_UI {
        let found = utoipa_swagger_ui::serve(name, Arc::clone(&config)).ok().flatten();
        let bytes = found.ok_or(PageError::SwaggerUi(name))?.bytes;
        pages = pages.route(&format!("/console/swagger-ui/{name}"), file(content_type, bytes.into_owned()));
    }
    for (name, bytes) in EDITOR.iter() {
        pages = pages.route(&format!("/console/graphiql/bundle/{name}"), file(type_of(name), bytes.clone()));
    }
    for specification in &info.specifications {
        let json = specification.to_json(&info.stage_prefix)?;
        pages = pages.route(&specification.url, file(JSON, json));
    }
    Ok(pages.merge(api::routes(console)).layer(middleware::from_fn(guard::only_own_pages)))
}

/// Returns the content type of a file of the console.
fn type_of(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "css")) => CSS,
        Some((_, "svg")) => SVG,
        _ => JAVASCRIPT,
    }
}

/// Serves a file that browsers do not cache, because the next start might serve a different one.
fn file(content_type: &'static str, content: impl Into<Bytes>) -> MethodRouter {
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let content = content.into();
    get(async move || (headers, content).into_response())
}
