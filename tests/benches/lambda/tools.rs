//! The programs of this machine that the bench calls, looked up before anything slow is done.

use std::path::PathBuf;

use crate::error::BenchError;

/// Where each of them is.
pub(crate) struct Tools {
    /// Counts instructions.
    pub(crate) valgrind: PathBuf,
    /// Removes symbols, as the deployed executable has none.
    pub(crate) strip: PathBuf,
    /// Makes the RSA keys of the engine's certificates.
    pub(crate) openssl: PathBuf,
}

impl Tools {
    /// Looks for all of them on PATH.
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
