//! The endpoints of OAuth 2 and OpenID Connect.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State as Extract};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::identity::{self, user};
use super::{ACCESS_SECONDS, ACCOUNTING, Access, Tokens, bearer};
use crate::StandIn;
use crate::injection::{Action, Hit};
use crate::page::{Parameters, escape, form};
use crate::server::{dropped, wait};
use crate::state::State;

/// Path of the token endpoint.
pub const TOKEN_PATH: &str = "/oauth2/v1/tokens/bearer";
/// Path of the revocation endpoint.
pub const REVOKE_PATH: &str = "/v2/oauth2/tokens/revoke";
/// Request header that asks for the lifetime of the grant.
const HARD_EXPIRES_HEADER: &str = "x-include-refresh-token-hard-expires-in";
/// Scopes that a client can request.
const SCOPES: [&str; 6] = [ACCOUNTING, "openid", "profile", "email", "phone", "address"];

/// Returns the routes, except that of the consent page.
pub fn routes() -> Router<Arc<StandIn>> {
    Router::new()
        .route("/.well-known/openid_configuration", get(discovery))
        .route("/.well-known/openid_configuration/", get(discovery))
        .route("/.well-known/openid_sandbox_configuration", get(discovery))
        .route("/.well-known/openid_sandbox_configuration/", get(discovery))
        .route(TOKEN_PATH, post(token))
        .route(REVOKE_PATH, post(revoke))
        .route("/v1/openid_connect/userinfo", get(user_info))
        .route("/op/v1/jwks", get(async || axum::Json(identity::keys())))
}

async fn discovery(Extract(stand_in): Extract<Arc<StandIn>>) -> axum::Json<Value> {
    let url = stand_in.url();
    axum::Json(json!({
        "issuer": format!("{url}/op/v1"),
        "authorization_endpoint": format!("{url}/connect/oauth2"),
        "token_endpoint": format!("{url}{TOKEN_PATH}"),
        "userinfo_endpoint": format!("{url}/v1/openid_connect/userinfo"),
        "revocation_endpoint": format!("{url}{REVOKE_PATH}"),
        "jwks_uri": format!("{url}/op/v1/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": SCOPES,
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
    }))
}

/// The request of an app for consent, checked.
struct ConsentRequest {
    redirect_uri: String,
    state: Option<String>,
    scope: String,
    nonce: Option<String>,
}

/// Checks the parameters of the authorization endpoint.
///
/// # Errors
///
/// Returns a text for the person, because a wrong redirect URI must not be followed.
fn consent_request(state: &State, parameters: &Parameters) -> Result<ConsentRequest, String> {
    let value = |name: &str| parameters.get(name).cloned().filter(|value| !value.is_empty());
    if value("client_id").as_deref() != Some(state.app.client_id.as_str()) {
        return Err("The parameter client_id does not name the app that the stand-in printed.".to_owned());
    }
    if value("response_type").as_deref() != Some("code") {
        return Err("The parameter response_type must be code.".to_owned());
    }
    let redirect_uri = value("redirect_uri").filter(|uri| is_redirect_uri(uri));
    let redirect_uri = redirect_uri.ok_or(
        "The parameter redirect_uri must start with http://127.0.0.1, http://localhost or https://.",
    )?;
    let scope = value("scope").ok_or("The parameter scope is missing.")?;
    if let Some(unknown) = scope.split_whitespace().find(|scope| !SCOPES.contains(scope)) {
        return Err(format!("The scope {unknown} does not exist."));
    }
    let scope = scope.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(ConsentRequest { redirect_uri, state: value("state"), scope, nonce: value("nonce") })
}

fn is_redirect_uri(uri: &str) -> bool {
    let Ok(url) = url::Url::parse(uri) else { return false };
    match (url.scheme(), url.host_str()) {
        ("https", Some(_)) => true,
        ("http", Some(host)) => matches!(host, "127.0.0.1" | "localhost" | "[::1]"),
        _ => false,
    }
}

/// Shows the page on which a person allows an app to use the company.
pub async fn consent_page(
    Extract(stand_in): Extract<Arc<StandIn>>,
    Query(parameters): Query<Parameters>,
) -> Response {
    stand_in.respond(move |stand_in| consent_form(&stand_in.lock(), &parameters)).await
}

fn consent_form(state: &State, parameters: &Parameters) -> Response {
    if let Err(reason) = consent_request(state, parameters) {
        return (StatusCode::BAD_REQUEST, Html(crate::page::document("Cannot connect", &escape(&reason))))
            .into_response();
    }
    let fields: String = parameters
        .iter()
        .map(|(name, value)| {
            format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value))
        })
        .collect();
    let company = crate::page::company_name(state);
    let body = format!(
        "<p>An app wants to read and change the accounting data of <b>{}</b>.</p>\
         <form method=\"post\" action=\"/connect/oauth2\">{fields}\
         <button name=\"decision\" value=\"allow\">Connect</button> \
         <button name=\"decision\" value=\"deny\">Cancel</button></form>",
        escape(&company)
    );
    Html(crate::page::document("Connect an app", &body)).into_response()
}

