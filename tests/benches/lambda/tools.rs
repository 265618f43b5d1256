//! External programs that the bench runs. They are located before anything slow starts.

use std::path::PathBuf;

use crate::error::BenchError;

/// The paths of the programs.
pub(crate) struct Tools {
    /// Counts instructions.
    pub(crate) valgrind: PathBuf,
    /// Removes symbols, which the deployed executable does not have.
    pub(crate) strip: PathBuf,
    /// Generates the RSA keys of the engine's certificates.
    pub(crate) openssl: PathBuf,
}

impl Tools {
    /// Finds all programs on PATH.
    pub(crate) fn find() -> Result<Self, BenchError> {
        Ok(Self {
            valgrind: find("valgrind", "valgrind")?,
            strip: find("strip", "binutils")?,
            openssl: find("openssl", "openssl")?,
        })
    }
}

fn find(tool: &'static str, package: &'static str) -> Result<PathBuf, BenchError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(tool))
        .find(|file| file.is_file())
        .ok_or(BenchError::NoTool { tool, package })
}
