//! The report of rejected rows: a CSV file with the line, the reason and the cells of each row. The rows can
//! be corrected in the report and imported from it. It is created when the first row is rejected.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read as _};
use std::path::{Path, PathBuf};

use clientele_shared::csv::{FormulaGuard, guarded, unguarded};
use csv::StringRecord;

use super::mapping::REPORT_COLUMNS;
use super::reader::RejectedRow;

/// Maximum number of file names tried for a report.
const MAX_NAMES: u32 = 1_000;

/// The destination of the report of rejected rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RejectsTo {
    /// No report: rejected rows are only counted.
    #[default]
    Nowhere,
    /// A new file in this folder, named after the imported file. An empty path is the current directory.
    NewFileIn(PathBuf),
    /// This file, which is replaced if it is a report.
    File(PathBuf),
}

/// A report that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum RejectsError {
    /// The file exists and is not a report.
    #[error(
        "{} exists and is not a report of rejected rows; choose another file with --rejects FILE, or delete it first",
        .0.display()
    )]
    Exists(PathBuf),
    /// The file cannot be read or written.
    #[error(
        "cannot write the rejected rows to {}: {source}; choose another file with --rejects FILE",
        .path.display()
    )]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
}

/// The report of rejected rows while it is written.
pub(super) struct Rejects {
    to: RejectsTo,
    guard: FormulaGuard,
    /// Name of the imported file.
    file_name: OsString,
    report: Option<Report>,
}

struct Report {
    path: PathBuf,
    writer: csv::Writer<BufWriter<File>>,
}

impl Rejects {
    /// Creates the report. `guard` says whether an import of the report removes the apostrophes of the formula guard.
    pub(super) fn new(to: RejectsTo, file: &Path, guard: FormulaGuard) -> Self {
        Self { to, guard, file_name: file.file_name().unwrap_or_default().to_owned(), report: None }
    }

    /// Returns the report's path once the report exists.
    pub(super) fn path(&self) -> Option<&Path> {
        self.report.as_ref().map(|report| report.path.as_path())
    }

    /// Adds a row to the report, which is created if necessary.
    pub(super) fn add(&mut self, header: &StringRecord, row: &RejectedRow) -> Result<(), RejectsError> {
        let report = match &mut self.report {
            Some(report) => report,
            none => match self.to.create(&self.file_name, header, self.guard)? {
                Some(report) => none.insert(report),
                None => return Ok(()),
            },
        };
        let line = row.line.to_string();
        let reason = self.guard.apply(row.reason.as_str().into());
        let cells = row.cells.iter().map(|cell| guarded_cell(self.guard, cell));
        let cells = [line.as_bytes().into(), reason.as_bytes().into()].into_iter().chain(cells);
        report.writer.write_record(cells).map_err(|e| failed(&report.path, e.into()))
    }

    /// Writes all buffered rows to the file.
    pub(super) fn flush(&mut self) -> Result<(), RejectsError> {
        match &mut self.report {
            Some(report) => report.writer.flush().map_err(|source| failed(&report.path, source)),
            None => Ok(()),
        }
    }
}

impl RejectsTo {
    /// Checks that the report replaces no other file. An empty file and a device hold nothing to lose.
    ///
    /// # Errors
    /// Returns [`RejectsError::Exists`] if the file does not start as a report does, and
    /// [`RejectsError::Unwritable`] if it exists and cannot be read.
    pub(super) fn check(&self) -> Result<(), RejectsError> {
        let Self::File(path) = self else { return Ok(()) };
        let is_file = match path.metadata() {
            Ok(metadata) => metadata.is_file() && metadata.len() > 0,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(failed(path, error)),
        };
        if !is_file {
            return Ok(());
        }
        let (mut start, report) = (Vec::new(), REPORT_COLUMNS.join(","));
        let file = File::open(path).map_err(|error| failed(path, error))?;
        file.take(report.len() as u64).read_to_end(&mut start).map_err(|error| failed(path, error))?;
        if start == report.as_bytes() { Ok(()) } else { Err(RejectsError::Exists(path.clone())) }
    }

    fn create(
        &self,
        file_name: &OsString,
        header: &StringRecord,
        guard: FormulaGuard,
    ) -> Result<Option<Report>, RejectsError> {
        let (path, file) = match self {
            Self::Nowhere => return Ok(None),
            Self::File(path) => (path.clone(), File::create(path).map_err(|e| failed(path, e))?),
            Self::NewFileIn(folder) => new_file(folder, file_name)?,
        };
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .terminator(csv::Terminator::CRLF)
            .from_writer(BufWriter::new(file));
        let header = header.iter().map(|name| guarded_cell(guard, name.as_bytes()));
        let added = REPORT_COLUMNS.map(|name| Cow::Borrowed(name.as_bytes()));
        let written = writer.write_record(added.into_iter().chain(header));
        written.map_err(|e| failed(&path, e.into()))?;
        Ok(Some(Report { path, writer }))
    }
}

