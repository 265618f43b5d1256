//! Content negotiation between `application/json` and the media type of GraphQL over HTTP, which tells
//! clients that a response comes from GraphQL whatever its status.

use http::{HeaderMap, header};

/// The content type of GraphQL over HTTP.
pub const GRAPHQL: &str = "application/graphql-response+json; charset=utf-8";

/// Returns whether the client accepts GraphQL's media type by name and does not prefer JSON. A client that
/// names neither gets JSON, as clients that do not know it expect.
pub fn accepts_graphql(headers: &HeaderMap) -> bool {
    let Some(graphql) = weight(headers, "application/graphql-response+json") else { return false };
    graphql > 0.0 && weight(headers, "application/json").is_none_or(|json| json <= graphql)
}

/// Returns the weight that `Accept` gives a media type, or `None` if `Accept` does not name it.
fn weight(headers: &HeaderMap, media_type: &str) -> Option<f32> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges = values.flat_map(|value| value.split(','));
    ranges.find_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(media_type));
        let quality = || parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        is_named.then(quality).map(|quality| quality.map_or(1.0, |text| text.trim().parse().unwrap_or(0.0)))
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn graphql_media_type_is_used_when_named_and_preferred() {
        for (accept, expected) in [
            ("application/graphql-response+json,application/json;q=0.9", true),
            ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", true),
            ("application/json;q=0.5, Application/GraphQL-Response+JSON ; q=0.5", true),
            ("multipart/mixed;deferSpec=20220824,application/graphql-response+json", true),
            ("application/json, application/graphql-response+json;q=0.9", false),
            ("application/graphql-response+json;q=0", false),
            ("application/graphql-response+json;q=often", false),
            ("application/graphql-response+jsonl", false),
            ("application/json", false),
            ("*/*", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(accepts_graphql(&headers), expected, "{accept}");
        }
        assert!(!accepts_graphql(&HeaderMap::new()));
    }
}
