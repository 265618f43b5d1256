//! The pages of the local stack and everything that they load: scripts, styles, the description of the stack and the OpenAPI
//! specifications. The API reference is Swagger UI, which is linked into this program.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};
use http::header::{self, HeaderMap, HeaderName};
use http::{Method, StatusCode};
use utoipa_swagger_ui::Config;

use super::info::Info;

const CSS: &str = "text/css; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";

/// The files of this project, with their paths and types.
const FILES: [(&str, &str, &str); 8] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/_local/style.css", CSS, include_str!("page/style.css")),
    ("/_local/app.js", JAVASCRIPT, include_str!("page/app.js")),
    ("/docs", HTML, include_str!("page/docs.html")),
    ("/_local/docs.js", JAVASCRIPT, include_str!("page/docs.js")),
    ("/graphiql", HTML, include_str!("page/graphiql.html")),
    ("/_local/graphiql.css", CSS, include_str!("page/graphiql.css")),
    ("/_local/graphiql.js", JAVASCRIPT, include_str!("page/graphiql.js")),
];

/// The files of Swagger UI that the API reference loads, with their types.
const SWAGGER_UI: [(&str, &str); 4] = [
    ("index.css", CSS),
    ("swagger-ui.css", CSS),
    ("swagger-ui-bundle.js", JAVASCRIPT),
    ("swagger-ui-standalone-preset.js", JAVASCRIPT),
];

/// Content security policy: the pages load only from this server and cannot be framed.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The reason why the pages cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The description of the stack or an OpenAPI specification cannot be serialized.
    #[error("cannot serialize what the pages show: {0}")]
    Json(#[from] serde_json::Error),
    /// The version of Swagger UI that is linked into this program lacks a file.
    #[error("this version of utoipa-swagger-ui has no file {0}; build with the version in Cargo.lock")]
    SwaggerUi(&'static str),
}

/// Returns the routes of the pages. They are available to loopback hosts only.
pub(super) fn pages(info: &Info) -> Result<Router, PageError> {
    let mut pages = Router::new();
    for (path, content_type, text) in FILES {
        pages = pages.route(path, file(content_type, text));
    }
    // It concerns only a file that the page does not load.
    let config = Arc::new(Config::default());
    for (name, content_type) in SWAGGER_UI {
        let found = utoipa_swagger_ui::serve(name, Arc::clone(&config)).ok().flatten();
        let bytes = found.ok_or(PageError::SwaggerUi(name))?.bytes;
        pages = pages.route(&format!("/_local/swagger-ui/{name}"), file(content_type, bytes.into_owned()));
    }
    for specification in &info.specifications {
        let json = specification.to_json(&info.stage_prefix)?;
        pages = pages.route(&specification.url, file(JSON, json));
    }
    pages = pages.route("/_local/info", file(JSON, serde_json::to_string(info)?));
    Ok(pages.layer(middleware::from_fn(require_loopback_host)))
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

/// Rejects requests whose `Host` is not a loopback name, because the pages contain an API key.
///
/// A website whose domain resolves to this machine (DNS rebinding) could otherwise read the key through a
/// visitor's browser. Such a site cannot make the browser send `Host: localhost`.
async fn require_loopback_host(request: Request, next: Next) -> Response {
    if !has_loopback_host(request.headers()) {
        let text =
            "This page is available only at localhost and 127.0.0.1. Open it under one of these names.\n";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    next.run(request).await
}

/// Returns whether a request names this machine as its host.
pub(super) fn has_loopback_host(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = host.and_then(|host| host.parse::<http::uri::Authority>().ok());
    authority.is_some_and(|authority| matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]"))
}
