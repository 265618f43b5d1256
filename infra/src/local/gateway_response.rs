//! What API Gateway answers without a function, or in place of one: its own words, or those the template gives it
//! (`GatewayResponses`).

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_yaml_ng::Value;

use super::event::RequestId;
use super::proxy_response::stamp;
use super::routes::Template;

/// Why the template's answers cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum GatewayResponseError {
    /// Not YAML, or not shaped like gateway responses.
    #[error("cannot read {at}: {source}")]
    Unreadable {
        /// The part that could not be read.
        at: String,
        /// What the YAML reader says.
        #[source]
        source: serde_yaml_ng::Error,
    },
    /// A status that is none.
    #[error("gateway response {0} of template.yaml has a status that is none")]
    Status(String),
    /// A header that is none, or not a fixed value in single quotes.
    #[error(
        "gateway response {kind} of template.yaml has header {name}: the local stack takes fixed values only"
    )]
    Header {
        /// The response's type.
        kind: String,
        /// The header's name.
        name: String,
    },
    /// A variable that is not filled in here.
    #[error(
        "gateway response {kind} of template.yaml uses {variable}, which the local stack does not fill in (it has {})",
        VARIABLES.join(", ")
    )]
    Variable {
        /// The response's type.
        kind: String,
        /// The variable.
        variable: String,
    },
}

/// The variables of a response's body that are filled in, the longer of two with one beginning first.
const VARIABLES: [&str; 5] = [
    "$context.error.messageString",
    "$context.error.message",
    "$context.error.responseType",
    "$context.extendedRequestId",
    "$context.requestId",
];

/// What the caller is told in a function's stead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayResponseType {
    /// No such method and path.
    NoRoute,
    /// Host and path make no URL, or the body broke off.
    BadRequest,
    /// Request line and headers are over 10,240 bytes.
    HeadTooLarge,
    /// The body is over 10 MB.
    BodyTooLarge,
    /// The event is over Lambda's 6 MB.
    EventTooLarge,
    /// The function failed, or its answer is malformed or over Lambda's 6 MB.
    Failed,
    /// The function took longer than 29 seconds.
    TimedOut,
}

/// What API Gateway says by itself.
struct Words {
    status: u16,
    /// The type under which a template can give other words; none for what is refused before the API is known.
    kind: Option<&'static str>,
    /// `x-amzn-errortype`.
    error: &'static str,
    message: &'static str,
}

impl GatewayResponseType {
    fn words(self) -> Words {
        let words = |status, kind, error, message| Words { status, kind, error, message };
        match self {
            Self::NoRoute => words(
                403,
                Some("MISSING_AUTHENTICATION_TOKEN"),
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            ),
            Self::BadRequest => words(400, None, "BadRequestException", "Bad Request"),
            Self::HeadTooLarge => words(431, None, "BadRequestException", "Request Header Fields Too Large"),
            Self::BodyTooLarge => {
                words(413, None, "BadRequestException", "HTTP content length exceeded 10485760 bytes.")
            }
            Self::EventTooLarge => {
                words(413, Some("REQUEST_TOO_LARGE"), "BadRequestException", "Request Too Long")
            }
            Self::Failed => words(
                502,
                Some("INTEGRATION_FAILURE"),
                "InternalServerErrorException",
                "Internal server error",
            ),
            Self::TimedOut => words(
                504,
                Some("INTEGRATION_TIMEOUT"),
                "InternalServerErrorException",
                "Endpoint request timed out",
            ),
        }
    }
}

/// The words of the template.
#[derive(Debug, Default)]
pub struct GatewayResponses(BTreeMap<String, Custom>);

/// Words for one type of response.
#[derive(Debug, Clone)]
struct Custom {
    status: Option<StatusCode>,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<String>,
}

