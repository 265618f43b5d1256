//! URLs of servers, as options name them.

/// Reads the URL of a server; returns it without a slash at the end.
pub(super) fn http_url(text: &str) -> Result<String, &'static str> {
    let is_url = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
    let is_uri = text.parse::<http::Uri>().is_ok_and(|uri| has_address(&uri));
    if is_url && is_uri {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err("must be a URL such as http://127.0.0.1:4747")
    }
}

/// Returns whether a URI names a host and, if it has a colon after it, a port.
fn has_address(uri: &http::Uri) -> bool {
    let Some(authority) = uri.authority() else { return false };
    let after_host = authority.as_str().rsplit_once(authority.host()).map_or("", |(_, after)| after);
    !authority.host().is_empty() && (after_host.is_empty() || authority.port_u16().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_need_a_scheme_a_host_and_a_valid_port() {
        for (text, expected) in [
            ("http://127.0.0.1:4747/", Some("http://127.0.0.1:4747")),
            (
                "https://dynamodb.eu-central-1.amazonaws.com",
                Some("https://dynamodb.eu-central-1.amazonaws.com"),
            ),
            ("http://[::1]:8000", Some("http://[::1]:8000")),
            ("http://localhost/a", Some("http://localhost/a")),
            ("nourl", None),
            ("", None),
            ("localhost:4747", None),
            ("ftp://localhost", None),
            ("http://", None),
            ("http://:80", None),
            ("http://localhost:99999", None),
            ("http://localhost:x", None),
            ("http://exa mple", None),
        ] {
            assert_eq!(http_url(text).ok().as_deref(), expected, "{text}");
        }
    }
}
