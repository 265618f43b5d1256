//! The repository's files, and its packages as cargo describes them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A text file of the repository.
#[derive(Debug)]
pub(crate) struct File {
    /// Path from the repository root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// Returns the file name without its folders.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// Returns the repository root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Returns every text file of the repository that git does not ignore, sorted by path.
pub(crate) fn files() -> Vec<File> {
    let text =
        |path: String| std::fs::read_to_string(root().join(&path)).ok().map(|text| File { path, text });
    paths().into_iter().filter_map(text).collect()
}

/// Returns the paths and sizes in bytes of the files that are not text.
pub(crate) fn binary_files() -> Vec<(String, usize)> {
    let binary = |path: String| {
        let bytes = std::fs::read(root().join(&path)).unwrap();
        std::str::from_utf8(&bytes).is_err().then_some((path, bytes.len()))
    };
    paths().into_iter().filter_map(binary).collect()
}

/// Returns the path of every file that git does not ignore, sorted.
fn paths() -> Vec<String> {
    let ignored = ignored();
    let mut paths = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let from_root = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            if from_root == ".git" || ignored.contains(&from_root) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                paths.push(from_root);
            }
        }
    }
    paths.sort();
    paths
}

/// Returns the text of a file.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path} is missing: {e}"))
}

/// Returns the names in `.gitignore`. Only lines of the form `/name` are supported.
fn ignored() -> Vec<String> {
    let text = read(".gitignore");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let name = line.strip_prefix('/').map(|name| name.trim_end_matches('/'));
            let plain = name.filter(|name| !name.contains(['*', '?', '!', '[']));
            plain
                .unwrap_or_else(|| {
                    panic!(".gitignore: the guards support only lines of the form /name, not {line}")
                })
                .into()
        })
        .collect()
}

/// A package of the workspace, as cargo describes it.
#[derive(Debug)]
pub(crate) struct Package(Value);

impl Package {
    pub(crate) fn name(&self) -> &str {
        self.0["name"].as_str().unwrap()
    }

    /// Returns the package's folder, relative to the repository root.
    pub(crate) fn folder(&self) -> String {
        let manifest = Path::new(self.0["manifest_path"].as_str().unwrap());
        let root = root().canonicalize().unwrap();
        let folder = manifest.parent().unwrap().canonicalize().unwrap();
        folder.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/")
    }

    /// Returns the names of the package's binaries.
    pub(crate) fn binaries(&self) -> impl Iterator<Item = &str> {
        let targets = self.0["targets"].as_array().unwrap().iter();
        targets
            .filter(|target| target["kind"].as_array().unwrap().iter().any(|kind| kind == "bin"))
            .map(|target| target["name"].as_str().unwrap())
    }

    /// Returns the names of the package's dependencies, including those of tests and build scripts.
    pub(crate) fn dependencies(&self) -> impl Iterator<Item = &str> {
        self.dependency_tables().map(|dependency| dependency["name"].as_str().unwrap())
    }

    /// Returns whether the package itself, and not only its tests, depends on another.
    pub(crate) fn links(&self, name: &str) -> bool {
        self.dependency_tables().any(|dependency| dependency["name"] == name && dependency["kind"].is_null())
    }

    /// Returns the features of a dependency that the package enables.
    pub(crate) fn features_of(&self, name: &str) -> impl Iterator<Item = &str> {
        let tables = self.dependency_tables().filter(move |dependency| dependency["name"] == name);
        tables
            .flat_map(|dependency| dependency["features"].as_array().unwrap())
            .map(|name| name.as_str().unwrap())
    }

    fn dependency_tables(&self) -> impl Iterator<Item = &Value> {
        self.0["dependencies"].as_array().unwrap().iter()
    }
}

/// Returns the packages of the workspace.
pub(crate) fn packages() -> Vec<Package> {
    metadata()["packages"].as_array().unwrap().iter().cloned().map(Package).collect()
}

/// Returns the workspace as cargo describes it.
pub(crate) fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
