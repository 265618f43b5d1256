//! The manifest of an export: a JSON file next to it that describes its contents.

use clientele_shared::model::{Mode, Timestamp};
use serde::Serialize;

/// The contents of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// Name of the file.
    pub file: String,
    /// Number of customers in the file.
    pub rows: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file in hexadecimal.
    pub sha256: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Time at which the export started; customers created later are not in it.
    pub taken_at: String,
    /// Tenant that the customers belong to.
    pub tenant: String,
    /// Live or test records.
    pub mode: Mode,
    /// Status filter, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    /// Search filter, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Whether cells that a spreadsheet would run as formulas are marked as text.
    pub formula_guard: bool,
}

/// The file names of an export and its manifest.
///
/// They contain the export's time to the millisecond, so that two exports do not collide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) file: String,
    pub(super) manifest: String,
}

impl Names {
    pub(super) fn at(time: Timestamp) -> Self {
        let time = jiff::Timestamp::from_millisecond(time.as_millis()).unwrap_or_default();
        let stem = format!("customers-{}", time.strftime("%Y%m%dT%H%M%S.%3fZ"));
        Self { file: format!("{stem}.csv"), manifest: format!("{stem}.manifest.json") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_contain_the_time_of_the_export() {
        let names = Names::at(Timestamp::from_millis(1_705_314_600_007));
        assert_eq!(names.file, "customers-20240115T103000.007Z.csv");
        assert_eq!(names.manifest, "customers-20240115T103000.007Z.manifest.json");
    }
}
