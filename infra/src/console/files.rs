//! The files of the console, which this program contains.

macro_rules! files {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("page/", $path)))),+]
    };
}

/// The files, by their paths below `/console/`.
pub(super) const FILES: &[(&str, &str)] = files![
    "base.css",
    "data/customers.js",
    "data/lists.js",
    "data/writes.js",
    "docs/docs.js",
    "drawer/chart.js",
    "drawer/contacts.js",
    "drawer/create.js",
    "drawer/drawer.css",
    "drawer/drawer.js",
    "drawer/editor.js",
    "drawer/fields.js",
    "drawer/orders.js",
    "drawer/record.js",
    "drawer/tags.js",
    "graphiql/graphiql.css",
    "graphiql/graphiql.js",
    "graphiql/plain.css",
    "icon.svg",
    "main.js",
    "palette/palette.js",
    "shared/api.js",
    "shared/csv.js",
    "shared/dialog.js",
    "shared/dom.js",
    "shared/format.js",
    "shared/session.js",
    "shell.css",
    "table/bulk.js",
    "table/columns.js",
    "table/filters.js",
    "table/rows.js",
    "table/table.css",
    "table/view.js",
    "views/functions.js",
    "views/keys.js",
    "views/requests.js",
    "views/views.css",
];

/// The pages, by their paths.
pub(super) const PAGES: [(&str, &str); 3] = [
    ("/", include_str!("page/index.html")),
    ("/docs", include_str!("page/docs/docs.html")),
    ("/graphiql", include_str!("page/graphiql/graphiql.html")),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_served() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console/page");
        let mut folders = vec![root.clone()];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_none_or(|ending| ending != "html") {
                    found.push(path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/"));
                }
            }
        }
        found.sort();
        assert_eq!(found, FILES.iter().map(|(path, _)| *path).collect::<Vec<_>>());
    }
}
