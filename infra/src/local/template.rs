//! The parts of a SAM template that the local stack reads. Short-form intrinsic functions such as `!Sub` are
//! accepted everywhere.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_yaml_ng::Value;

/// A SAM template.
#[derive(Deserialize)]
pub(super) struct Template {
    #[serde(rename = "Resources")]
    pub(super) resources: BTreeMap<String, TemplateResource>,
}

/// A resource of a template.
#[derive(Deserialize)]
pub(super) struct TemplateResource {
    #[serde(rename = "Type")]
    pub(super) kind: String,
    #[serde(rename = "Properties", default)]
    pub(super) properties: Value,
    #[serde(rename = "Metadata", default)]
    pub(super) metadata: Value,
}

impl TemplateResource {
    /// Returns whether an API passes every body to its function byte for byte, because its `BinaryMediaTypes`
    /// include every type. In SAM, `~1` stands for a slash.
    pub(super) fn has_binary_bodies(&self) -> bool {
        let types = self.properties.get("BinaryMediaTypes").and_then(Value::as_sequence);
        types.into_iter().flatten().any(|name| matches!(name.as_str(), Some("*~1*" | "*/*")))
    }
}