impl GatewayResponses {
    /// Reads the gateway responses of a SAM template.
    ///
    /// # Errors
    ///
    /// When the text is no template, or one of its responses is nothing API Gateway would take or this stack can
    /// give.
    pub fn read(template: &str) -> Result<Self, GatewayResponseError> {
        let unreadable = |at: &str| {
            let at = at.to_owned();
            move |source| GatewayResponseError::Unreadable { at, source }
        };
        let template: Template = serde_yaml_ng::from_str(template).map_err(unreadable("template.yaml"))?;
        let mut all = BTreeMap::new();
        for (id, resource) in template.resources {
            if resource.kind != "AWS::Serverless::Api" {
                continue;
            }
            let at = format!("the gateway responses of {id} of template.yaml");
            let api: Api = serde_yaml_ng::from_value(resource.properties).map_err(unreadable(&at))?;
            for (kind, response) in api.gateway_responses {
                let custom = custom(&kind, response)?;
                all.insert(kind, custom);
            }
        }
        Ok(Self(all))
    }

    /// The response to send.
    #[must_use]
    pub fn response(&self, response_type: GatewayResponseType, request: &RequestId) -> Response {
        let words = response_type.words();
        let custom = words.kind.and_then(|kind| self.custom(kind, words.status));
        let own = StatusCode::from_u16(words.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let template = custom.and_then(|c| c.body.as_deref());
        let body = match template {
            Some(template) => fill(template, &words, request),
            None if response_type == GatewayResponseType::BodyTooLarge => words.message.to_owned(),
            None => serde_json::json!({ "message": words.message }).to_string(),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = custom.and_then(|c| c.status).unwrap_or(own);
        let kind = if response_type == GatewayResponseType::BodyTooLarge {
            "text/plain; charset=utf-8"
        } else {
            "application/json"
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(HeaderName::from_static("x-amzn-errortype"), HeaderValue::from_static(words.error));
        headers.extend(custom.map(|c| c.headers.clone()).unwrap_or_default());
        stamp(headers, request);
        response
    }

    /// The words for that type, or for all of its class.
    fn custom(&self, kind: &str, status: u16) -> Option<&Custom> {
        let class = if status < 500 { "DEFAULT_4XX" } else { "DEFAULT_5XX" };
        self.0.get(kind).or_else(|| self.0.get(class))
    }
}

fn custom(kind: &str, response: TemplateResponse) -> Result<Custom, GatewayResponseError> {
    let status = match response.status_code {
        Value::Null => None,
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text),
        _ => return Err(GatewayResponseError::Status(kind.to_owned())),
    };
    let status = status
        .map(|text| text.parse::<StatusCode>().map_err(|_| GatewayResponseError::Status(kind.to_owned())));
    let headers = response.parameters.headers.into_iter().map(|(name, value)| {
        fixed(&name, &value).ok_or_else(|| GatewayResponseError::Header { kind: kind.to_owned(), name })
    });
    let body = response.templates.get("application/json").cloned();
    if let Some(variable) = body.as_deref().and_then(unknown_variable) {
        return Err(GatewayResponseError::Variable { kind: kind.to_owned(), variable });
    }
    Ok(Custom { status: status.transpose()?, headers: headers.collect::<Result<_, _>>()?, body })
}

/// A header with a fixed value, which a template writes in single quotes.
fn fixed(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
    Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
}

/// The first variable that is not one of [`VARIABLES`].
fn unknown_variable(body: &str) -> Option<String> {
    let name = |text: &str| -> String {
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '$' | '.' | '_')).collect()
    };
    body.match_indices('$')
        .map(|(at, _)| name(&body[at..]))
        .find(|found| !VARIABLES.contains(&found.as_str()))
}

fn fill(template: &str, words: &Words, request: &RequestId) -> String {
    let quoted = serde_json::Value::from(words.message).to_string();
    let values = [&quoted, words.message, words.kind.unwrap_or_default(), &request.extended, &request.id];
    VARIABLES
        .iter()
        .zip(values)
        .fold(template.to_owned(), |text, (variable, value)| text.replace(variable, value))
}

#[derive(Deserialize)]
struct Api {
    #[serde(rename = "GatewayResponses", default)]
    gateway_responses: BTreeMap<String, TemplateResponse>,
}

