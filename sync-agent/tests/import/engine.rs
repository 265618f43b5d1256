//! The fixture of the import tests: an engine, files to import, and checks of the table's contents.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use clientele_shared::Ambient;
use clientele_shared::model::{Customer, Mode, Tenant, TenantId};
use clientele_shared::store::{Budget, CustomerQuery, PageRequest, Store};
use clientele_shared::table::connect::Connection;
use clientele_shared::table::definition::create_table;
use clientele_sync_agent::import::customers::Customers;
use clientele_sync_agent::import::customers::fields::Field;
use clientele_sync_agent::import::{ImportCounts, ImportOptions, ImportOutcome, Importer};
use dynoxide::Database;
use tokio::net::TcpListener;
use uuid::Uuid;

pub(crate) const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data");

/// A separate table with two tenants. It is on the engine at `DYNAMODB_ENDPOINT`, or else on a new one in
/// this process, which stops with the test's runtime.
pub(crate) struct Engine {
    url: String,
    table: String,
    pub(crate) store: Store,
    pub(crate) folder: tempfile::TempDir,
}

impl Engine {
    #[expect(clippy::disallowed_methods, reason = "selects the engine under test")]
    pub(crate) async fn start() -> Self {
        let url = match std::env::var("DYNAMODB_ENDPOINT") {
            Ok(url) => url,
            Err(_) => start_embedded().await,
        };
        let client = Connection::local(&url).client().unwrap();
        let table = format!("import-{}", Uuid::new_v4());
        create_table(&client, &table).await.unwrap();
        let store = Store::new(client, &table, Ambient::system());
        for tenant in ["demo", "other"] {
            store.tenant_create(&id(tenant)).await.unwrap();
        }
        Self { url, table, store, folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn importer(&self, tenant: &str, options: ImportOptions<Field>) -> Importer<Customers> {
        Importer::new(self.store.clone(), id(tenant), Mode::Live, Customers::default(), options)
    }

    pub(crate) async fn import(&self, tenant: &str, file: &Path) -> ImportOutcome {
        self.importer(tenant, ImportOptions::default()).run(file, &mut |_| {}).await.unwrap()
    }

    /// Returns all customers by number, and the total according to the counters.
    pub(crate) async fn customers(&self, tenant: &str) -> (BTreeMap<u32, Customer>, u64) {
        let tenant = Tenant::new(&id(tenant), Mode::Live);
        let (mut all, mut after) = (BTreeMap::new(), None);
        loop {
            let (query, request) = (CustomerQuery::default(), PageRequest::after(after, 1_000));
            let page = self.store.customers(&tenant, &query, request, Budget::default()).await.unwrap();
            for listed in page.customers {
                assert!(all.insert(listed.customer.number.get(), listed.customer).is_none());
            }
            after = page.next;
            if after.is_none() {
                return (all, page.total.unwrap().count());
            }
        }
    }

    /// Checks that the customers are exactly those of the first `rows` generated rows, each once.
    pub(crate) async fn check_emails(&self, tenant: &str, rows: usize) {
        let (customers, total) = self.customers(tenant).await;
        let mut emails: Vec<String> = customers.into_values().filter_map(|c| c.fields.email).collect();
        emails.sort();
        let mut expected: Vec<String> = (0..rows).map(email).collect();
        expected.sort();
        assert_eq!(total, rows as u64);
        assert!(emails == expected, "{} customers instead of {}", emails.len(), expected.len());
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sync-agent"));
        command.args(arguments).args(["--dynamodb", &self.url, "--table", &self.table]);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs the command to completion, on a thread that does not block the engine's runtime.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }
}

/// Starts an engine in this process; returns its URL.
async fn start_embedded() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_with_shutdown(
        listener,
        Database::memory().unwrap(),
        std::future::pending(),
    ));
    url
}

pub(crate) fn id(tenant: &str) -> TenantId {
    tenant.parse().unwrap()
}

pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(SAMPLES).join(name).join("customers.csv")
}

pub(crate) fn email(row: usize) -> String {
    format!("person{row}@example.com")
}

/// Returns a file of `rows` generated customers.
pub(crate) fn generated(rows: usize) -> String {
    let given = ["Ann", "José", "Mary Lou", "Søren", "Li"];
    let family = ["Lee", "O'Connor", "Ramírez", "van der Berg", "Kowalski"];
    let mut file = "id,first_name,last_name,company,email,phone,address,city,state,zip\r\n".to_owned();
    for row in 0..rows {
        let company = if row % 3 == 0 { format!("\"Pools {row}, Inc.\"") } else { String::new() };
        write!(
            file,
            "row-{row},{},{},{company},{},206-555-{:04},{} Main St,Seattle,WA,{:05}\r\n",
            given[row % 5],
            family[row / 5 % 5],
            email(row),
            row % 10_000,
            row % 900 + 1,
            98_000 + row % 200,
        )
        .unwrap();
    }
    file
}

pub(crate) fn counts(written: u64, present: u64, rejected: u64) -> ImportCounts {
    ImportCounts { written, present, rejected, ..ImportCounts::default() }
}
