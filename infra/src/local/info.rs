//! The description of the running stack that the console reads from `/console/api/info`.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::openapi::{OpenApi, Server};

use super::routes::Route;

/// Everything that the pages show. The OpenAPI specifications themselves are served separately.
#[derive(Debug, Clone, Serialize)]
pub struct Info {
    /// Base URL of the API, such as `http://127.0.0.1:4747`, with the stage if it is in the path.
    pub url: String,
    /// Start of every path of the API: `/prod`, or empty if the stage is not in the path.
    pub stage_prefix: String,
    /// API key of the demo tenant.
    pub key: String,
    /// Name of the demo tenant.
    pub tenant: String,
    /// Example request as a shell command.
    pub curl: String,
    /// Location of the records.
    pub storage: Storage,
    /// Sample values for path parameters, by parameter name: `uuid` with the uuid of an existing customer.
    pub samples: BTreeMap<String, String>,
    /// All routes.
    pub routes: Vec<InfoRoute>,
    /// The OpenAPI specifications of the REST dialects.
    pub specifications: Vec<Specification>,
}

/// The OpenAPI specification of a REST dialect.
#[derive(Debug, Clone, Serialize)]
pub struct Specification {
    /// Name of the dialect.
    pub name: &'static str,
    /// Path on the local stack, without the stage.
    pub url: String,
    #[serde(skip)]
    document: OpenApi,
}

impl Specification {
    /// Names the specification of a dialect.
    #[must_use]
    pub fn new(name: &'static str, document: OpenApi) -> Self {
        Self { name, url: format!("/openapi/{name}.json"), document }
    }

    /// Returns the specification as JSON, with `stage_prefix` as the start of its paths.
    ///
    /// # Errors
    ///
    /// Returns the error of the serializer.
    pub fn to_json(&self, stage_prefix: &str) -> Result<String, serde_json::Error> {
        let root = if stage_prefix.is_empty() { "/" } else { stage_prefix };
        let mut document = self.document.clone();
        document.servers = Some(vec![Server::new(root)]);
        document.to_json()
    }
}

/// A route: one method of one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InfoRoute {
    /// Name of the function that handles the route.
    pub function: String,
    /// HTTP method; `ANY` matches every method.
    pub method: String,
    /// Path, with parameters in braces.
    pub path: String,
}

impl From<Route> for InfoRoute {
    fn from(Route { function, method, path }: Route) -> Self {
        Self { function, method, path }
    }
}

/// Location of the records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "at", rename_all = "lowercase")]
pub enum Storage {
    /// In the embedded engine, in a file that is deleted on exit.
    Temporary,
    /// In the embedded engine, in a file in this folder.
    Folder(String),
    /// In the DynamoDB at this URL.
    Remote(String),
    /// Behind the API at this URL.
    Api(String),
}

/// The location in words, for the terminal.
impl std::fmt::Display for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Temporary => {
                f.write_str("in a temporary file, deleted on exit (pass --data DIR to keep them)")
            }
            Self::Folder(folder) => write!(f, "in {folder}"),
            Self::Remote(url) => write!(f, "in the DynamoDB at {url}"),
            Self::Api(url) => write!(f, "behind the API at {url}"),
        }
    }
}

/// Returns a shell command that gets `path` with `key`.
#[must_use]
pub fn curl(url: &str, key: &str, path: &str) -> String {
    format!("curl -s '{url}{path}' -H 'Authorization: Bearer {key}'")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn paths_of_a_specification_start_with_the_stage() {
        let specification = Specification::new("erp", OpenApi::default());
        for (stage_prefix, expected) in [("", "/"), ("/prod", "/prod")] {
            let document: Value =
                serde_json::from_str(&specification.to_json(stage_prefix).unwrap()).unwrap();
            assert_eq!(document["servers"], json!([{ "url": expected }]));
        }
    }
}
