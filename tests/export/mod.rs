//! Exports: complete files of every kind, changes since the last one, and exports on a schedule.

mod contents;
mod faults;
mod incremental;
mod scheduled;
mod server;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clientele_shared::model::{ExportContent, ExportFormat, ExportKind, Mode};
use clientele_sync_agent::export::{ExportDestination, ExportOptions, Exported, Exporter};
use flate2::read::GzDecoder;

pub(crate) use self::scheduled::Schedule;
use self::server::Bucket;
use crate::support::Stack;

/// A row by column.
type Row = BTreeMap<String, String>;

/// A folder for the exports of `acme`.
struct Folder<'a> {
    stack: &'a Stack,
    folder: tempfile::TempDir,
}

impl<'a> Folder<'a> {
    fn new(stack: &'a Stack) -> Self {
        Self { stack, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Exports a second later than the export before.
    async fn export(&self, content: ExportContent) -> Exported {
        self.stack.clock.advance_seconds(1);
        let options = ExportOptions { content, ..ExportOptions::default() };
        let exporter = Exporter::new(self.stack.store.clone(), "acme".parse().unwrap(), Mode::Live, options);
        let to = ExportDestination::Folder(self.path().to_owned());
        exporter.run(&to, &mut |_| {}).await.unwrap()
    }

    /// Exports the changes since the last export; returns the rows.
    async fn changes(&self, content: ExportContent) -> Vec<Row> {
        let exported = self.export(ExportContent { incremental: true, ..content }).await;
        assert_eq!(exported.full_because, None);
        let rows = rows(&exported);
        let deleted = rows.iter().filter(|row| !row["deleted_at"].is_empty()).count();
        assert_eq!(exported.manifest.deleted, Some(deleted as u64));
        rows
    }
}

fn of(kind: ExportKind) -> ExportContent {
    ExportContent { kind, ..ExportContent::default() }
}

/// Reads the rows of a CSV export, compressed or not, and checks their number.
fn rows(exported: &Exported) -> Vec<Row> {
    let file = std::fs::read(&exported.place).unwrap();
    let mut text = Vec::new();
    match exported.manifest.format {
        ExportFormat::CsvGz => drop(GzDecoder::new(&file[..]).read_to_end(&mut text).unwrap()),
        _ => text = file,
    }
    let mut reader = csv::Reader::from_reader(&text[..]);
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(exported.manifest.columns, header);
    let row =
        |record: csv::StringRecord| header.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
    let rows: Vec<Row> = reader.records().map(|record| row(record.unwrap())).collect();
    assert_eq!(exported.manifest.rows, rows.len() as u64);
    rows
}

/// The values of some columns, in the order of the rows.
fn cells<const N: usize>(rows: &[Row], columns: [&str; N]) -> Vec<[String; N]> {
    rows.iter().map(|row| columns.map(|column| row[column].clone())).collect()
}

/// The paths of all files below a folder, hidden ones too.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
