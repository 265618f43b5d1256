//! Mapping files: saved ones import the same as the mapping that they were saved from, for all kinds of import.

use serde_json::Value;

use crate::engine::Engine;
use crate::presets::file;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saved_mapping_imports_the_same_customers() {
    let engine = Engine::start().await;
    for (preset, choice) in [("jobber", &["--map", "Lead Source=-"][..]), ("google-contacts", &[])] {
        let file = file(preset);
        let file = file.to_str().unwrap();
        let saved = format!("{preset}.toml");
        let save = ["import", "customers", file, "--preset", preset, "--save-mapping", &saved, "--dry-run"];
        let output = engine.run(&[&save[..], choice].concat()).await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let import = ["import", "customers", file, "--mapping", &saved, "--source", preset, "--json"];
        let output = engine.run(&import).await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&json["created"], &json["warnings"]), (&2.into(), &serde_json::json!([])), "{json}");
    }
    let (customers, _) = engine.customers("demo").await;
    let kevin = &customers[&1].fields;
    assert_eq!(kevin.last_name.as_deref(), Some("Weaver"));
    let notes = kevin.notes.clone().unwrap();
    assert!(notes.contains("CFT[Gate code]: 4412") && !notes.contains("Lead Source"), "{notes}");
    assert_eq!(customers[&3].fields.first_name.as_deref(), Some("Ada King"));
    // Prices and orders have mapping files of the same format.
    engine.file("prices.csv", "Artikel,Preis\nA1,9.50\n");
    engine.file(
        "prices.toml",
        "[columns]\nproductId = \"Artikel\"\ndefaultPrice = \"Preis\"\n\n[constants]\ncurrency = \"EUR\"\n",
    );
    let output = engine.run(&["import", "prices", "prices.csv", "--mapping", "prices.toml", "--json"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    engine.file("wrong.toml", "[columns]\ncolour = \"a\"\n");
    let output = engine.run(&["import", "prices", "prices.csv", "--mapping", "wrong.toml"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with("error: wrong.toml is not a mapping file: `colour` is not a field"),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}
