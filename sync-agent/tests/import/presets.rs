//! Presets: the exports of well-known products are imported with all that they say.

use std::path::{Path, PathBuf};

use clientele_shared::model::{Customer, CustomerType, Status};
use serde_json::Value;

use crate::engine::Engine;

pub(crate) fn file(preset: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/import/presets/{preset}.csv"))
}

/// The two customers of the file of a preset, the JSON of the import, and the names of the tags of each customer.
struct Imported {
    customers: [Customer; 2],
    tags: [Vec<String>; 2],
    json: Value,
}

impl Engine {
    async fn preset(&self, preset: &str) -> Imported {
        let file = file(preset);
        let arguments = ["import", "customers", file.to_str().unwrap(), "--preset", preset, "--json"];
        let output = self.run(&arguments).await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["created"], 2, "{json}");
        let (customers, _) = self.customers("demo").await;
        let customers: Vec<Customer> = customers.into_values().collect();
        let tenant = clientele_shared::model::Tenant::new(
            &crate::engine::id("demo"),
            clientele_shared::model::Mode::Live,
        );
        let names = self.store.tags_list(&tenant).await.unwrap();
        let of = |customer: &Customer| -> Vec<String> {
            let ids = customer.fields.tag_ids.iter();
            ids.map(|id| names.iter().find(|tag| tag.id == *id).unwrap().name.clone()).collect()
        };
        let tags = [of(&customers[0]), of(&customers[1])];
        Imported { customers: customers.try_into().unwrap(), tags, json }
    }
}

/// The texts of a customer in the order of the expected ones of [`check`].
fn texts(customer: &Customer) -> [String; 16] {
    let fields = &customer.fields;
    let (physical, billing) = (&fields.physical, &fields.billing);
    [
        &fields.first_name,
        &fields.last_name,
        &fields.company_name,
        &fields.email,
        &fields.phone,
        &fields.mobile_phone,
        &physical.line1,
        &physical.line2,
        &physical.city,
        &physical.state,
        &physical.postal_code,
        &physical.country,
        &billing.line1,
        &billing.city,
        &fields.website,
        &fields.notes,
    ]
    .map(|text| text.clone().unwrap_or_default())
}

