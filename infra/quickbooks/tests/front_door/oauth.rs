//! OAuth 2: consent, exchange, refresh, revocation, and what the API says to bad tokens.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Method;
use serde_json::{Value, json};

use crate::client::{Client, Response};

const REDIRECT: &str = "http://127.0.0.1:9/callback";

async fn token(client: &Client, body: &str, headers: &[(&str, &str)]) -> Response {
    let basic = STANDARD.encode(format!("{}:{}", client.ready.client_id, client.ready.client_secret));
    let basic = format!("Basic {basic}");
    let mut all =
        vec![("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    all.extend_from_slice(headers);
    client.send(Method::POST, "/oauth2/v1/tokens/bearer", &all, body.to_owned()).await.unwrap()
}

pub(crate) async fn refresh(client: &Client, refresh_token: &str) -> Value {
    let response =
        token(client, &format!("grant_type=refresh_token&refresh_token={refresh_token}"), &[]).await;
    assert_eq!(response.status, 200, "{}", response.body);
    response.json()
}

/// Consents in the form and returns the URL that the browser is sent to.
async fn consent(client: &Client, scope: &str, decision: &str) -> url::Url {
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", client.ready.client_id.as_str()),
            ("response_type", "code"),
            ("scope", scope),
            ("redirect_uri", REDIRECT),
            ("state", "st/1"),
        ])
        .finish();
    let page = client.send(Method::GET, &format!("/connect/oauth2?{form}"), &[], "").await.unwrap();
    assert!(page.body.contains("<form method=\"post\"") && !page.body.contains("<script"), "{}", page.body);
    let form = format!("{form}&decision={decision}");
    let response = client.send(Method::POST, "/connect/oauth2", &[], form).await.unwrap();
    assert_eq!(response.status, 303);
    response.header("location").unwrap().parse().unwrap()
}

fn parameter(url: &url::Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

async fn connect(client: &Client, scope: &str) -> Value {
    let code = parameter(&consent(client, scope, "allow").await, "code").unwrap();
    let body = format!(
        "grant_type=authorization_code&code={code}&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback"
    );
    token(client, &body, &[]).await.json()
}

#[tokio::test]
async fn consent_gives_a_grant_of_its_own() {
    let mut client = Client::start().await;
    let url = consent(&client, "com.intuit.quickbooks.accounting", "allow").await;
    assert_eq!(parameter(&url, "state").as_deref(), Some("st/1"));
    assert_eq!(parameter(&url, "realmId"), Some(client.ready.realm_id.clone()));
    let tokens = connect(&client, "com.intuit.quickbooks.accounting").await;
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(3600)));
    let first = client.token.clone();
    client.token = tokens["access_token"].as_str().unwrap().to_owned();
    assert_eq!(client.get("customer/1").await.status, 200);
    let revoked = json!({ "token": tokens["refresh_token"] }).to_string();
    let basic = STANDARD.encode(format!("{}:{}", client.ready.client_id, client.ready.client_secret));
    let basic = format!("Basic {basic}");
    let headers = [("authorization", basic.as_str()), ("content-type", "application/json")];
    let response =
        client.send(Method::POST, "/v2/oauth2/tokens/revoke", &headers, revoked.clone()).await.unwrap();
    assert_eq!(response.status, 200);
    let again = client.send(Method::POST, "/v2/oauth2/tokens/revoke", &headers, revoked).await.unwrap();
    assert_eq!(again.status, 400);
    assert_eq!(client.get("customer/1").await.status, 401);
    client.token = first;
    assert_eq!(client.get("customer/1").await.status, 200);
}

#[tokio::test]
async fn denied_and_invalid_consent_requests_give_no_code() {
    let client = Client::start().await;
    let url = consent(&client, "com.intuit.quickbooks.accounting", "deny").await;
    assert_eq!((parameter(&url, "error").as_deref(), parameter(&url, "code")), (Some("access_denied"), None));
    let id = &client.ready.client_id;
    for query in [
        format!("client_id=x&response_type=code&scope=openid&redirect_uri={REDIRECT}"),
        format!("client_id={id}&response_type=token&scope=openid&redirect_uri={REDIRECT}"),
        format!("client_id={id}&response_type=code&scope=openid&redirect_uri=http://example.com/"),
        format!("client_id={id}&response_type=code&scope=%3Cscript%3E&redirect_uri={REDIRECT}"),
    ] {
        let page = client.send(Method::GET, &format!("/connect/oauth2?{query}"), &[], "").await.unwrap();
        assert_eq!(page.status, 400, "{query}");
        assert!(!page.body.contains("<script"));
    }
}

