//! What the page at `/` is told about the running stack (`/_local/info`).

use std::collections::BTreeMap;

use serde::Serialize;

use super::routes::Route;

/// Everything the page shows beside the OpenAPI document.
#[derive(Debug, Clone, Serialize)]
pub struct Info {
    /// Where this listens: `http://127.0.0.1:4747`.
    pub url: String,
    /// An API key of the demo tenant.
    pub key: String,
    /// The demo tenant's name.
    pub tenant: String,
    /// The first call to try, to paste into a shell.
    pub curl: String,
    /// Where the records are.
    pub storage: Storage,
    /// Values to try path parameters with, by name: `uuid` and the uuid of a customer that exists.
    pub samples: BTreeMap<String, String>,
    /// Every method and path.
    pub routes: Vec<InfoRoute>,
}

/// One method and path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InfoRoute {
    /// The name of the function that answers.
    pub function: String,
    /// The method, `ANY` for every one.
    pub method: String,
    /// The path, parameters in braces.
    pub path: String,
}

impl From<Route> for InfoRoute {
    fn from(Route { function, method, path }: Route) -> Self {
        Self { function, method, path }
    }
}

/// Where the records are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "at", rename_all = "lowercase")]
pub enum Storage {
    /// In this process, on a file that goes with it.
    Temporary,
    /// In this process, on a file in that folder.
    Folder(String),
    /// In the DynamoDB at that address.
    Remote(String),
}

/// In words, for the terminal.
impl std::fmt::Display for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Temporary => {
                f.write_str("in a temporary folder, gone when this stops (--data DIR keeps it)")
            }
            Self::Folder(folder) => write!(f, "in {folder}"),
            Self::Remote(url) => write!(f, "in the DynamoDB at {url}"),
        }
    }
}

/// A shell command that reads `path` with `key`.
#[must_use]
pub fn curl(url: &str, key: &str, path: &str) -> String {
    format!("curl -s '{url}{path}' -H 'Authorization: Bearer {key}'")
}
