//! Which function answers what: read from `template.yaml`, matched as API Gateway matches, so that a route missing
//! there is missing here too.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_yaml_ng::Value;

/// The template that is deployed, as it was when this was built.
pub const TEMPLATE: &str = include_str!("../../../template.yaml");

/// Why a template cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// Not YAML, or not shaped like a SAM template.
    #[error("cannot read {at}: {source}")]
    Unreadable {
        /// The part that could not be read.
        at: String,
        /// What the YAML reader says.
        #[source]
        source: serde_yaml_ng::Error,
    },
    /// A function with routes, but nothing that says which binary it is.
    #[error(
        "function {function} has routes but no name: give it CodeUri: target/lambda/NAME/ or \
         Metadata: BuildProperties: Binary: NAME"
    )]
    Nameless {
        /// The function's logical id.
        function: String,
    },
    /// An event of an HTTP API.
    #[error(
        "event {event} of {function} is an HttpApi event: the local stack speaks the REST API's (Type: Api)"
    )]
    HttpApi {
        /// The function's logical id.
        function: String,
        /// The event's name.
        event: String,
    },
    /// A path API Gateway would refuse.
    #[error("path {path} of {function} is not one API Gateway takes: {why}")]
    BadPath {
        /// The function's logical id.
        function: String,
        /// The path as written.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Two functions for the same method and path.
    #[error("{method} {path} is routed to both {first} and {second}")]
    Twice {
        /// The method.
        method: String,
        /// The path.
        path: String,
        /// One function.
        first: String,
        /// The other.
        second: String,
    },
    /// Two names for the parameter at the same place: API Gateway allows one.
    #[error("paths {first} and {second} name the parameter at the same place differently: use one name")]
    TwoNames {
        /// One path.
        first: String,
        /// The other.
        second: String,
    },
}

/// One part of a path between slashes. The order is API Gateway's: the exact word wins over a parameter, a
/// parameter over the rest of the path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    /// `customers`
    Literal(String),
    /// `{uuid}`
    Parameter(String),
    /// `{proxy+}`
    Rest(String),
}

/// A path of the template and the functions behind its methods.
#[derive(Debug)]
struct Resource {
    path: String,
    segments: Vec<Segment>,
    /// By method in capitals; `ANY` stands for every other one.
    functions: BTreeMap<String, Target>,
}

/// What is behind a method of a path.
#[derive(Debug)]
struct Target {
    function: String,
    transfer: Transfer,
}

/// How an answer goes to the caller: `ResponseTransferMode` in SAM's words, of which any other is ignored on AWS
/// without a word, and refused here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Transfer {
    /// When all of it is there.
    #[default]
    #[serde(rename = "BUFFERED")]
    Buffered,
    /// While it is made.
    #[serde(rename = "RESPONSE_STREAM")]
    Stream,
}

/// One method and path of the template and the function that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The name of the function's binary.
    pub function: String,
    /// The method, in capitals; `ANY` for every one.
    pub method: String,
    /// The path, parameters in braces.
    pub path: String,
}

/// What a request was matched to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match<'a> {
    /// The name of the function's binary.
    pub function: &'a str,
    /// The path as the template writes it.
    pub resource: &'a str,
    /// How the answer goes to the caller.
    pub transfer: Transfer,
    /// The parameters of the path, **as they stand in the URL**: a REST API does not decode them.
    pub parameters: BTreeMap<&'a str, String>,
}

/// All routes of a template, the most exact first.
#[derive(Debug)]
pub struct Routes {
    resources: Vec<Resource>,
}

impl Routes {
    /// Reads a SAM template.
    ///
    /// # Errors
    ///
    /// When the text is no template, or one whose routes API Gateway would not take.
    pub fn read(template: &str) -> Result<Self, RouteError> {
        let template: Template = serde_yaml_ng::from_str(template)
            .map_err(|source| RouteError::Unreadable { at: "template.yaml".to_owned(), source })?;
        let mut resources = BTreeMap::new();
        for (id, resource) in template.resources {
            if resource.kind == "AWS::Serverless::Function" {
                add_function(&mut resources, &id, resource)?;
            }
        }
        let mut resources: Vec<Resource> = resources.into_values().collect();
        check_parameter_names(&resources)?;
        resources.sort_by(|a, b| a.segments.cmp(&b.segments));
        Ok(Self { resources })
    }

    /// Every method and path, in the order of the paths.
    pub fn all(&self) -> impl Iterator<Item = Route> {
        self.resources.iter().flat_map(|resource| {
            resource.functions.iter().map(|(method, target)| Route {
                function: target.function.clone(),
                method: method.clone(),
                path: resource.path.clone(),
            })
        })
    }

    /// The functions that have routes.
    #[must_use]
    pub fn functions(&self) -> BTreeSet<&str> {
        self.resources
            .iter()
            .flat_map(|r| r.functions.values().map(|target| target.function.as_str()))
            .collect()
    }