#[tokio::test]
async fn refresh_rotates_after_a_day_and_survives_in_order() {
    let client = Client::start().await;
    let first = client.ready.refresh_token.clone();
    let same = refresh(&client, &first).await;
    assert_eq!(same["refresh_token"], first);
    client.advance(86_401).await;
    let rotated = refresh(&client, &first).await["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(rotated, first);
    let old = token(&client, &format!("grant_type=refresh_token&refresh_token={first}"), &[]).await;
    assert_eq!((old.status, &old.json()["error"]), (400, &json!("invalid_grant")));
    let body = format!("grant_type=refresh_token&refresh_token={rotated}");
    let hard = token(&client, &body, &[("x-include-refresh-token-hard-expires-in", "true")]).await.json();
    let left = hard["x_refresh_token_hard_expires_in"].as_i64().unwrap();
    assert!((5 * 365 * 86_400 - 86_500..=5 * 365 * 86_400 - 86_401).contains(&left), "{left}");
    assert_eq!(token(&client, &body, &[]).await.json().get("x_refresh_token_hard_expires_in"), None);
}

#[tokio::test]
async fn credentials_are_accepted_in_the_body_and_checked() {
    let client = Client::start().await;
    let send = async |secret: &str| {
        let body = format!(
            "grant_type=refresh_token&refresh_token={}&client_id={}&client_secret={secret}",
            client.ready.refresh_token, client.ready.client_id
        );
        client.send(Method::POST, "/oauth2/v1/tokens/bearer", &[], body).await.unwrap()
    };
    assert_eq!(send(&client.ready.client_secret).await.status, 200);
    let wrong = send("wrong").await;
    assert_eq!((wrong.status, &wrong.json()["error"]), (401, &json!("invalid_client")));
    let unsupported = token(&client, "grant_type=password", &[]).await;
    assert_eq!(unsupported.json()["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn bad_tokens_get_the_gateway_form_and_other_companies_403() {
    let mut client = Client::start().await;
    let valid = client.token.clone();
    client.token = "wrong".to_owned();
    let response = client.get("customer/1").await;
    let fault = response.json()["fault"].clone();
    assert_eq!((response.status, response.code().as_str()), (401, "3200"));
    assert_eq!(
        fault["error"][0]["message"],
        "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    );
    client.token = valid;
    client.advance(3601).await;
    assert_eq!(client.get("customer/1").await.json()["fault"]["error"][0]["detail"], "Token expired");
    let fresh = refresh(&client, &client.ready.refresh_token).await;
    client.token = fresh["access_token"].as_str().unwrap().to_owned();
    let response = client.get("/v3/company/1234/customer/1").await;
    assert_eq!((response.status, response.code().as_str()), (403, "3100"));
}

#[tokio::test]
async fn openid_scope_gives_a_signed_identity_and_user_info() {
    let client = Client::start().await;
    let tokens = connect(&client, "openid email com.intuit.quickbooks.accounting").await;
    let parts: Vec<&str> = tokens["id_token"].as_str().unwrap().split('.').collect();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    assert_eq!(claims["aud"], json!([client.ready.client_id]));
    assert_eq!(claims["iss"], format!("{}/op/v1", client.ready.url));
    let keys = client.send(Method::GET, "/op/v1/jwks", &[], "").await.unwrap().json();
    assert_eq!((&keys["keys"][0]["kty"], &keys["keys"][0]["alg"]), (&json!("RSA"), &json!("RS256")));
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let user = client
        .send(Method::GET, "/v1/openid_connect/userinfo", &[("authorization", &bearer)], "")
        .await
        .unwrap();
    assert_eq!(user.json()["sub"], claims["sub"]);
    let plain = connect(&client, "com.intuit.quickbooks.accounting").await;
    assert_eq!(plain.get("id_token"), None);
}
