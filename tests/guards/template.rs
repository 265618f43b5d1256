//! Reads `template.yaml` for the guards. A short form such as `!Ref` is read as the text after it.

use serde_yaml_ng::Value;

use clientele_infra::local::routes::TEMPLATE;

/// A function of the template.
#[derive(Debug)]
pub(crate) struct Function {
    /// The logical id, such as `TradesCustomerGet`.
    pub(crate) id: String,
    /// The name of the binary, such as `trades-customer-get`.
    pub(crate) name: String,
    pub(crate) properties: Value,
}

/// Returns the resource with this logical id.
pub(crate) fn resource(id: &str) -> Value {
    let template: Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
    at(&template, &["Resources", id]).clone()
}

/// Returns every function, in template order.
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

/// Returns the types of a function's events, such as `Api`.
pub(crate) fn event_types(function: &Function) -> Vec<String> {
    let events = at(&function.properties, &["Events"]).as_mapping().unwrap().values();
    events.map(|event| text(event, &["Type"]).to_owned()).collect()
}

/// Returns the properties of a function's events.
pub(crate) fn events(function: &Function) -> Vec<Value> {
    let events = at(&function.properties, &["Events"]).as_mapping().unwrap().values();
    events.map(|event| at(event, &["Properties"]).clone()).collect()
}

/// Returns a string or a number as text.
pub(crate) fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.as_u64().unwrap().to_string(), str::to_owned)
}

/// Returns the value at this path of names.
#[track_caller]
pub(crate) fn at<'a>(value: &'a Value, names: &[&str]) -> &'a Value {
    names.iter().fold(value, |value, name| {
        value
            .get(*name)
            .unwrap_or_else(|| panic!("template.yaml: {} does not exist in {value:?}", names.join(".")))
    })
}

/// Returns the string at this path of names.
#[track_caller]
pub(crate) fn text<'a>(value: &'a Value, names: &[&str]) -> &'a str {
    at(value, names).as_str().unwrap_or_else(|| panic!("template.yaml: {} is not a string", names.join(".")))
}

/// Returns one string, or the strings of a list.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    match value.as_str() {
        Some(one) => vec![one.to_owned()],
        None => {
            let list = value
                .as_sequence()
                .unwrap_or_else(|| panic!("template.yaml: not a string or a list of strings: {value:?}"));
            list.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
        }
    }
}