/// Creates a file that does not exist yet: an existing report might contain corrections.
fn new_file(folder: &Path, file_name: &OsString) -> Result<(PathBuf, File), RejectsError> {
    let mut number = 1;
    loop {
        let mut name = file_name.clone();
        name.push(if number == 1 { ".rejects.csv".to_owned() } else { format!(".rejects-{number}.csv") });
        let path = folder.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && number < MAX_NAMES => number += 1,
            Err(e) => return Err(failed(&path, e)),
        }
    }
}

/// Returns a cell of the imported file as the report has it. With the guard, the file's cell can have the guard's
/// apostrophe already, and the report's has exactly one, so that an import of either reads the same text.
fn guarded_cell(guard: FormulaGuard, cell: &[u8]) -> Cow<'_, [u8]> {
    match (guard, std::str::from_utf8(cell)) {
        (FormulaGuard::On, Ok(text)) => match guarded(unguarded(text).into()) {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        },
        _ => Cow::Borrowed(cell),
    }
}

fn failed(path: &Path, source: io::Error) -> RejectsError {
    RejectsError::Unwritable { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(cells: &[&[u8]]) -> RejectedRow {
        RejectedRow { line: 3, reason: "email: bad, very".into(), cells: cells.iter().copied().collect() }
    }

    #[test]
    fn report_contains_the_cells_of_the_row() {
        let folder = tempfile::tempdir().unwrap();
        let mut rejects = Rejects::new(
            RejectsTo::NewFileIn(folder.path().into()),
            Path::new("/data/a.csv"),
            FormulaGuard::On,
        );
        let header = StringRecord::from(vec!["id", "email"]);
        assert_eq!(rejects.path(), None);
        rejects.add(&header, &rejected(&[b"1", b"\xff,", b"more"])).unwrap();
        rejects.flush().unwrap();
        let path = folder.path().join("a.csv.rejects.csv");
        assert_eq!(rejects.path(), Some(path.as_path()));
        assert_eq!(
            std::fs::read(path).unwrap(),
            b"line,reason,id,email\r\n3,\"email: bad, very\",1,\"\xff,\",more\r\n"
        );
    }

    #[test]
    fn report_runs_no_formulas_and_reads_the_same_when_it_is_imported() {
        for (cell, on, off) in [
            ("=cmd()", "'=cmd()", "=cmd()"),
            ("'=cmd()", "'=cmd()", "'=cmd()"),
            ("''=cmd()", "''=cmd()", "''=cmd()"),
            ("O'Neil", "O'Neil", "O'Neil"),
        ] {
            assert_eq!(guarded_cell(FormulaGuard::On, cell.as_bytes()), on.as_bytes());
            assert_eq!(guarded_cell(FormulaGuard::Off, cell.as_bytes()), off.as_bytes());
            assert_eq!(unguarded(on), unguarded(cell));
        }
        let folder = tempfile::tempdir().unwrap();
        let to = RejectsTo::File(folder.path().join("r.csv"));
        let mut rejects = Rejects::new(to, Path::new("a.csv"), FormulaGuard::On);
        let row = RejectedRow { line: 2, reason: "=x: bad".into(), cells: [b"@y"].iter().collect() };
        rejects.add(&StringRecord::from(vec!["=x"]), &row).unwrap();
        rejects.flush().unwrap();
        let report = std::fs::read_to_string(folder.path().join("r.csv")).unwrap();
        assert_eq!(report, "line,reason,'=x\r\n2,'=x: bad,'@y\r\n");
    }

    #[test]
    fn existing_report_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<PathBuf> = (0..3)
            .map(|_| {
                let to = RejectsTo::NewFileIn(folder.path().into());
                let mut rejects = Rejects::new(to, Path::new("a.csv"), FormulaGuard::On);
                rejects.add(&StringRecord::from(vec!["id"]), &rejected(&[b"1"])).unwrap();
                rejects.path().unwrap().strip_prefix(folder.path()).unwrap().to_owned()
            })
            .collect();
        assert_eq!(
            names,
            ["a.csv.rejects.csv", "a.csv.rejects-2.csv", "a.csv.rejects-3.csv"].map(PathBuf::from)
        );
    }

    #[test]
    fn write_error_names_the_report() {
        let mut rejects =
            Rejects::new(RejectsTo::File("/nowhere/x.csv".into()), Path::new("a.csv"), FormulaGuard::On);
        let error = rejects.add(&StringRecord::from(vec!["id"]), &rejected(&[b"1"])).unwrap_err();
        assert!(error.to_string().contains("/nowhere/x.csv"), "{error}");
    }
}
