//! The report of rejected rows: a CSV file with the line, the reason, and the row's own cells, so that the rows
//! can be put right there and imported from it. It is made when the first row is rejected.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use csv::StringRecord;

use super::reader::RejectedRow;

/// How many names are tried for a report before giving up.
const MAX_NAMES: u32 = 1_000;

/// Where the rejected rows are reported.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RejectsTo {
    /// Nowhere: they are only counted.
    #[default]
    Nowhere,
    /// In a new file of this folder, named after the file that is read.
    NewFileIn(PathBuf),
    /// In this file, whatever it held before.
    File(PathBuf),
}

/// A report that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the rejected rows to {}: {source}. Name another file with --rejects FILE", .path.display())]
pub struct RejectsError {
    /// The file.
    path: PathBuf,
    /// What the system says.
    source: io::Error,
}

/// The report while it is written.
pub(super) struct Rejects {
    to: RejectsTo,
    /// What the file that is read is called.
    file_name: OsString,
    open: Option<Open>,
}

struct Open {
    path: PathBuf,
    writer: csv::Writer<BufWriter<File>>,
}

impl Rejects {
    pub(super) fn new(to: RejectsTo, file: &Path) -> Self {
        Self { to, file_name: file.file_name().unwrap_or_default().to_owned(), open: None }
    }

    /// The file, once there is one.
    pub(super) fn path(&self) -> Option<&Path> {
        self.open.as_ref().map(|open| open.path.as_path())
    }

    /// Adds a row.
    pub(super) fn add(&mut self, header: &StringRecord, row: &RejectedRow) -> Result<(), RejectsError> {
        let open = match &mut self.open {
            Some(open) => open,
            none => match self.to.create(&self.file_name, header)? {
                Some(open) => none.insert(open),
                None => return Ok(()),
            },
        };
        let line = row.line.to_string();
        let cells = [line.as_bytes(), row.reason.as_bytes()].into_iter().chain(&row.cells);
        open.writer.write_record(cells).map_err(|e| failed(&open.path, e.into()))
    }

    /// Sees to it that every row added is in the file.
    pub(super) fn flush(&mut self) -> Result<(), RejectsError> {
        match &mut self.open {
            Some(open) => open.writer.flush().map_err(|source| failed(&open.path, source)),
            None => Ok(()),
        }
    }
}

impl RejectsTo {
    fn create(&self, file_name: &OsString, header: &StringRecord) -> Result<Option<Open>, RejectsError> {
        let (path, file) = match self {
            Self::Nowhere => return Ok(None),
            Self::File(path) => (path.clone(), File::create(path).map_err(|e| failed(path, e))?),
            Self::NewFileIn(folder) => new_file(folder, file_name)?,
        };
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .terminator(csv::Terminator::CRLF)
            .from_writer(BufWriter::new(file));
        let written = writer.write_record(["line", "reason"].into_iter().chain(header));
        written.map_err(|e| failed(&path, e.into()))?;
        Ok(Some(Open { path, writer }))
    }
}

/// A file that was not there before: somebody may be at work on the last report.
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

fn failed(path: &Path, source: io::Error) -> RejectsError {
    RejectsError { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(cells: &[&[u8]]) -> RejectedRow {
        RejectedRow { line: 3, reason: "email: bad, very".into(), cells: cells.iter().copied().collect() }
    }

    #[test]
    fn the_report_holds_the_cells_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let mut rejects = Rejects::new(RejectsTo::NewFileIn(folder.path().into()), Path::new("/data/a.csv"));
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
    fn a_report_that_is_there_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<PathBuf> = (0..3)
            .map(|_| {
                let to = RejectsTo::NewFileIn(folder.path().into());
                let mut rejects = Rejects::new(to, Path::new("a.csv"));
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
    fn a_folder_that_is_not_there_is_named() {
        let mut rejects = Rejects::new(RejectsTo::File("/nowhere/x.csv".into()), Path::new("a.csv"));
        let error = rejects.add(&StringRecord::from(vec!["id"]), &rejected(&[b"1"])).unwrap_err();
        assert!(error.to_string().contains("/nowhere/x.csv"), "{error}");
    }
}
