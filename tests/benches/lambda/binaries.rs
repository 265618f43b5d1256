//! Builds what is measured, as it is deployed, and asks cargo where it has put it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::error::{BenchError, Doing};
use crate::scenario::HELLO;

/// The packages whose bins are Lambdas.
const FUNCTION_PACKAGES: [&str; 2] = ["clientele-functions-trades", "clientele-functions-pool"];

/// The package that has hello as an example: it is built with the same profile and the same libraries.
const HELLO_PACKAGE: &str = "clientele-functions-common";

/// A function that can be built.
pub(crate) struct Bin {
    package: String,
    pub(crate) name: String,
}

/// An executable of this workspace.
pub(crate) struct Binary {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// What `cargo metadata` tells, as far as it is needed.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// A message of `cargo build` about something that it made.
#[derive(Deserialize)]
struct Made {
    target: Target,
    executable: Option<PathBuf>,
}

/// Every function of the workspace.
pub(crate) fn functions() -> Result<Vec<Bin>, BenchError> {
    let said = "cargo metadata";
    let output = cargo(said, &["metadata", "--no-deps", "--format-version=1"])?;
    let metadata: Metadata = serde_json::from_slice(&output)
        .map_err(std::io::Error::from)
        .doing(|| format!("read the answer of `{said}`"))?;
    let packages = metadata.packages.into_iter();
    let functions = packages.filter(|package| FUNCTION_PACKAGES.contains(&package.name.as_str()));
    Ok(functions.flat_map(bins).collect())
}

fn bins(package: Package) -> Vec<Bin> {
    let targets = package.targets.into_iter();
    targets
        .filter(|target| target.kind.iter().any(|kind| kind == "bin"))
        .map(|target| Bin { package: package.name.clone(), name: target.name })
        .collect()
}

/// Builds hello.
pub(crate) fn build_hello() -> Result<Binary, BenchError> {
    let mut built = build(&["-p", HELLO_PACKAGE, "--example", HELLO], &[HELLO])?;
    built.pop().ok_or_else(|| missing(HELLO))
}

/// Builds these functions, each package by itself: built together they would share their libraries' features.
pub(crate) fn build_functions(functions: &[Bin]) -> Result<Vec<Binary>, BenchError> {
    let mut all = Vec::new();
    for package in FUNCTION_PACKAGES {
        let of_package = functions.iter().filter(|function| function.package == package);
        let names: Vec<&str> = of_package.map(|function| function.name.as_str()).collect();
        if !names.is_empty() {
            let targets = names.iter().flat_map(|name| ["--bin", name]);
            let options: Vec<&str> = ["-p", package].into_iter().chain(targets).collect();
            all.extend(build(&options, &names)?);
        }
    }
    Ok(all)
}

/// What `cargo lambda build` compiles for: the target, and the oldest processor that Lambda runs functions of that
/// architecture on. Both are given here as it gives them, so that what is measured is what is deployed.
const fn lambda_target() -> (&'static str, &'static str) {
    if cfg!(target_arch = "aarch64") {
        ("aarch64-unknown-linux-gnu", "build.rustflags=[\"-C\",\"target-cpu=neoverse-n1\"]")
    } else {
        ("x86_64-unknown-linux-gnu", "build.rustflags=[\"-C\",\"target-cpu=haswell\"]")
    }
}

/// Builds with these options; returns the executables that `names` name, in their order.
fn build(options: &[&str], names: &[&str]) -> Result<Vec<Binary>, BenchError> {
    let (target, flags) = lambda_target();
    let as_lambda = ["build", "--release", "--target", target, "--config", flags];
    let said = format!("cargo {} {}", as_lambda.join(" "), options.join(" "));
    eprintln!("{said}");
    let messages = ["--message-format=json-render-diagnostics"];
    let output = cargo(&said, &[&as_lambda, &messages[..], options].concat())?;
    // Messages of other kinds have no target, and libraries have no executable.
    let made: Vec<Made> =
        output.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let find = |name: &&str| {
        let path = made.iter().find(|made| made.target.name == *name && made.executable.is_some());
        let path = path.and_then(|made| made.executable.clone()).ok_or_else(|| missing(name))?;
        Ok(Binary { name: (*name).to_owned(), path })
    };
    names.iter().map(find).collect()
}

fn missing(name: &str) -> BenchError {
    BenchError::NoExecutable { target: name.to_owned() }
}

fn cargo(said: &str, arguments: &[&str]) -> Result<Vec<u8>, BenchError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .doing(|| format!("run `{said}`"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(BenchError::Command { command: said.to_owned(), status: output.status })
    }
}
