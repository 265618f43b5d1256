//! Gateway responses: the responses that API Gateway sends without a function's response, with default texts
//! or those of the template's `GatewayResponses`.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_yaml_ng::Value;

use super::event::RequestId;
use super::proxy_response::add_request_ids;
use super::template::Template;

/// The reason why the template's gateway responses cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GatewayResponseError {
    /// The text is not YAML, or does not have the structure of gateway responses.
    #[error("cannot read {at}: {source}")]
    Unreadable {
        /// The section that could not be read.
        at: String,
        /// Error reported by the YAML parser.
        #[source]
        source: serde_yaml_ng::Error,
    },
    /// A status code is invalid.
    #[error("gateway response {0} in template.yaml has an invalid status code; use a three-digit number")]
    Status(String),
    /// A header is invalid, or its value is not a constant in single quotes.
    #[error(
        "gateway response {kind} in template.yaml has an unsupported value for header {name}; use a constant \
         in single quotes"
    )]
    Header {
        /// The response's type.
        kind: String,
        /// The header's name.
        name: String,
    },
    /// A body uses a variable that the local stack does not support.
    #[error(
        "gateway response {kind} in template.yaml uses {variable}, which the local stack does not support; \
         use one of {}",
        VARIABLES.join(", ")
    )]
    Variable {
        /// The response's type.
        kind: String,
        /// The variable.
        variable: String,
    },
}

/// The supported variables in a response's body. A variable precedes its own prefixes, so that [`fill`]
/// replaces the longer one first.
const VARIABLES: [&str; 5] = [
    "$context.error.messageString",
    "$context.error.message",
    "$context.error.responseType",
    "$context.extendedRequestId",
    "$context.requestId",
];

/// The type of a gateway response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayResponseType {
    /// The path does not start with the stage.
    NoStage,
    /// No route has this method and path, and the request has no `Authorization` header.
    NoRoute,
    /// No route has this method and path, and API Gateway took the `Authorization` header for a signature.
    NoRouteWithAuthorization,
    /// Host and path do not form a valid URL, or the body ended early.
    BadRequest,
    /// The request line and headers exceed 10,240 bytes.
    HeadTooLarge,
    /// The body did not arrive in time. API Gateway has no such response.
    BodyTimedOut,
    /// Too many bodies at the same time, or too many requests with the same API key.
    Throttled,
    /// No more functions may run at the same time.
    ConcurrencyExhausted,
    /// The body exceeds 10 MB.
    BodyTooLarge,
    /// The event exceeds Lambda's limit of 6 MB.
    EventTooLarge,
    /// The function failed, or its response is malformed or exceeds Lambda's limit of 6 MB.
    Failed,
    /// The function exceeded its time limit: 29 seconds, or 300 on a streamed route.
    TimedOut,
}

/// The response that API Gateway sends if the template does not customize it.
struct DefaultResponse {
    status: u16,
    /// Response type by which a template can customize the response. `None` for requests that API Gateway
    /// rejects before it knows the API.
    kind: Option<&'static str>,
    /// Value of `x-amzn-errortype`.
    error: &'static str,
    message: &'static str,
}

impl GatewayResponseType {
    fn default_response(self) -> DefaultResponse {
        let new = |status, kind, error, message| DefaultResponse { status, kind, error, message };
        match self {
            Self::NoStage => new(403, None, "ForbiddenException", "Forbidden"),
            Self::NoRoute => new(
                403,
                Some("MISSING_AUTHENTICATION_TOKEN"),
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            ),
            Self::NoRouteWithAuthorization => new(
                403,
                Some("INVALID_SIGNATURE"),
                "IncompleteSignatureException",
                "Authorization header requires 'Credential' parameter.",
            ),
            Self::BadRequest => new(400, None, "BadRequestException", "Bad Request"),
            Self::HeadTooLarge => new(431, None, "BadRequestException", "Request Header Fields Too Large"),
            Self::BodyTooLarge => {
                new(413, None, "BadRequestException", "HTTP content length exceeded 10485760 bytes.")
            }
            Self::BodyTimedOut => new(408, None, "BadRequestException", "Request Timeout"),
            Self::Throttled => new(429, Some("THROTTLED"), "TooManyRequestsException", "Too Many Requests"),
            // Lambda reports 429, which API Gateway does not pass on.
            Self::ConcurrencyExhausted => {
                new(500, Some("INTEGRATION_FAILURE"), "InternalServerErrorException", "Internal server error")
            }
            Self::EventTooLarge => {
                new(413, Some("REQUEST_TOO_LARGE"), "BadRequestException", "Request Too Long")
            }
            Self::Failed => {
                new(502, Some("INTEGRATION_FAILURE"), "InternalServerErrorException", "Internal server error")
            }
            Self::TimedOut => new(
                504,
                Some("INTEGRATION_TIMEOUT"),
                "InternalServerErrorException",
                "Endpoint request timed out",
            ),
        }
    }
}

/// The customized gateway responses of a template, by response type.
#[derive(Debug, Default)]
pub struct GatewayResponses(BTreeMap<String, CustomResponse>);

/// A gateway response of a template. Absent parts keep their defaults.
#[derive(Debug, Clone)]
struct CustomResponse {
    status: Option<StatusCode>,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<String>,
}

