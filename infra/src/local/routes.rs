//! The routes of `template.yaml`, matched as API Gateway matches them. A route that is missing from the
//! template is therefore also missing from the local stack.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_yaml_ng::Value;

use super::template::{Template, TemplateResource};

/// The template to deploy, as of the build.
pub const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The reason why the routes of a template cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// The text is not YAML, or does not have the structure of a SAM template.
    #[error("cannot read {at}: {source}")]
    Unreadable {
        /// The section that could not be read.
        at: String,
        /// Error reported by the YAML parser.
        #[source]
        source: serde_yaml_ng::Error,
    },
    /// A function has routes, but its binary cannot be determined.
    #[error(
        "function {function} has routes but no binary name; set CodeUri: target/lambda/NAME/ or \
         Metadata: BuildProperties: Binary: NAME"
    )]
    NoBinary {
        /// Logical id of the function.
        function: String,
    },
    /// An event belongs to an HTTP API.
    #[error(
        "event {event} of function {function} is an HttpApi event; the local stack supports REST APIs only, \
         so use Type: Api"
    )]
    HttpApi {
        /// Logical id of the function.
        function: String,
        /// Name of the event.
        event: String,
    },
    /// API Gateway would reject a path.
    #[error("API Gateway does not accept path {path} of function {function}: {reason}")]
    InvalidPath {
        /// Logical id of the function.
        function: String,
        /// The path as written in the template.
        path: String,
        /// The rule that the path violates.
        reason: &'static str,
    },
    /// Two functions have the same method and path.
    #[error("{method} {path} is routed to both {first} and {second}; remove one of the two events")]
    DuplicateRoute {
        /// HTTP method.
        method: String,
        /// Path.
        path: String,
        /// Name of the first function.
        first: String,
        /// Name of the second function.
        second: String,
    },
    /// Two paths name the parameter in the same position differently, which API Gateway does not allow.
    #[error("paths {first} and {second} use different names for the same path parameter; use the same name")]
    ParameterNameConflict {
        /// The first path.
        first: String,
        /// The second path.
        second: String,
    },
}

/// A path segment of a route. Variants are ordered by API Gateway's precedence: a literal wins over a
/// parameter, and a parameter wins over a greedy parameter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    /// `customers`
    Literal(String),
    /// `{uuid}`
    Parameter(String),
    /// `{proxy+}`, which matches the rest of the path.
    Greedy(String),
}

/// A path of the template, and the functions that handle its methods.
#[derive(Debug)]
struct Resource {
    path: String,
    segments: Vec<Segment>,
    /// By HTTP method in capitals; `ANY` matches every method that is not listed.
    targets: BTreeMap<String, Target>,
}

/// The function that handles a method of a path.
#[derive(Debug)]
struct Target {
    function: String,
    transfer: Transfer,
}

/// The transfer mode of a response, `ResponseTransferMode` in a SAM template. Any other value is an error
/// here, whereas AWS ignores it silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Transfer {
    /// Sent once the response is complete.
    #[default]
    #[serde(rename = "BUFFERED")]
    Buffered,
    /// Sent while the function produces the response.
    #[serde(rename = "RESPONSE_STREAM")]
    Stream,
}

/// A route: one method of one path, and the function that handles it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Name of the function's binary.
    pub function: String,
    /// HTTP method in capitals; `ANY` matches every method.
    pub method: String,
    /// Path, with parameters in braces.
    pub path: String,
}

/// The route that matches a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match<'a> {
    /// Name of the function's binary.
    pub function: &'a str,
    /// The path as written in the template.
    pub resource: &'a str,
    /// The transfer mode of the response.
    pub transfer: Transfer,
    /// The path parameters, **percent-encoded as in the URL**: a REST API does not decode them.
    pub parameters: BTreeMap<&'a str, String>,
}

/// All routes of a template, in order of precedence.
#[derive(Debug)]
pub struct Routes {
    resources: Vec<Resource>,
    has_binary_bodies: bool,
}

