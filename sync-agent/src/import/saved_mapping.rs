//! A mapping file of the columns that an import recognised, to be edited and passed to `--mapping`.

use super::field::ImportField;
use super::mapping::Mapping;
use super::outcome::ImportOptions;

/// Returns the mapping of a file's columns as a mapping file.
pub(super) fn saved_mapping<F: ImportField>(mapping: &Mapping<F>, options: &ImportOptions<F>) -> String {
    let mut lines =
        vec!["# Columns of the source's files for each field; see the documentation of imports.".to_owned()];
    let is_used = |at: &usize| F::all().any(|field| mapping.column(field) == Some(*at));
    let left_out = mapping.columns_left_out().into_iter();
    let left_out = left_out.filter(|at| mapping.is_left_out_on_purpose(*at) && !is_used(at));
    let ignored: Vec<String> =
        left_out.filter_map(|at| mapping.header().get(at)).map(|name| quoted(name)).collect();
    lines.push(format!("ignore = [{}]\n\n[columns]", ignored.join(", ")));
    for field in F::all() {
        let source = options.rules.sources.iter().find(|source| source.field == field);
        let text = match (mapping.source(field), source) {
            (Some(_), Some(source)) => Some(source.source.to_toml(mapping.header())),
            _ => mapping.column(field).and_then(|at| mapping.header().get(at)).map(|name| quoted(name)),
        };
        lines.extend(text.map(|text| format!("{} = {text}", field.name())));
    }
    for (field, values) in &options.rules.values {
        lines.push(format!("\n[values.{}]", field.name()));
        lines.extend(values.iter().map(|(value, to)| format!("{} = {}", quoted(value), quoted(to))));
    }
    if !options.constants.is_empty() {
        lines.push("\n[constants]".to_owned());
        let constant = |(field, value): &(F, String)| format!("{} = {}", field.name(), quoted(value));
        lines.extend(options.constants.iter().map(constant));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Returns a text as a TOML string.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