/// Sends the person back to the app, with an authorization code if the person allowed it.
pub async fn consent(Extract(stand_in): Extract<Arc<StandIn>>, body: Bytes) -> Response {
    stand_in.respond(move |stand_in| decide(&mut stand_in.lock(), &form(&body))).await
}

fn decide(state: &mut State, parameters: &Parameters) -> Response {
    let request = match consent_request(state, parameters) {
        Ok(request) => request,
        Err(reason) => return (StatusCode::BAD_REQUEST, Html(escape(&reason))).into_response(),
    };
    let Ok(mut target) = url::Url::parse(&request.redirect_uri) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    {
        let mut query = target.query_pairs_mut();
        if parameters.get("decision").map(String::as_str) == Some("allow") {
            let now = state.now();
            let code =
                state.grants.authorize(&request.redirect_uri, &request.scope, request.nonce.as_deref(), now);
            query.append_pair("code", &code).append_pair("realmId", &state.app.realm_id);
        } else {
            query.append_pair("error", "access_denied");
        }
        if let Some(value) = &request.state {
            query.append_pair("state", value);
        }
    }
    Redirect::to(target.as_str()).into_response()
}

/// Exchanges a code or a refresh token for tokens.
async fn token(Extract(stand_in): Extract<Arc<StandIn>>, headers: HeaderMap, body: Bytes) -> Response {
    with_faults(&stand_in, TOKEN_PATH, move |url, state| issue(url, state, &headers, &form(&body))).await
}

