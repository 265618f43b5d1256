//! The files that an import writes: nothing but an earlier report of rejected rows is overwritten.

use crate::engine::Engine;

const ROWS: &str = "id,email,status\n1,a@b.c,LEAD\n2,c@d.e,GONE\n";

/// Runs an import of `rows.csv`; returns its exit code and its error, which is one line.
async fn import(engine: &Engine, more: &[&str]) -> (Option<i32>, String) {
    let output = engine.run(&[&["import", "customers", "rows.csv"], more].concat()).await;
    let stderr = String::from_utf8(output.stderr).unwrap();
    let errors: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert!(errors.len() <= 1, "{stderr}");
    (output.status.code(), errors.concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn import_overwrites_neither_its_source_nor_another_file() {
    let engine = Engine::start().await;
    engine.file("rows.csv", ROWS);
    engine.file("notes.txt", "mine\n");
    std::fs::create_dir(engine.folder.path().join("sub")).unwrap();
    for (options, expected) in [
        (&["--save-mapping", "rows.csv"][..], "rows.csv is the file to be imported; choose another file"),
        (&["--save-mapping", "sub/../rows.csv"], "sub/../rows.csv is the file to be imported"),
        (&["--save-mapping", "notes.txt"], "notes.txt exists already; choose another name"),
        (&["--save-mapping", "new", "--rejects", "./new"], "new is the file for the rejected rows"),
        (&["--rejects", "rows.csv"], "rows.csv is the file to be imported; choose another file"),
        (
            &["--rejects", "notes.txt"],
            "notes.txt exists and is not a report of rejected rows; choose another",
        ),
    ] {
        for more in [&[][..], &["--dry-run"]] {
            let (code, error) = import(&engine, &[options, more].concat()).await;
            assert_eq!(code, Some(2), "{options:?}: {error}");
            assert!(error.contains(expected), "{options:?}: {error}");
        }
    }
    let read = |name: &str| std::fs::read_to_string(engine.folder.path().join(name)).unwrap();
    assert_eq!((read("rows.csv").as_str(), read("notes.txt").as_str()), (ROWS, "mine\n"));
    assert!(!engine.folder.path().join("new").exists());
    assert_eq!(engine.customers("demo").await.1, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn report_is_replaced_and_the_same_mapping_is_kept_when_an_import_is_repeated() {
    let engine = Engine::start().await;
    engine.file("rows.csv", ROWS);
    engine.file("empty.csv", "");
    engine.file("report.csv", "line,reason,id\r\n9,old,9\r\n");
    for report in ["report.csv", "empty.csv", "report.csv"] {
        let (code, error) = import(&engine, &["--rejects", report, "--save-mapping", "rows.toml"]).await;
        assert_eq!((code, error.as_str()), (Some(3), ""));
        let report = std::fs::read_to_string(engine.folder.path().join(report)).unwrap();
        assert!(report.starts_with("line,reason,id,email,status\r\n3,"), "{report}");
    }
    let (code, error) = import(&engine, &["--save-mapping", "rows.toml", "--map", "status=-"]).await;
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("rows.toml exists already"), "{error}");
}