impl GatewayResponses {
    /// Reads the gateway responses of a SAM template.
    ///
    /// # Errors
    ///
    /// Returns [`GatewayResponseError::Unreadable`] if the text is not a template, and the other variants if
    /// a response has an invalid status code, or a header or variable that the local stack does not support.
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
            let at = format!("the gateway responses of {id} in template.yaml");
            let api: Api = serde_yaml_ng::from_value(resource.properties).map_err(unreadable(&at))?;
            for (kind, response) in api.gateway_responses {
                let response = custom_response(&kind, response)?;
                all.insert(kind, response);
            }
        }
        Ok(Self(all))
    }

    /// Returns the HTTP response of this type for `request`.
    #[must_use]
    pub fn response(&self, response_type: GatewayResponseType, request: &RequestId) -> Response {
        let default = response_type.default_response();
        let custom = default.kind.and_then(|kind| self.custom(kind, default.status));
        let status = StatusCode::from_u16(default.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let template = custom.and_then(|c| c.body.as_deref());
        let body = match template {
            Some(template) => fill(template, &default, request),
            None if response_type == GatewayResponseType::BodyTooLarge => default.message.to_owned(),
            None => serde_json::json!({ "message": default.message }).to_string(),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = custom.and_then(|c| c.status).unwrap_or(status);
        let content_type = if response_type == GatewayResponseType::BodyTooLarge {
            "text/plain; charset=utf-8"
        } else {
            "application/json"
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(HeaderName::from_static("x-amzn-errortype"), HeaderValue::from_static(default.error));
        headers.extend(custom.map(|c| c.headers.clone()).unwrap_or_default());
        add_request_ids(headers, request);
        response
    }

    /// Returns the customized response for this type, or else for its class (4xx or 5xx).
    fn custom(&self, kind: &str, status: u16) -> Option<&CustomResponse> {
        let class = if status < 500 { "DEFAULT_4XX" } else { "DEFAULT_5XX" };
        self.0.get(kind).or_else(|| self.0.get(class))
    }
}

fn custom_response(kind: &str, response: TemplateResponse) -> Result<CustomResponse, GatewayResponseError> {
    let status = match response.status_code {
        Value::Null => None,
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text),
        _ => return Err(GatewayResponseError::Status(kind.to_owned())),
    };
    let status = status
        .map(|text| text.parse::<StatusCode>().map_err(|_| GatewayResponseError::Status(kind.to_owned())));
    let headers = response.parameters.headers.into_iter().map(|(name, value)| {
        constant_header(&name, &value)
            .ok_or_else(|| GatewayResponseError::Header { kind: kind.to_owned(), name })
    });
    let body = response.templates.get("application/json").cloned();
    if let Some(variable) = body.as_deref().and_then(unknown_variable) {
        return Err(GatewayResponseError::Variable { kind: kind.to_owned(), variable });
    }
    Ok(CustomResponse { status: status.transpose()?, headers: headers.collect::<Result<_, _>>()?, body })
}

/// Returns the header if its value is a constant, which a template writes in single quotes.
fn constant_header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
    Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
}

/// Returns the first variable that is not in [`VARIABLES`].
fn unknown_variable(body: &str) -> Option<String> {
    let name = |text: &str| -> String {
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '$' | '.' | '_')).collect()
    };
    body.match_indices('$')
        .map(|(at, _)| name(&body[at..]))
        .find(|found| !VARIABLES.contains(&found.as_str()))
}

fn fill(template: &str, default: &DefaultResponse, request: &RequestId) -> String {
    let quoted = serde_json::Value::from(default.message).to_string();
    let kind = default.kind.unwrap_or_default();
    let values = [&quoted, default.message, kind, &request.extended, &request.id];
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

    async fn render(
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
    async fn default_responses_are_those_of_api_gateway() {
        let gateway_responses = GatewayResponses::read("Resources: {}").unwrap();
        let (status, headers, body) = render(&gateway_responses, GatewayResponseType::NoRoute).await;
        assert_eq!((status, body.as_str()), (403, r#"{"message":"Missing Authentication Token"}"#));
        assert_eq!(headers["x-amzn-errortype"], "MissingAuthenticationTokenException");
        assert_eq!(headers["x-amzn-requestid"], "i-1");
        assert_eq!(render(&gateway_responses, GatewayResponseType::Failed).await.0, 502);
        assert_eq!(render(&gateway_responses, GatewayResponseType::TimedOut).await.0, 504);
        let (status, headers, body) = render(&gateway_responses, GatewayResponseType::BodyTooLarge).await;
        assert_eq!((status, body.as_str()), (413, "HTTP content length exceeded 10485760 bytes."));
        assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
    }

    #[tokio::test]
    async fn template_overrides_default_responses() {
        let gateway_responses = GatewayResponses::read(&template(
            r#"{
                DEFAULT_5XX: { ResponseTemplates: { application/json: '{"error":$context.error.messageString,"id":"$context.requestId"}' } },
                MISSING_AUTHENTICATION_TOKEN: {
                    StatusCode: 404,
                    ResponseParameters: { Headers: { X-Why: "'no route'" } },
                    ResponseTemplates: { application/json: '{"error":"Not found"}' } } }"#,
        ))
        .unwrap();
        let (status, headers, body) = render(&gateway_responses, GatewayResponseType::NoRoute).await;
        assert_eq!((status, body.as_str()), (404, r#"{"error":"Not found"}"#));
        assert_eq!(headers["x-why"], "no route");
        let (status, _, body) = render(&gateway_responses, GatewayResponseType::Failed).await;
        assert_eq!((status, body.as_str()), (502, r#"{"error":"Internal server error","id":"i-1"}"#));
        // The template customizes neither this type nor the 4xx class.
        assert_eq!(
            render(&gateway_responses, GatewayResponseType::EventTooLarge).await.2,
            r#"{"message":"Request Too Long"}"#
        );
    }

    #[test]
    fn unsupported_gateway_responses_are_rejected() {
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
    fn deployed_template_is_accepted() {
        GatewayResponses::read(super::super::routes::TEMPLATE).unwrap();
    }
}
