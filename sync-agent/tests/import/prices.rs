//! Imports of prices: the list and customers' own prices, rejected rows, repeated and interrupted imports.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use clientele_shared::model::{Customer, CustomerFields, Date, Mode, Money, Tenant};
use clientele_shared::rules::pricing::PricedProduct;
use clientele_shared::store::{Write, WriteOutcome};
use clientele_sync_agent::cancellation::CancellationToken;
use clientele_sync_agent::import::prices::Prices;
use clientele_sync_agent::import::{
    ImportCounts, ImportEvent, ImportOptions, ImportOutcome, Importer, RejectsTo,
};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::engine::{Engine, counts, id};
use crate::pricing::pricing;

const HEADER: &str =
    "customerId,productId,serviceType,name,defaultPrice,customerPrice,currency,effectiveFrom\r\n";

pub(crate) fn prices(currency: Option<&str>) -> Prices {
    Prices { source: None, currency: currency.map(|code| code.parse().unwrap()) }
}

pub(crate) fn live(tenant: &str) -> Tenant {
    Tenant::new(&id(tenant), Mode::Live)
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// Returns a price list of `rows` products.
pub(crate) fn list(rows: usize) -> String {
    let mut file = "productId,name,defaultPrice\r\n".to_owned();
    for row in 0..rows {
        write!(file, "P-{row:05},Product {row},{}.{:02}\r\n", row % 500, row % 100).unwrap();
    }
    file
}

impl Engine {
    fn price_importer(&self, tenant: &str) -> Importer<Prices> {
        Importer::new(
            self.store.clone(),
            id(tenant),
            Mode::Live,
            prices(Some("USD")),
            ImportOptions::default(),
        )
    }

    pub(crate) async fn import_prices(&self, tenant: &str, file: &Path) -> ImportOutcome {
        self.price_importer(tenant).run(file, &mut |_| {}).await.unwrap()
    }

    pub(crate) async fn customer(&self, tenant: &str, email: &str) -> Customer {
        let fields = CustomerFields { email: Some(email.into()), ..CustomerFields::default() };
        match self.store.customer_create(&live(tenant), fields, Write::plain()).await.unwrap() {
            WriteOutcome::Applied(customer) => *customer,
            WriteOutcome::Replayed(_) => panic!("the customer already exists"),
        }
    }
}

/// Formats a row of pricing as the export does.
fn formatted(row: &PricedProduct) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let default = row.default_price.map(|price| price.to_string()).unwrap_or_default();
    let from = row.effective_from.map(|day| day.to_string()).unwrap_or_default();
    let (kind, name) = (text(&row.service_type), text(&row.name));
    format!("{},{kind},{name},{default},{},{},{from}", row.product, row.customer_price, row.currency)
}

