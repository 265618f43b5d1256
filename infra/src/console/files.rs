//! The files of the console, which this program contains.

use std::path::Path;
use std::sync::LazyLock;

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
    "docs/docs.css",
    "docs/docs.js",
    "docs/graphql.js",
    "docs/rest.js",
    "docs/runner.js",
    "docs/swagger.js",
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
    "graphiql/page.css",
    "graphiql/plain.js",
    "graphiql/samples.js",
    "graphiql/start.js",
    "icon.svg",
    "import/export.js",
    "import/import.css",
    "import/import.js",
    "main.js",
    "mirror/mirror.js",
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

/// The styles of the page of customers, in their order. They are served as one file, so that the first paint waits for one.
pub(super) const STYLES: &str = concat!(
    include_str!("page/base.css"),
    include_str!("page/shell.css"),
    include_str!("page/table/table.css"),
    include_str!("page/drawer/drawer.css"),
    include_str!("page/import/import.css"),
    include_str!("page/views/views.css"),
);

/// The pages, by their paths.
pub(super) const PAGES: [(&str, &str); 4] = [
    ("/", include_str!("page/index.html")),
    ("/docs", include_str!("page/docs/docs.html")),
    ("/docs/swagger", include_str!("page/docs/swagger.html")),
    ("/graphiql", include_str!("page/graphiql/graphiql.html")),
];

/// The files of the published GraphiQL, which `infra/scripts/graphiql` builds in this folder.
const EDITOR_FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/graphiql/dist");

/// The files of the published GraphiQL, by their names; none if it had not been built when this process started.
pub(super) static EDITOR: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    let read = |name| Some((name, std::fs::read(Path::new(EDITOR_FOLDER).join(name)).ok()?));
    ["editor.css", "editor.js"].into_iter().map(read).collect::<Option<_>>().unwrap_or_default()
});

#[cfg(test)]
mod tests {
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
