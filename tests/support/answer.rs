//! An HTTP answer, as a test looks at it.

use http::StatusCode;
use serde_json::Value;

/// An HTTP answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// The body, where the status is the one expected.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.json()
    }

    /// The body as it is, where the status is the one expected.
    #[track_caller]
    pub(crate) fn expect_text(&self, status: u16) -> &str {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        &self.body
    }

    /// The `data` of a success.
    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.body);
        let body = self.json();
        assert_eq!(body["success"], true, "{}", self.body);
        body["data"].clone()
    }

    /// The text of an error, where the status is the one expected.
    #[track_caller]
    pub(crate) fn error(&self, status: u16) -> String {
        let body = self.expect(status);
        assert_eq!(body["success"], false, "{}", self.body);
        body["error"].as_str().unwrap().to_owned()
    }

    /// The names of the fields that an answer calls wrong.
    #[track_caller]
    pub(crate) fn wrong_fields(&self) -> Vec<String> {
        let details = self.expect(400)["details"].as_array().cloned().unwrap_or_default();
        details.iter().map(|detail| detail["field"].as_str().unwrap().to_owned()).collect()
    }

    /// A header's text, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}
