//! `template.yaml`, as the guards read it: short forms such as `!Ref` are read as the text behind them.

use serde_yaml_ng::Value;

use clientele_infra::local::routes::TEMPLATE;

/// A function of the template.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its logical id, such as `TradesCustomerGet`.
    pub(crate) id: String,
    /// The name of its binary, such as `trades-customer-get`.
    pub(crate) name: String,
    pub(crate) properties: Value,
}

/// The resource of that logical id.
pub(crate) fn resource(id: &str) -> Value {
    let template: Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
    at(&template, &["Resources", id]).clone()
}

/// Every function, in the template's order.
pub(crate) fn functions() -> Vec<Function> {
    let template: Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
    let resources = at(&template, &["Resources"]).as_mapping().unwrap();
    let functions =
        resources.iter().filter(|(_, resource)| text(resource, &["Type"]) == "AWS::Serverless::Function");
    functions
        .map(|(id, resource)| {
            let folder = text(resource, &["Properties", "CodeUri"]);
            let name = folder.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            Function {
                id: id.as_str().unwrap().to_owned(),
                name: name.to_owned(),
                properties: at(resource, &["Properties"]).clone(),
            }
        })
        .collect()
}

/// The properties of a function's events.
pub(crate) fn events(function: &Function) -> Vec<Value> {
    let events = at(&function.properties, &["Events"]).as_mapping().unwrap().values();
    events.map(|event| at(event, &["Properties"]).clone()).collect()
}

/// A text or a number, as text.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.as_u64().unwrap().to_string(), str::to_owned)
}

/// What is under these names.
#[track_caller]
pub(crate) fn at<'a>(value: &'a Value, names: &[&str]) -> &'a Value {
    names.iter().fold(value, |value, name| {
        value.get(*name).unwrap_or_else(|| panic!("template.yaml: no {} here: {value:?}", names.join(".")))
    })
}

/// The text under these names.
#[track_caller]
pub(crate) fn text<'a>(value: &'a Value, names: &[&str]) -> &'a str {
    at(value, names).as_str().unwrap_or_else(|| panic!("template.yaml: {} is no text", names.join(".")))
}

/// One text, or the texts of a list.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    match value.as_str() {
        Some(one) => vec![one.to_owned()],
        None => {
            let list = value
                .as_sequence()
                .unwrap_or_else(|| panic!("template.yaml: not a list of texts: {value:?}"));
            list.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
        }
    }
}