fn issue(url: &str, state: &mut State, headers: &HeaderMap, parameters: &Parameters) -> Response {
    if !is_app(state, headers, parameters) {
        return error(StatusCode::UNAUTHORIZED, "invalid_client", "Incorrect client credentials");
    }
    let value = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
    let now = state.now();
    let State { grants, switches, .. } = state;
    let (tokens, reason) = match value("grant_type") {
        "authorization_code" => (
            grants.exchange(value("code"), value("redirect_uri"), now, switches),
            "Incorrect or invalid authorization code",
        ),
        "refresh_token" => {
            (grants.refresh(value("refresh_token"), now, switches), "Incorrect or invalid refresh token")
        }
        _ => return error(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Unsupported grant type"),
    };
    let Some(tokens) = tokens else { return error(StatusCode::BAD_REQUEST, "invalid_grant", reason) };
    // The rotated token must be stored before the client learns it.
    if let Err(failure) = state.commit() {
        tracing::error!("{failure}");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let has_hard =
        headers.get(HARD_EXPIRES_HEADER).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    no_store(axum::Json(token_body(url, state, &tokens, has_hard)).into_response())
}

fn token_body(url: &str, state: &State, tokens: &Tokens, has_hard: bool) -> Value {
    let mut body = json!({
        "token_type": "bearer",
        "access_token": tokens.access_token,
        "expires_in": ACCESS_SECONDS,
        "refresh_token": tokens.refresh_token,
        "x_refresh_token_expires_in": tokens.refresh_expires_in,
    });
    if has_hard {
        body["x_refresh_token_hard_expires_in"] = tokens.hard_expires_in.into();
    }
    if tokens.scope.split(' ').any(|scope| scope == "openid") {
        let issuer = format!("{url}/op/v1");
        let claims = identity::claims(&issuer, &state.app, tokens.nonce.as_deref(), state.now());
        body["id_token"] = identity::sign(&claims).into();
    }
    body
}

/// Ends the grant of a token. The body is JSON or a form.
async fn revoke(Extract(stand_in): Extract<Arc<StandIn>>, headers: HeaderMap, body: Bytes) -> Response {
    with_faults(&stand_in, REVOKE_PATH, move |_, state| end_grant(state, &headers, &body)).await
}

fn end_grant(state: &mut State, headers: &HeaderMap, body: &[u8]) -> Response {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let parameters = match &json {
        Some(json) => json
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
        None => form(body),
    };
    if !is_app(state, headers, &parameters) {
        return error(StatusCode::UNAUTHORIZED, "invalid_client", "Incorrect client credentials");
    }
    let is_revoked = parameters.get("token").is_some_and(|token| state.grants.revoke(token));
    if !is_revoked {
        return error(StatusCode::BAD_REQUEST, "invalid_request", "Invalid token");
    }
    match state.commit() {
        Ok(()) => StatusCode::OK.into_response(),
        Err(failure) => {
            tracing::error!("{failure}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn user_info(Extract(stand_in): Extract<Arc<StandIn>>, headers: HeaderMap) -> Response {
    let respond = move |stand_in: &StandIn| {
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let state = stand_in.lock();
        match state.grants.check(authorization.and_then(bearer).unwrap_or_default(), state.now()).0 {
            Access::Valid => axum::Json(user()).into_response(),
            Access::Expired | Access::Unknown => {
                error(StatusCode::UNAUTHORIZED, "invalid_token", "Token is invalid or has expired")
            }
        }
    };
    stand_in.respond(respond).await
}

/// Checks the app's credentials in the header or the body.
fn is_app(state: &State, headers: &HeaderMap, parameters: &Parameters) -> bool {
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, encoded)| String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok())
        .and_then(|text| text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned())));
    let in_body = || Some((parameters.get("client_id")?.clone(), parameters.get("client_secret")?.clone()));
    let Some((id, secret)) = basic.or_else(in_body) else { return false };
    let is_secret: bool = secret.as_bytes().ct_eq(state.app.client_secret.as_bytes()).into();
    id == state.app.client_id && is_secret
}

/// Carries out a request, unless a fault that was ordered for its path prevents it. `carry_out` gets the base
/// URL and the state.
async fn with_faults(
    stand_in: &Arc<StandIn>,
    path: &'static str,
    carry_out: impl FnOnce(&str, &mut State) -> Response + Send + 'static,
) -> Response {
    let answered = stand_in.run(move |stand_in| {
        let mut state = stand_in.lock();
        let hit = state.injections.hit("POST", path, None);
        let response = match hit.and_then(|hit| ordered_status(hit.action)) {
            Some(status) => status.into_response(),
            None if hit.is_none_or(Hit::is_carried_out) => carry_out(stand_in.url(), &mut state),
            None => dropped(),
        };
        (hit, response)
    });
    let Ok((hit, response)) = answered.await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if let Some(delay) = hit.and_then(Hit::delay) {
        wait(delay).await;
    }
    if hit.is_some_and(Hit::is_dropped) { dropped() } else { response }
}

/// Returns the status that a fault sends instead of carrying out the request.
fn ordered_status(action: Action) -> Option<StatusCode> {
    match action {
        Action::Unauthorized => Some(StatusCode::UNAUTHORIZED),
        Action::Throttle => Some(StatusCode::TOO_MANY_REQUESTS),
        Action::Status500 | Action::XmlError | Action::FaultIn200 => Some(StatusCode::INTERNAL_SERVER_ERROR),
        Action::Status503 => Some(StatusCode::SERVICE_UNAVAILABLE),
        Action::Timeout | Action::DropBefore | Action::DropAfter | Action::Slow => None,
    }
}

fn error(status: StatusCode, code: &str, description: &str) -> Response {
    no_store((status, axum::Json(json!({ "error": code, "error_description": description }))).into_response())
}

fn no_store(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-cache, no-store"));
    if let Ok(tid) = http::HeaderValue::from_str(&crate::random::identifier()) {
        response.headers_mut().insert("intuit_tid", tid);
    }
    response
}
