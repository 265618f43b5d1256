//! The manifest: what is in an export, in JSON beside it.

use clientele_shared::model::{Mode, Timestamp};
use serde::Serialize;

/// What is in an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The file's name.
    pub file: String,
    /// How many customers it holds.
    pub rows: u64,
    /// How long it is.
    pub bytes: u64,
    /// Its SHA-256 in hex.
    pub sha256: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// The moment it was taken: customers created later are not in it.
    pub taken_at: String,
    /// Whose customers they are.
    pub tenant: String,
    /// Live records or the sandbox.
    pub mode: Mode,
    /// The status that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    /// The search that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Whether cells that a spreadsheet would run are marked as text.
    pub formula_guard: bool,
}

/// The names of an export that is taken at this moment: of its file and of its manifest.
///
/// The moment is to the millisecond, so that two exports do not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) file: String,
    pub(super) manifest: String,
}

impl Names {
    pub(super) fn at(moment: Timestamp) -> Self {
        let moment = jiff::Timestamp::from_millisecond(moment.as_millis()).unwrap_or_default();
        let stem = format!("customers-{}", moment.strftime("%Y%m%dT%H%M%S.%3fZ"));
        Self { file: format!("{stem}.csv"), manifest: format!("{stem}.manifest.json") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_named_by_its_moment() {
        let names = Names::at(Timestamp::from_millis(1_705_314_600_007));
        assert_eq!(names.file, "customers-20240115T103000.007Z.csv");
        assert_eq!(names.manifest, "customers-20240115T103000.007Z.manifest.json");
    }
}
