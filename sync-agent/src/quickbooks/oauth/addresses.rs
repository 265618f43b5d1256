//! The addresses of QuickBooks, of its sandbox, and of a stand-in.

use form_urlencoded::Serializer;

/// Scope of the accounting API.
const SCOPE: &str = "com.intuit.quickbooks.accounting";

/// Where the API and its OAuth 2 are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// Base URL of the API, without a slash at its end.
    pub api: String,
    /// The page on which a person consents.
    pub authorize: String,
    /// The endpoint that gives tokens.
    pub token: String,
    /// The endpoint that ends an authorization.
    pub revoke: String,
}

impl Addresses {
    /// Returns the addresses of real companies.
    #[must_use]
    pub fn production() -> Self {
        Self {
            api: "https://quickbooks.api.intuit.com".to_owned(),
            authorize: "https://appcenter.intuit.com/connect/oauth2".to_owned(),
            token: "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer".to_owned(),
            revoke: "https://developer.api.intuit.com/v2/oauth2/tokens/revoke".to_owned(),
        }
    }

    /// Returns the addresses of sandbox companies.
    #[must_use]
    pub fn sandbox() -> Self {
        Self { api: "https://sandbox-quickbooks.api.intuit.com".to_owned(), ..Self::production() }
    }

    /// Returns the addresses of a stand-in at a URL.
    #[must_use]
    pub fn at(url: &str) -> Self {
        let url = url.trim_end_matches('/');
        Self {
            api: url.to_owned(),
            authorize: format!("{url}/connect/oauth2"),
            token: format!("{url}/oauth2/v1/tokens/bearer"),
            revoke: format!("{url}/v2/oauth2/tokens/revoke"),
        }
    }

    /// Returns the addresses to which requests are sent, all but that of the page for people.
    pub(crate) fn all(&self) -> [&str; 3] {
        [&self.api, &self.token, &self.revoke]
    }
}

/// Returns the URL of the page on which a person lets the app use a company. QuickBooks then sends the browser
/// to `redirect_uri` with `state`, which the callback checks.
#[must_use]
pub fn authorize_url(addresses: &Addresses, client_id: &str, redirect_uri: &str, state: &str) -> String {
    let query = Serializer::new(String::new())
        .extend_pairs([
            ("client_id", client_id),
            ("response_type", "code"),
            ("scope", SCOPE),
            ("redirect_uri", redirect_uri),
            ("state", state),
        ])
        .finish();
    format!("{}?{query}", addresses.authorize)
}