async fn formatted_pricing(engine: &Engine, uuid: Uuid, on: &str) -> Vec<String> {
    pricing(engine, &live("demo"), uuid, day(on)).await.iter().map(formatted).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn price_list_and_own_prices_are_imported_by_id_uuid_or_email() {
    let engine = Engine::start().await;
    let ann = engine.customer("demo", "ann@example.com").await;
    let bob = engine.customer("demo", "bob@example.com").await;
    let rows = format!(
        "{HEADER},weekly,cleaning,Weekly clean,120,,USD,\r\n\
         ,weekly,cleaning,Weekly clean,130,,USD,2024-06-01\r\n\
         ,filter,parts,Filter,35.5,,USD,2024-01-01\r\n\
         {},weekly,,,,110,USD,2024-03-01\r\n\
         {},filter,parts,Filter XL,35.50,30,EUR,\r\n\
         Bob@Example.com,visit,,Visit,,15,USD,\r\n",
        ann.number.to_customer_id(),
        ann.uuid
    );
    let file = engine.file("prices.csv", &rows);
    let outcome = engine.import_prices("demo", &file).await;
    assert_eq!((outcome.counts, outcome.columns_left_out), (counts(6, 0, 0), vec![]));

    assert_eq!(
        formatted_pricing(&engine, ann.uuid, "2024-02-01").await,
        ["filter,parts,Filter XL,,30.00,EUR,", "weekly,cleaning,Weekly clean,120.00,120.00,USD,"]
    );
    assert_eq!(
        formatted_pricing(&engine, ann.uuid, "2024-06-01").await,
        ["filter,parts,Filter XL,,30.00,EUR,", "weekly,cleaning,Weekly clean,130.00,110.00,USD,2024-03-01"]
    );
    assert_eq!(
        formatted_pricing(&engine, bob.uuid, "2023-12-31").await,
        ["visit,,Visit,,15.00,USD,", "weekly,cleaning,Weekly clean,120.00,120.00,USD,"]
    );
    assert_eq!(engine.import_prices("demo", &file).await.counts, counts(0, 6, 0));
    let increased = engine.file("prices.csv", &rows.replace(",110,", ",115,"));
    let expected = ImportCounts { updated: 1, ..counts(0, 5, 0) };
    assert_eq!(engine.import_prices("demo", &increased).await.counts, expected);
    assert!(formatted_pricing(&engine, ann.uuid, "2024-06-01").await[1].contains(",130.00,115.00,"));
}

/// The customers that rows can name.
struct People {
    ann: Customer,
    deleted: Customer,
    /// A customer of another tenant.
    stranger: Customer,
}

impl People {
    async fn new(engine: &Engine) -> Self {
        let ann = engine.customer("demo", "ann@example.com").await;
        let deleted = engine.customer("demo", "gone@example.com").await;
        engine.store.customer_delete(&live("demo"), deleted.uuid, Write::plain()).await.unwrap();
        for _ in 0..2 {
            engine.customer("demo", "shared@example.com").await;
        }
        // No customer of the demo tenant can have the stranger's number.
        for number in 0..6 {
            engine.customer("other", &format!("{number}@example.com")).await;
        }
        Self { ann, deleted, stranger: engine.customer("other", "stranger@example.com").await }
    }

    /// Returns invalid rows with their reasons, to follow a price of `twice` on line 2 and one of Ann's on
    /// line 3.
    fn bad_rows(&self) -> Vec<(String, String)> {
        let (stranger, gone) = (self.stranger.number.to_customer_id(), self.deleted.number.to_customer_id());
        let uuid = self.stranger.uuid;
        let no_email = |email: &str| format!("customerId: no customer has the email `{email}`");
        let conflict = |line: u32| {
            format!(
                "row: contradicts line {line}, which has the same customerId, productId and effectiveFrom; \
                 keep only one of the two"
            )
        };
        let rows = [
            (format!("{stranger},p,,,,1,USD,"), format!("customerId: customer `{stranger}` does not exist")),
            (format!("{uuid},p,,,,1,USD,"), format!("customerId: customer `{uuid}` does not exist")),
            ("stranger@example.com,p,,,,1,USD,".into(), no_email("stranger@example.com")),
            (format!("{gone},p,,,,1,USD,"), format!("customerId: customer `{gone}` is deleted")),
            ("gone@example.com,p,,,,1,USD,".into(), no_email("gone@example.com")),
            (
                "shared@example.com,p,,,,1,USD,".into(),
                "customerId: 2 customers have the email `shared@example.com`; choose one by its id: cust_3, \
                 cust_4"
                    .into(),
            ),
            (",p,,,1".into(), "row: has 5 cells, but the header has 8".into()),
            (",p,,,,,USD,".into(), "defaultPrice: must not be empty if customerId is empty".into()),
            (
                ",p,,,1,,EURO,".into(),
                "currency: must be three capital letters such as USD, not `EURO`".into(),
            ),
            (",twice,,,2,,USD,2024-01-01".into(), conflict(2)),
            (format!("{},own,,,,2,USD,", self.ann.uuid), conflict(3)),
        ];
        rows.into()
    }
}

/// Returns the rows of a report: line, reason and cells.
fn report_rows(report: &Path) -> Vec<(u64, String, String)> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(report).unwrap();
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| {
        let cells: Vec<&str> = row.iter().skip(2).collect();
        (row[0].parse().unwrap(), row[1].to_owned(), cells.join(","))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_rows_are_reported_and_the_others_are_imported() {
    let engine = Engine::start().await;
    let people = People::new(&engine).await;
    let bad = people.bad_rows();
    let ann = people.ann.number.to_customer_id();
    let mut rows = format!("{HEADER},twice,,,1,,USD,2024-01-01\r\n{ann},own,,,,1,USD,\r\n");
    for (row, _) in &bad {
        write!(rows, "{row}\r\n").unwrap();
    }
    // Two repetitions of prices above, and one price with another day.
    rows.push_str(",twice,,,1.00,,USD,2024-01-01\r\nann@example.com,own,,,9,1,USD,\r\n,twice,,,2,,USD,\r\n");
    let file = engine.file("prices.csv", &rows);
    let report = engine.folder.path().join("rejects.csv");
    let options = ImportOptions { rejects: RejectsTo::File(report.clone()), ..ImportOptions::default() };
    let importer = Importer::new(engine.store.clone(), id("demo"), Mode::Live, prices(None), options);
    let outcome = importer.run(&file, &mut |_| {}).await.unwrap();

    let expected: Vec<_> = (4..).zip(bad).map(|(line, (row, reason))| (line, reason, row)).collect();
    assert_eq!(report_rows(&report), expected);
    assert_eq!(outcome.counts, counts(3, 2, 11));
    assert_eq!(
        formatted_pricing(&engine, people.ann.uuid, "2024-01-01").await,
        ["own,,,,1.00,USD,", "twice,,,1.00,1.00,USD,2024-01-01"]
    );
    let stranger = people.stranger.uuid;
    assert_eq!(pricing(&engine, &live("demo"), stranger, day("2024-01-01")).await.len(), 1);
    assert_eq!(pricing(&engine, &live("other"), stranger, day("2024-01-01")).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_without_a_currency_is_rejected_unless_a_default_is_set() {
    let engine = Engine::start().await;
    let file = engine.file("prices.csv", &list(1));
    let importer =
        Importer::new(engine.store.clone(), id("demo"), Mode::Live, prices(None), ImportOptions::default());
    let mut reasons = Vec::new();
    let mut watch = |event: ImportEvent<'_>| {
        if let ImportEvent::Rejected(row) = event {
            reasons.push(row.reason.clone());
        }
    };
    assert_eq!(importer.run(&file, &mut watch).await.unwrap().counts, counts(0, 0, 1));
    assert!(
        reasons[0].contains("currency: is missing") && reasons[0].contains("--currency USD"),
        "{reasons:?}"
    );
    assert_eq!(engine.import_prices("demo", &file).await.counts, counts(1, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dry_run_of_prices_counts_rows_but_writes_nothing() {
    let engine = Engine::start().await;
    engine.import_prices("demo", &engine.file("prices.csv", &list(5))).await;
    let more = engine.file("prices.csv", &format!("{},no price,\r\n", list(12)));
    let options = ImportOptions { dry_run: true, ..ImportOptions::default() };
    let importer = Importer::new(engine.store.clone(), id("demo"), Mode::Live, prices(Some("USD")), options);
    assert_eq!(importer.run(&more, &mut |_| {}).await.unwrap().counts, counts(7, 5, 1));
    assert_eq!(formatted_pricing(&engine, Uuid::nil(), "2024-01-01").await.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_or_cancelled_price_import_can_be_run_again() {
    const ROWS: usize = 6_000;
    let engine = Engine::start().await;
    let file = engine.file("prices.csv", &list(ROWS));
    let importer = engine.price_importer("demo");
    let enough = Notify::new();
    let mut watch = |event: ImportEvent<'_>| {
        if let ImportEvent::Progress(progress) = event
            && progress.counts.written > 0
        {
            enough.notify_one();
        }
    };
    tokio::select! {
        biased;
        () = enough.notified() => {}
        _ = importer.run(&file, &mut watch) => panic!("the import finished before it was dropped"),
    }
    let written = formatted_pricing(&engine, Uuid::nil(), "2024-01-01").await.len();
    assert!(written > 0 && written < ROWS, "{written}");

    let token = CancellationToken::default();
    let importer = engine.price_importer("demo").with_cancellation(token.clone());
    let outcome = importer.run(&file, &mut |_| token.request()).await.unwrap();
    assert!(outcome.interrupted && outcome.counts.rows() < ROWS as u64, "{:?}", outcome.counts);
    // A write that was in flight when the first import was dropped might have arrived since then.
    assert!(outcome.counts.written > 0 || outcome.counts.present > 0);

    let last = engine.import_prices("demo", &file).await;
    assert_eq!(last.counts.rows(), ROWS as u64);
    assert!(last.counts.present > 0, "{:?}", last.counts);
    let rows = pricing(&engine, &live("demo"), Uuid::nil(), day("2024-01-01")).await;
    assert_eq!(rows.len(), ROWS);
    for (row, priced) in rows.iter().enumerate() {
        let cents = i64::try_from(row % 500 * 100 + row % 100).unwrap();
        assert_eq!(
            (priced.product.as_str(), priced.customer_price),
            (&*format!("P-{row:05}"), Money::from_cents(cents))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_prices_are_imported_completely() {
    const ROWS: usize = 10_000;
    let engine = Engine::start().await;
    let file = engine.file("prices.csv", &list(ROWS));
    let outcome = engine.import_prices("demo", &file).await;
    assert_eq!(outcome.counts, counts(ROWS as u64, 0, 0));
    println!("prices: {:.1} s, {:.0} rows/s", outcome.elapsed.as_secs_f64(), outcome.rows_per_second());
    let again = engine.import_prices("demo", &file).await;
    assert_eq!(again.counts, counts(0, ROWS as u64, 0));
    println!("again: {:.1} s, {:.0} rows/s", again.elapsed.as_secs_f64(), again.rows_per_second());
    let started = Instant::now();
    assert_eq!(formatted_pricing(&engine, Uuid::nil(), "2024-01-01").await.len(), ROWS);
    println!("pricing: {:.2} s", started.elapsed().as_secs_f64());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_that_repeats_a_rejected_one_is_rejected_too() {
    let engine = Engine::start().await;
    let file = engine
        .file("prices.csv", "productId,defaultPrice,currency\nZ1,5,USD\nZ1,6,USD\nZ1,6,USD\nZ1,5,USD\n");
    let outcome = engine.import_prices("demo", &file).await;
    assert_eq!(outcome.counts, counts(1, 1, 2));
}