impl Routes {
    /// Reads a SAM template.
    ///
    /// # Errors
    ///
    /// Returns [`RouteError::Unreadable`] if the text is not a SAM template, and the variant for the violated
    /// rule if API Gateway would reject one of its routes or the local stack does not support the route.
    pub fn read(template: &str) -> Result<Self, RouteError> {
        let template: Template = serde_yaml_ng::from_str(template)
            .map_err(|source| RouteError::Unreadable { at: "template.yaml".to_owned(), source })?;
        let (mut resources, mut has_binary_bodies) = (BTreeMap::new(), false);
        for (id, resource) in template.resources {
            match resource.kind.as_str() {
                "AWS::Serverless::Function" => add_function(&mut resources, &id, resource)?,
                "AWS::Serverless::Api" => has_binary_bodies |= resource.has_binary_bodies(),
                _ => {}
            }
        }
        let mut resources: Vec<Resource> = resources.into_values().collect();
        check_parameter_names(&resources)?;
        resources.sort_by(|a, b| a.segments.cmp(&b.segments));
        Ok(Self { resources, has_binary_bodies })
    }

    /// Returns whether the API passes every body to its function byte for byte, as base64.
    #[must_use]
    pub fn has_binary_bodies(&self) -> bool {
        self.has_binary_bodies
    }

    /// Returns every method of every path, in order of precedence.
    pub fn all(&self) -> impl Iterator<Item = Route> {
        self.resources.iter().flat_map(|resource| {
            resource.targets.iter().map(|(method, target)| Route {
                function: target.function.clone(),
                method: method.clone(),
                path: resource.path.clone(),
            })
        })
    }

    /// Returns the names of the functions that have routes.
    #[must_use]
    pub fn functions(&self) -> BTreeSet<&str> {
        self.resources
            .iter()
            .flat_map(|r| r.targets.values().map(|target| target.function.as_str()))
            .collect()
    }

    /// Returns the matching route, or `None` if there is no match. `path` is percent-encoded, as in the URL.
    ///
    /// As in API Gateway, the path with the highest precedence is selected first. If that path does not have
    /// the method, no other path is tried.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Option<Match<'_>> {
        let parts: Vec<&str> = split(path);
        let (resource, parameters) = self.resources.iter().find_map(|r| Some((r, r.capture(&parts)?)))?;
        let Target { function, transfer } =
            resource.targets.get(method).or_else(|| resource.targets.get("ANY"))?;
        Some(Match { function, resource: &resource.path, transfer: *transfer, parameters })
    }
}

impl Resource {
    /// Returns the path parameters, or `None` if the parts do not match this path.
    fn capture(&self, parts: &[&str]) -> Option<BTreeMap<&str, String>> {
        let mut parameters = BTreeMap::new();
        let mut parts = parts.iter();
        for segment in &self.segments {
            match segment {
                Segment::Literal(literal) => {
                    let part = percent_decode_str(parts.next()?);
                    part.eq(literal.bytes()).then_some(())?;
                }
                Segment::Parameter(name) => {
                    let part = parts.next().filter(|part| !part.is_empty())?;
                    parameters.insert(name.as_str(), (*part).to_owned());
                }
                Segment::Greedy(name) => {
                    let rest = parts.by_ref().copied().collect::<Vec<_>>().join("/");
                    (!rest.is_empty()).then_some(())?;
                    parameters.insert(name.as_str(), rest);
                }
            }
        }
        parts.next().is_none().then_some(parameters)
    }
}

/// Splits a path at its slashes. One trailing slash is ignored, as in API Gateway.
fn split(path: &str) -> Vec<&str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() { Vec::new() } else { path.split('/').collect() }
}

fn add_function(
    resources: &mut BTreeMap<String, Resource>,
    id: &str,
    resource: TemplateResource,
) -> Result<(), RouteError> {
    let properties: Function = serde_yaml_ng::from_value(resource.properties)
        .map_err(|source| RouteError::Unreadable { at: format!("function {id} of template.yaml"), source })?;
    let name = binary(&properties.code_uri, &resource.metadata);
    for (event, TemplateEvent { kind, properties }) in properties.events {
        if kind == "HttpApi" {
            return Err(RouteError::HttpApi { function: id.to_owned(), event });
        } else if kind != "Api" {
            continue;
        }
        let api: ApiEvent = serde_yaml_ng::from_value(properties).map_err(|source| {
            RouteError::Unreadable { at: format!("event {event} of function {id}"), source }
        })?;
        let name = name.clone().ok_or_else(|| RouteError::NoBinary { function: id.to_owned() })?;
        add_route(resources, id, name, api)?;
    }
    Ok(())
}

