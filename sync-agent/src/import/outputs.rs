//! The files that an import writes: it overwrites nothing but an earlier report of rejected rows.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::outcome::{ImportError, ImportOptions};
use super::rejects::RejectsTo;

/// Checks, before anything is read, that the files to be written are neither the imported file nor each other, and that
/// the report of rejected rows replaces nothing but a report.
///
/// # Errors
/// Returns [`ImportError::RejectsOverSource`], [`ImportError::MappingOverSource`] or [`ImportError::MappingOverRejects`] if
/// two of the files are the same, and [`ImportError::Rejects`] if the report would replace another file.
pub(super) fn check_outputs<F>(source: &Path, options: &ImportOptions<F>) -> Result<(), ImportError> {
    let rejects = match &options.rejects {
        RejectsTo::File(file) => Some(file),
        RejectsTo::Nowhere | RejectsTo::NewFileIn(_) => None,
    };
    if let Some(mapping) = &options.save_mapping {
        if is_same_file(mapping, source) {
            return Err(ImportError::MappingOverSource(mapping.clone()));
        }
        if rejects.is_some_and(|rejects| is_same_file(mapping, rejects)) {
            return Err(ImportError::MappingOverRejects(mapping.clone()));
        }
    }
    if let Some(rejects) = rejects
        && is_same_file(rejects, source)
    {
        return Err(ImportError::RejectsOverSource(rejects.clone()));
    }
    Ok(options.rejects.check()?)
}

/// Checks that a mapping can be saved to a file: it does not exist, or holds the same mapping, as it does when an
/// interrupted import is run again.
pub(super) fn check_mapping(path: &Path, mapping: &str) -> Result<(), ImportError> {
    match std::fs::read(path) {
        Ok(saved) if saved == mapping.as_bytes() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) | Err(_) => Err(ImportError::MappingExists(path.to_owned())),
    }
}

/// Saves a mapping to a new file.
pub(super) fn save_mapping(path: &Path, mapping: &str) -> Result<(), ImportError> {
    let created = OpenOptions::new().write(true).create_new(true).open(path);
    match created.and_then(|mut file| file.write_all(mapping.as_bytes())) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_mapping(path, mapping),
        Err(source) => Err(ImportError::MappingNotSaved { path: path.to_owned(), source }),
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (resolved(one), resolved(other)) {
        (Some(one), Some(other)) => one == other,
        // A file in a folder that does not exist is not one that can be written or was opened.
        _ => false,
    }
}

/// Returns the absolute path of a file, which need not exist in its folder.
fn resolved(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().or_else(|| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        Some(folder.unwrap_or(Path::new(".")).canonicalize().ok()?.join(path.file_name()?))
    })
}