    /// What answers a request, if anything. The path is the one in the URL, still percent-encoded. The most exact
    /// path is chosen first and its methods are looked at then, as API Gateway does: another path that would have
    /// the method is not tried.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Option<Match<'_>> {
        let parts: Vec<&str> = parts(path);
        let (resource, parameters) = self.resources.iter().find_map(|r| Some((r, r.capture(&parts)?)))?;
        let Target { function, transfer } =
            resource.functions.get(method).or_else(|| resource.functions.get("ANY"))?;
        Some(Match { function, resource: &resource.path, transfer: *transfer, parameters })
    }
}

impl Resource {
    /// The parameters, when the parts fit this path.
    fn capture(&self, parts: &[&str]) -> Option<BTreeMap<&str, String>> {
        let mut parameters = BTreeMap::new();
        let mut parts = parts.iter();
        for segment in &self.segments {
            match segment {
                Segment::Literal(word) => {
                    let part = percent_decode_str(parts.next()?);
                    part.eq(word.bytes()).then_some(())?;
                }
                Segment::Parameter(name) => {
                    let part = parts.next().filter(|part| !part.is_empty())?;
                    parameters.insert(name.as_str(), (*part).to_owned());
                }
                Segment::Rest(name) => {
                    let rest = parts.by_ref().copied().collect::<Vec<_>>().join("/");
                    (!rest.is_empty()).then_some(())?;
                    parameters.insert(name.as_str(), rest);
                }
            }
        }
        parts.next().is_none().then_some(parameters)
    }
}

/// The parts of a path. One slash at the end is as none: API Gateway drops it.
fn parts(path: &str) -> Vec<&str> {
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
        let name = name.clone().ok_or_else(|| RouteError::Nameless { function: id.to_owned() })?;
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
    let segments = segments(&path).map_err(|why| RouteError::BadPath {
        function: id.to_owned(),
        path: path.clone(),
        why,
    })?;
    let method = method.to_ascii_uppercase();
    let resource = resources.entry(path.clone()).or_insert_with(|| Resource {
        path: path.clone(),
        segments,
        functions: BTreeMap::new(),
    });
    let target = Target { function: function.clone(), transfer };
    match resource.functions.insert(method.clone(), target) {
        Some(Target { function: first, .. }) => {
            Err(RouteError::Twice { method, path, first, second: function })
        }
        None => Ok(()),
    }
}

/// The name of a function's binary: what cargo-lambda is told to build, or the folder it is built into.
fn binary(code_uri: &Value, metadata: &Value) -> Option<String> {
    let told = metadata.get("BuildProperties").and_then(|p| p.get("Binary")).and_then(Value::as_str);
    let folder = || code_uri.as_str().and_then(|uri| uri.trim_end_matches('/').rsplit('/').next());
    told.or_else(folder).filter(|name| !matches!(*name, "" | "." | "..")).map(str::to_owned)
}

fn segments(path: &str) -> Result<Vec<Segment>, &'static str> {
    if !path.starts_with('/') {
        return Err("it must begin with a slash");
    }
    let segments = parts(path).into_iter().map(segment).collect::<Result<Vec<_>, _>>()?;
    match segments.split_last() {
        Some((_, before)) if before.iter().any(|s| matches!(s, Segment::Rest(_))) => {
            Err("nothing may follow {name+}")
        }
        _ => Ok(segments),
    }
}

fn segment(part: &str) -> Result<Segment, &'static str> {
    let word = |name: &str| !name.is_empty() && !name.contains(['{', '}', '+', '$']);
    match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
        Some(name) => match name.strip_suffix('+') {
            Some(name) if word(name) => Ok(Segment::Rest(name.to_owned())),
            None if word(name) => Ok(Segment::Parameter(name.to_owned())),
            _ => Err("a parameter is {name} or {name+}"),
        },
        None if word(part) => Ok(Segment::Literal(part.to_owned())),
        None => Err("a part is a word, {name} or {name+}"),
    }
}

/// API Gateway keeps paths as a tree in which one node has one child that is a parameter.
fn check_parameter_names(resources: &[Resource]) -> Result<(), RouteError> {
    let mut seen: BTreeMap<(Vec<Segment>, bool), (&Segment, &str)> = BTreeMap::new();
    for resource in resources {
        for (at, segment) in resource.segments.iter().enumerate() {
            let rest = match segment {
                Segment::Literal(_) => continue,
                Segment::Parameter(_) => false,
                Segment::Rest(_) => true,
            };
            let place = (resource.segments[..at].to_vec(), rest);
            let (named, path) = *seen.entry(place).or_insert((segment, &resource.path));
            if named != segment {
                return Err(RouteError::TwoNames { first: path.to_owned(), second: resource.path.clone() });
            }
        }
    }
    Ok(())
}

/// What is read of a SAM template. `!Sub` and its like are accepted anywhere.
#[derive(Deserialize)]
pub(super) struct Template {
    #[serde(rename = "Resources")]
    pub(super) resources: BTreeMap<String, TemplateResource>,
}

#[derive(Deserialize)]
pub(super) struct TemplateResource {
    #[serde(rename = "Type")]
    pub(super) kind: String,
    #[serde(rename = "Properties", default)]
    pub(super) properties: Value,
    #[serde(rename = "Metadata", default)]
    metadata: Value,
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