fn add_route(
    resources: &mut BTreeMap<String, Resource>,
    id: &str,
    function: String,
    ApiEvent { path, method, transfer }: ApiEvent,
) -> Result<(), RouteError> {
    let segments = segments(&path).map_err(|reason| RouteError::InvalidPath {
        function: id.to_owned(),
        path: path.clone(),
        reason,
    })?;
    let method = method.to_ascii_uppercase();
    let resource = resources.entry(path.clone()).or_insert_with(|| Resource {
        path: path.clone(),
        segments,
        targets: BTreeMap::new(),
    });
    let target = Target { function: function.clone(), transfer };
    match resource.targets.insert(method.clone(), target) {
        Some(Target { function: first, .. }) => {
            Err(RouteError::DuplicateRoute { method, path, first, second: function })
        }
        None => Ok(()),
    }
}

/// Returns the name of a function's binary: the one that `Metadata` has cargo-lambda build, or else the
/// folder in `CodeUri`.
fn binary(code_uri: &Value, metadata: &Value) -> Option<String> {
    let configured = metadata.get("BuildProperties").and_then(|p| p.get("Binary")).and_then(Value::as_str);
    let folder = || code_uri.as_str().and_then(|uri| uri.trim_end_matches('/').rsplit('/').next());
    configured.or_else(folder).filter(|name| !matches!(*name, "" | "." | "..")).map(str::to_owned)
}

fn segments(path: &str) -> Result<Vec<Segment>, &'static str> {
    if !path.starts_with('/') {
        return Err("it must start with a slash");
    }
    let segments = split(path).into_iter().map(segment).collect::<Result<Vec<_>, _>>()?;
    match segments.split_last() {
        Some((_, before)) if before.iter().any(|s| matches!(s, Segment::Greedy(_))) => {
            Err("{name+} must be the last segment")
        }
        _ => Ok(segments),
    }
}

fn segment(part: &str) -> Result<Segment, &'static str> {
    let is_valid = |name: &str| !name.is_empty() && !name.contains(['{', '}', '+', '$']);
    match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
        Some(name) => match name.strip_suffix('+') {
            Some(name) if is_valid(name) => Ok(Segment::Greedy(name.to_owned())),
            None if is_valid(name) => Ok(Segment::Parameter(name.to_owned())),
            _ => Err("a parameter must be {name} or {name+}"),
        },
        None if is_valid(part) => Ok(Segment::Literal(part.to_owned())),
        None => Err("a segment must be a literal, {name} or {name+}"),
    }
}

/// Checks that all paths use the same parameter name in the same position. API Gateway stores paths as a tree
/// in which each node has at most one parameter and one greedy parameter as children.
fn check_parameter_names(resources: &[Resource]) -> Result<(), RouteError> {
    let mut seen: BTreeMap<(Vec<Segment>, bool), (&Segment, &str)> = BTreeMap::new();
    for resource in resources {
        for (at, segment) in resource.segments.iter().enumerate() {
            let is_greedy = match segment {
                Segment::Literal(_) => continue,
                Segment::Parameter(_) => false,
                Segment::Greedy(_) => true,
            };
            let position = (resource.segments[..at].to_vec(), is_greedy);
            let (known, path) = *seen.entry(position).or_insert((segment, &resource.path));
            if known != segment {
                return Err(RouteError::ParameterNameConflict {
                    first: path.to_owned(),
                    second: resource.path.clone(),
                });
            }
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Function {
    #[serde(rename = "CodeUri", default)]
    code_uri: Value,
    #[serde(rename = "Events", default)]
    events: BTreeMap<String, TemplateEvent>,
}

#[derive(Deserialize)]
struct TemplateEvent {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Properties", default)]
    properties: Value,
}

#[derive(Deserialize)]
struct ApiEvent {
    #[serde(rename = "Path")]
    path: String,
    #[serde(rename = "Method")]
    method: String,
    #[serde(rename = "ResponseTransferMode", default)]
    transfer: Transfer,
}

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
