//! Builds the measured executables as they are deployed, and reads their paths from cargo.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::error::{BenchError, Doing};
use crate::scenario::HELLO;

/// The packages whose binaries are Lambda functions.
const FUNCTION_PACKAGES: [&str; 5] = [
    "clientele-functions-erp",
    "clientele-functions-trades",
    "clientele-functions-pool",
    "clientele-functions-funnels",
    "clientele-functions-quickbooks",
];

/// The package that has hello as an example, so that hello is built with the same profile and libraries.
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

/// The part of the output of `cargo metadata` that is used.
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

/// A message of `cargo build` about a target that it built.
#[derive(Deserialize)]
struct Artifact {
    target: Target,
    executable: Option<PathBuf>,
}

/// Returns every function of the workspace.
pub(crate) fn functions() -> Result<Vec<Bin>, BenchError> {
    let command = "cargo metadata";
    let output = cargo(command, &["metadata", "--no-deps", "--format-version=1"])?;
    let metadata: Metadata = serde_json::from_slice(&output)
        .map_err(std::io::Error::from)
        .doing(|| format!("parse the output of `{command}`"))?;
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

/// Builds these functions, one package at a time: built together, they would share features of their
/// libraries.
pub(crate) fn build_functions(functions: &[Bin]) -> Result<Vec<Binary>, BenchError> {
    let mut all = Vec::new();
    for package in FUNCTION_PACKAGES {
        let members = functions.iter().filter(|function| function.package == package);
        let names: Vec<&str> = members.map(|function| function.name.as_str()).collect();
        if !names.is_empty() {
            let targets = names.iter().flat_map(|name| ["--bin", name]);
            let options: Vec<&str> = ["-p", package].into_iter().chain(targets).collect();
            all.extend(build(&options, &names)?);
        }
    }
    Ok(all)
}

/// Returns the target and the flags of `cargo lambda build`, which selects the oldest CPU that Lambda uses
/// for the architecture. The measured executables are thus those that are deployed.
const fn lambda_target() -> (&'static str, &'static str) {
    if cfg!(target_arch = "aarch64") {
        ("aarch64-unknown-linux-gnu", "build.rustflags=[\"-C\",\"target-cpu=neoverse-n1\"]")
    } else {
        ("x86_64-unknown-linux-gnu", "build.rustflags=[\"-C\",\"target-cpu=haswell\"]")
    }
}

/// Builds with these options and returns the executables called `names`, in that order.
fn build(options: &[&str], names: &[&str]) -> Result<Vec<Binary>, BenchError> {
    let (target, flags) = lambda_target();
    let as_lambda = ["build", "--release", "--target", target, "--config", flags];
    let command = format!("cargo {} {}", as_lambda.join(" "), options.join(" "));
    eprintln!("{command}");
    let messages = ["--message-format=json-render-diagnostics"];
    let output = cargo(&command, &[&as_lambda, &messages[..], options].concat())?;
    // Messages of other kinds have no target, and libraries have no executable.
    let artifacts: Vec<Artifact> =
        output.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let find = |name: &&str| {
        let found = artifacts.iter().find(|built| built.target.name == *name && built.executable.is_some());
        let path = found.and_then(|built| built.executable.clone()).ok_or_else(|| missing(name))?;
        Ok(Binary { name: (*name).to_owned(), path })
    };
    names.iter().map(find).collect()
}

fn missing(name: &str) -> BenchError {
    BenchError::NoExecutable { target: name.to_owned() }
}

fn cargo(command: &str, arguments: &[&str]) -> Result<Vec<u8>, BenchError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .doing(|| format!("run `{command}`"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(BenchError::Command { command: command.to_owned(), status: output.status })
    }
}
