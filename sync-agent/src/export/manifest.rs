//! The manifest of an export: a JSON file next to it that describes its contents.

use clientele_shared::model::{ExportFilter, ExportFormat, ExportKind, Mode, Timestamp};
use serde::{Deserialize, Serialize};

/// The version of the columns and of the manifest. A new column or member does not raise it.
pub const SCHEMA_VERSION: u32 = 1;

/// The name of the file that names the manifest of the last export.
pub(super) const LATEST: &str = "latest.json";

/// The contents of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name of the file.
    pub file: String,
    /// Records that the file contains.
    pub kind: ExportKind,
    /// Format of the file.
    pub format: ExportFormat,
    /// Number of rows in the file, without the header.
    pub rows: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file in hexadecimal.
    pub sha256: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Version of the columns and of the manifest.
    pub schema_version: u32,
    /// The customers that were selected.
    pub filter: ExportFilter,
    /// Tenant that the records belong to.
    pub tenant: String,
    /// Live or test records.
    pub mode: Mode,
    /// Time at which the export started; records created later are not in it.
    pub taken_at: String,
    /// Position in the log of changes. An incremental export continues from it.
    pub position: String,
    /// Of an incremental export, the time at which the export before it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Of an incremental export, how many of the rows are deletions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<u64>,
    /// Whether cells that a spreadsheet would run as formulas are marked as text.
    pub formula_guard: bool,
}

/// The content of [`LATEST`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Latest {
    /// Path of the manifest, relative to the folder of the kind.
    pub(super) manifest: String,
}

/// The paths of an export, relative to its destination, with `/` between folders.
///
/// They contain the export's time to the millisecond, so that two exports do not collide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paths {
    kind: ExportKind,
    pub(super) format: ExportFormat,
    /// The folder of the day, relative to that of the kind.
    day: String,
    pub(super) file_name: String,
    manifest_name: String,
}

impl Paths {
    pub(super) fn new(kind: ExportKind, format: ExportFormat, time: Timestamp) -> Self {
        let time = jiff::Timestamp::from_millisecond(time.as_millis()).unwrap_or_default();
        let stem = format!("{kind}-{}", time.strftime("%Y%m%dT%H%M%S.%3fZ"));
        Self {
            kind,
            format,
            day: time.strftime("%Y/%m/%d").to_string(),
            file_name: format!("{stem}.{}", format.as_str()),
            manifest_name: format!("{stem}.manifest.json"),
        }
    }

    /// Returns the paths of the export that a manifest describes; `None` if its time is not one.
    pub(super) fn of(manifest: &Manifest) -> Option<Self> {
        let taken_at = Timestamp::from_rfc3339(&manifest.taken_at)?;
        Some(Self::new(manifest.kind, manifest.format, taken_at))
    }

    pub(super) fn file(&self) -> String {
        format!("{}/{}/{}", self.kind, self.day, self.file_name)
    }

    pub(super) fn manifest(&self) -> String {
        format!("{}/{}", self.kind, self.latest().manifest)
    }

    /// Returns the content of [`LATEST`] for this export.
    pub(super) fn latest(&self) -> Latest {
        Latest { manifest: format!("{}/{}", self.day, self.manifest_name) }
    }
}

/// Returns the path of [`LATEST`], relative to the destination.
pub(super) fn latest_path(kind: ExportKind) -> String {
    format!("{kind}/{LATEST}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_contain_the_day_and_the_time_of_the_export() {
        let at = Timestamp::from_millis(1_705_314_600_007);
        let paths = Paths::new(ExportKind::Orders, ExportFormat::CsvGz, at);
        assert_eq!(paths.file(), "orders/2024/01/15/orders-20240115T103000.007Z.csv.gz");
        assert_eq!(paths.manifest(), "orders/2024/01/15/orders-20240115T103000.007Z.manifest.json");
        assert_eq!(paths.latest().manifest, "2024/01/15/orders-20240115T103000.007Z.manifest.json");
        assert_eq!(latest_path(ExportKind::Orders), "orders/latest.json");
    }
}
