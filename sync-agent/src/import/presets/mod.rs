//! Presets: mapping files for the exports of well-known products. Each file names where its header comes from.

use super::customers::fields::Field;
use super::mapping_file::MappingFile;
use super::source::FileMapping;

/// The presets and their mapping files.
const PRESETS: [(&str, &str); 8] = [
    ("google-contacts", include_str!("google-contacts.toml")),
    ("housecall-pro", include_str!("housecall-pro.toml")),
    ("hubspot", include_str!("hubspot.toml")),
    ("jobber", include_str!("jobber.toml")),
    ("quickbooks", include_str!("quickbooks.toml")),
    ("shopify", include_str!("shopify.toml")),
    ("skimmer", include_str!("skimmer.toml")),
    ("square", include_str!("square.toml")),
];

/// Returns the names of all presets, for a message.
#[must_use]
pub fn names() -> String {
    PRESETS.map(|(name, _)| name).join(", ")
}

/// Returns the mapping of a preset.
///
/// # Errors
/// Returns a message if there is no preset with this name.
pub fn named(name: &str) -> Result<FileMapping<Field>, String> {
    let preset = PRESETS.iter().find(|(preset, _)| preset.eq_ignore_ascii_case(name));
    let (_, text) = preset.ok_or_else(|| {
        format!(
            "there is no preset `{name}`; the presets are {}; for another product, name its columns with --map \
             \"COLUMN=FIELD\" or --mapping FILE.toml",
            names()
        )
    })?;
    MappingFile::parse(text)?.mapping()
}

/// Returns the preset and the product of a header, if it is one of a well-known export.
#[must_use]
pub fn of_header<'a>(header: impl Iterator<Item = &'a str> + Clone) -> Option<(&'static str, String)> {
    PRESETS.iter().find_map(|(name, text)| {
        // A test reads every preset.
        let file = MappingFile::parse(text).ok()?;
        let product = file.product()?;
        product.matches(header.clone()).then(|| (*name, product.name.clone()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_valid_mapping_with_a_product() {
        for (name, _) in PRESETS {
            let mapping = named(name).unwrap();
            let product = mapping.rules.product.unwrap();
            assert!(!product.columns.is_empty() && mapping.columns.is_empty(), "{name}");
        }
        assert!(named("acme").unwrap_err().contains("shopify, skimmer, square"));
    }
}
