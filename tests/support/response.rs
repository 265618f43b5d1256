//! An HTTP response, with the assertions that tests make on it.

use http::StatusCode;
use serde_json::Value;

/// An HTTP response.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Response {
    /// Asserts the status and returns the body as JSON.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.json()
    }

    /// Asserts the status and returns the body as text.
    #[track_caller]
    pub(crate) fn expect_text(&self, status: u16) -> &str {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        &self.body
    }

    /// Asserts success and returns the field `data`.
    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.body);
        let body = self.json();
        assert_eq!(body["success"], true, "{}", self.body);
        body["data"].clone()
    }

    /// Asserts the status and returns the error message.
    #[track_caller]
    pub(crate) fn error(&self, status: u16) -> String {
        let body = self.expect(status);
        assert_eq!(body["success"], false, "{}", self.body);
        body["error"].as_str().unwrap().to_owned()
    }

    /// Asserts status 400 and returns the names of the invalid fields.
    #[track_caller]
    pub(crate) fn invalid_fields(&self) -> Vec<String> {
        let details = self.expect(400)["details"].as_array().cloned().unwrap_or_default();
        details.iter().map(|detail| detail["field"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the path in `Location` below the stage, which callers leave out.
    #[track_caller]
    pub(crate) fn location(&self) -> &str {
        let location = self.header("location");
        location.strip_prefix("/prod").unwrap_or_else(|| panic!("{location} is not below the stage"))
    }

    /// Returns a header's value, or an empty string if the header is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}