#[track_caller]
fn check(customer: &Customer, expected: [&str; 16]) {
    assert_eq!(texts(customer), expected.map(str::to_owned));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shopify() {
    let Imported { customers: [zoe, acme], tags, json } = Engine::start().await.preset("shopify").await;
    let notes = "Rings twice\nDog in the garden\nAccepts SMS Marketing: no\nTax Exempt: no\nTotal Spent: 120.50\nTotal \
                 Orders: 3";
    let (street, phone) = ("Hauptstraße 1", "+49 221 555");
    check(
        &zoe,
        [
            "Zoë",
            "Müller",
            "",
            "zoe@example.com",
            phone,
            "",
            street,
            "2. OG",
            "Köln",
            "",
            "50667",
            "DE",
            "",
            "",
            "",
            notes,
        ],
    );
    assert_eq!(tags, [vec!["VIP".to_owned(), "newsletter".to_owned()], vec![]]);
    assert!(zoe.fields.accepts_marketing && !acme.fields.accepts_marketing);
    assert_eq!(zoe.fields.customer_type, CustomerType::Residential);
    check(
        &acme,
        [
            "",
            "",
            "ACME, Inc.",
            "shop@acme.example",
            "+12065550100",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
        ],
    );
    assert_eq!(json["warnings"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn square() {
    let Imported { customers: [jose, pools], json, .. } = Engine::start().await.preset("square").await;
    let notes = "Prefers mornings,\r\ncall first\nReference ID: R-1\nNickname: Pepe\nTransaction Count: 12\nLifetime Spend: \
                 $1,204.00\nInstant Profile: No";
    check(
        &jose,
        [
            "José",
            "O'Connor",
            "",
            "jose@example.com",
            "+1 206-555-0101",
            "",
            "1 Main St",
            "Apt 4",
            "Seattle",
            "WA",
            "98101",
            "",
            "",
            "",
            "",
            notes,
        ],
    );
    assert!(jose.fields.accepts_marketing && !pools.fields.accepts_marketing);
    assert_eq!(pools.fields.company_name.as_deref(), Some("Blue Pools LLC"));
    assert_eq!(json["warnings"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn google_contacts() {
    let Imported { customers: [ada, tsubasa], tags, json } =
        Engine::start().await.preset("google-contacts").await;
    let notes =
        "Met at\nthe conference\nOrganization Title: Countess\nE-mail 1 - Value, further: ada@home.example";
    check(
        &ada,
        [
            "Ada King",
            "Lovelace",
            "Analytical Engines",
            "ada@example.org",
            "+44 20 1234",
            "",
            "12 St James's Square",
            "",
            "London",
            "",
            "SW1Y 4JH",
            "GB",
            "",
            "",
            "",
            notes,
        ],
    );
    assert_eq!(tags, [vec!["Investors; early".to_owned()], vec![]]);
    let site = "https://example.jp";
    check(&tsubasa, ["翼", "愛川", "", "", "", "0997-52-4187", "", "", "", "", "", "", "", "", site, ""]);
    assert_eq!(json["warnings"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hubspot() {
    let Imported { customers: [camille, john], json, .. } = Engine::start().await.preset("hubspot").await;
    let notes = "Job Title: Achats\nLead Status: NEW\nContact owner: flo@example.com";
    check(
        &camille,
        [
            "Camille",
            "Durand",
            "Villas & Co",
            "camille@example.com",
            "+33 6 00 00 00 00",
            "",
            "3 rue Édouard",
            "",
            "Lyon",
            "",
            "",
            "France",
            "",
            "",
            "",
            notes,
        ],
    );
    assert_eq!((camille.fields.status, john.fields.status), (Status::Lead, Status::Active));
    let since = camille.fields.customer_since.map(|since| since.to_rfc3339_seconds());
    assert_eq!(since.as_deref(), Some("2024-03-12T09:14:00Z"));
    check(&john, ["John", "Smith", "", "JOHN@Example.com", "", "", "", "", "", "", "", "", "", "", "", ""]);
    assert_eq!(json["warnings"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobber() {
    let Imported { customers: [kevin, cafe], tags, json } = Engine::start().await.preset("jobber").await;
    let notes = "Created Date: 2023-05-01\nLead Source: Google\nCFT[Gate code]: 4412\nPFT[Notes]: Side gate\nmind the \
                 dog\nMain Phone #s, further: 817-555-0101";
    check(
        &kevin,
        [
            "Kevin",
            "Weaver",
            "",
            "kevin@example.com",
            "817-555-0100",
            "214-555-0199",
            "1 Pool Ln",
            "",
            "Dallas",
            "Texas",
            "75201",
            "",
            "9 Billing Rd",
            "Fort Worth",
            "",
            notes,
        ],
    );
    assert_eq!(tags, [vec!["Weekly".to_owned(), "Salt".to_owned()], vec![]]);
    let kinds = (kevin.fields.customer_type, cafe.fields.customer_type);
    assert_eq!(kinds, (CustomerType::Residential, CustomerType::Commercial));
    assert_eq!((kevin.fields.status, cafe.fields.status), (Status::Active, Status::Inactive));
    let further = "E-mails, further: b@orleans.example";
    check(
        &cafe,
        ["", "", "Café Orléans", "a@orleans.example", "", "", "", "", "", "", "", "", "", "", "", further],
    );
    assert_eq!(json["warnings"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn housecall_pro() {
    let Imported { customers: [renee, gulf], tags, json } =
        Engine::start().await.preset("housecall-pro").await;
    let notes = "Gate 4711\nKey under mat\nAdditional Emails: r@home.example\nLifetime value: $540.00\nDo Not Service: \
                 false\nAddress_1 Notes: Blue door";
    check(
        &renee,
        [
            "Renée",
            "Boyd",
            "",
            "renee@example.com",
            "(813) 555-2200",
            "(813) 555-2211",
            "700 Cypress Way",
            "",
            "Tampa",
            "FL",
            "33602",
            "",
            "",
            "",
            "",
            notes,
        ],
    );
    assert_eq!(tags[0], ["Annual plan"]);
    let kinds = (renee.fields.customer_type, gulf.fields.customer_type);
    assert_eq!(kinds, (CustomerType::Residential, CustomerType::Commercial));
    assert_eq!(gulf.fields.phone.as_deref(), Some("(813) 555-3000"));
    // A second address is not imported, and that is said.
    let warnings = json["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{json}");
    assert!(warnings[0].as_str().unwrap().contains("`Address_2 Street Line 1`"), "{json}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn skimmer() {
    let Imported { customers: [linda, palm], tags, json } = Engine::start().await.preset("skimmer").await;
    let notes = "Pays by cheque\nEmail2: l2@example.com\nGateCode: #12\nDogsName: Rex\nRate: 110\nRateType: Per Month With \
                 Chemicals\nLocationNotes: - Pool Size: 15000 gallons\n- Pool Enclosure";
    let street = "5004 Creekside Trail";
    check(
        &linda,
        [
            "Linda",
            "Núñez",
            "",
            "linda@example.com",
            "(941) 555-0001",
            "(201) 555-3085",
            street,
            "",
            "Sarasota",
            "FL",
            "34243",
            "",
            street,
            "Sarasota",
            "",
            notes,
        ],
    );
    assert_eq!(tags[0], ["Gold"]);
    assert_eq!((linda.fields.status, palm.fields.status), (Status::Active, Status::Inactive));
    assert_eq!(palm.fields.customer_type, CustomerType::Commercial);
    assert_eq!(json["warnings"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quickbooks() {
    let Imported { customers: [ortiz, anna], json, .. } = Engine::start().await.preset("quickbooks").await;
    let (notes, address) = ("Email, further: h@ortiz.example", "55 Bay St, Tampa, FL 33602");
    check(
        &ortiz,
        [
            "Héctor",
            "Ortiz",
            "Ortiz Landscaping",
            "ap@ortiz.example",
            "(813) 555-3030",
            "(813) 555-3031",
            "",
            "",
            "",
            "",
            "",
            "",
            address,
            "",
            "",
            notes,
        ],
    );
    check(
        &anna,
        ["Anna", "Schmidt", "", "anna@example.de", "", "", "Dorfstr. 2", "", "", "", "", "", "", "", "", ""],
    );
    assert_eq!(anna.fields.customer_type, CustomerType::Residential);
    assert_eq!(json["warnings"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn preset_is_proposed_and_another_file_is_refused() {
    let engine = Engine::start().await;
    let shopify = file("shopify");
    let shopify = shopify.to_str().unwrap();
    let output = engine.run(&["import", "customers", shopify, "--dry-run"]).await;
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("an export of Shopify; add --preset shopify"), "{stdout}");
    let output = engine.run(&["import", "customers", shopify, "--preset", "square"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("is not an export of Square"));
    let output = engine.run(&["import", "customers", shopify, "--preset", "acme"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("there is no preset `acme`"));
}
