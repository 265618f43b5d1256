//! Protects everything on the local port that needs no API key from other websites in a browser of this machine.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName};

/// The text of a refused request.
const REFUSAL: &str = "This address is available only at localhost and 127.0.0.1, and only to its own pages. Open it \
                       under one of these names.\n";

/// Refuses the requests of other websites.
pub async fn only_own_pages(request: Request, next: Next) -> Response {
    if is_own(request.headers()) { next.run(request).await } else { refusal() }
}

/// Returns the response to a request of another website.
#[must_use]
pub fn refusal() -> Response {
    (StatusCode::FORBIDDEN, REFUSAL).into_response()
}

/// Returns whether a request comes from a page of this server, or from a program.
///
/// `Host` must be a loopback name: a website whose domain resolves to this machine (DNS rebinding) cannot make the
/// browser send `Host: localhost`. `Origin`, which browsers send with requests that can change something, must be this
/// server's.
#[must_use]
pub fn is_own(headers: &HeaderMap) -> bool {
    let Some(host) = text(headers, header::HOST) else { return false };
    let is_loopback = host
        .parse::<http::uri::Authority>()
        .is_ok_and(|host| matches!(host.host(), "localhost" | "127.0.0.1" | "[::1]"));
    let is_single = headers.get_all(header::HOST).iter().count() == 1;
    let is_own_origin = !headers.contains_key(header::ORIGIN)
        || text(headers, header::ORIGIN).and_then(|origin| origin.strip_prefix("http://")) == Some(host);
    is_loopback && is_single && is_own_origin
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn programs_and_own_pages_are_allowed() {
        for host in ["localhost", "127.0.0.1:4747", "[::1]:4747", "localhost:80"] {
            assert!(is_own(&headers(&[("host", host)])), "{host}");
            let origin = format!("http://{host}");
            assert!(is_own(&headers(&[("host", host), ("origin", &origin)])), "{host}");
        }
    }

    #[test]
    fn other_hosts_and_origins_are_refused() {
        for host in ["evil.example", "localhost.evil.example:4747", "127.0.0.1.evil.example", "0.0.0.0", ""] {
            assert!(!is_own(&headers(&[("host", host)])), "{host}");
        }
        assert!(!is_own(&headers(&[])));
        for origin in [
            "http://evil.example",
            "null",
            "https://127.0.0.1:4747",
            "http://127.0.0.1:8080",
            "http://localhost:4747",
            "",
        ] {
            assert!(!is_own(&headers(&[("host", "127.0.0.1:4747"), ("origin", origin)])), "{origin}");
        }
    }
}