#[derive(Deserialize)]
struct TemplateResponse {
    #[serde(rename = "StatusCode", default)]
    status_code: Value,
    #[serde(rename = "ResponseTemplates", default)]
    templates: BTreeMap<String, String>,
    #[serde(rename = "ResponseParameters", default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    #[serde(rename = "Headers", default)]
    headers: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    fn template(responses: &str) -> String {
        format!(
            "Resources: {{ Api: {{ Type: 'AWS::Serverless::Api', Properties: {{ GatewayResponses: {responses} }} }} }}"
        )
    }

    async fn told(
        gateway_responses: &GatewayResponses,
        response_type: GatewayResponseType,
    ) -> (u16, http::HeaderMap, String) {
        let response = gateway_responses
            .response(response_type, &RequestId { id: "i-1".into(), extended: "x-1".into() });
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (parts.status.as_u16(), parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn without_words_in_the_template_they_are_api_gateways() {
        let gateway_responses = GatewayResponses::read("Resources: {}").unwrap();
        let (status, headers, body) = told(&gateway_responses, GatewayResponseType::NoRoute).await;
        assert_eq!((status, body.as_str()), (403, r#"{"message":"Missing Authentication Token"}"#));
        assert_eq!(headers["x-amzn-errortype"], "MissingAuthenticationTokenException");
        assert_eq!(headers["x-amzn-requestid"], "i-1");
        assert_eq!(told(&gateway_responses, GatewayResponseType::Failed).await.0, 502);
        assert_eq!(told(&gateway_responses, GatewayResponseType::TimedOut).await.0, 504);
        let (status, headers, body) = told(&gateway_responses, GatewayResponseType::BodyTooLarge).await;
        assert_eq!((status, body.as_str()), (413, "HTTP content length exceeded 10485760 bytes."));
        assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
    }

    #[tokio::test]
    async fn the_words_of_the_template_are_used() {
        let gateway_responses = GatewayResponses::read(&template(
            r#"{
                DEFAULT_5XX: { ResponseTemplates: { application/json: '{"error":$context.error.messageString,"id":"$context.requestId"}' } },
                MISSING_AUTHENTICATION_TOKEN: {
                    StatusCode: 404,
                    ResponseParameters: { Headers: { X-Why: "'no route'" } },
                    ResponseTemplates: { application/json: '{"error":"Not found"}' } } }"#,
        ))
        .unwrap();
        let (status, headers, body) = told(&gateway_responses, GatewayResponseType::NoRoute).await;
        assert_eq!((status, body.as_str()), (404, r#"{"error":"Not found"}"#));
        assert_eq!(headers["x-why"], "no route");
        let (status, _, body) = told(&gateway_responses, GatewayResponseType::Failed).await;
        assert_eq!((status, body.as_str()), (502, r#"{"error":"Internal server error","id":"i-1"}"#));
        // Its class has no words.
        assert_eq!(
            told(&gateway_responses, GatewayResponseType::EventTooLarge).await.2,
            r#"{"message":"Request Too Long"}"#
        );
    }

    #[test]
    fn what_cannot_be_answered_is_said_at_the_start() {
        let read = |responses: &str| GatewayResponses::read(&template(responses)).unwrap_err();
        assert!(matches!(read("{ X: { StatusCode: 1000 } }"), GatewayResponseError::Status(_)));
        let header = "{ X: { ResponseParameters: { Headers: { A: method.request.header.A } } } }";
        assert!(matches!(read(header), GatewayResponseError::Header { .. }));
        let body = "{ X: { ResponseTemplates: { application/json: '$context.path' } } }";
        assert!(
            matches!(read(body), GatewayResponseError::Variable { variable, .. } if variable == "$context.path")
        );
        assert!(matches!(read("7"), GatewayResponseError::Unreadable { .. }));
    }

    #[test]
    fn the_deployed_template_can_be_read() {
        GatewayResponses::read(super::super::routes::TEMPLATE).unwrap();
    }
}
