//! URLs of servers, as options name them.

use url::Url;

/// Reads the URL of a server; returns it in the usual spelling, without a slash at the end.
///
/// # Errors
/// Returns the rule that the text breaks, to follow its name.
pub fn http_url(text: &str) -> Result<String, &'static str> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            Ok(url.as_str().trim_end_matches('/').to_owned())
        }
        _ => Err("must be a URL such as http://127.0.0.1:4747"),
    }
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
            ("HTTP://LocalHost:8000", Some("http://localhost:8000")),
            (" http:/localhost:8000", Some("http://localhost:8000")),
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
