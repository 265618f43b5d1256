//! The orders of the sample databases: every figure of every customer equals the one that SQLite computes, in whole
//! numbers, from the raw rows.

use clientele_shared::model::Timestamp;
use rusqlite::{Connection, params};
use serde_json::Value;

use crate::support::Stack;
use crate::support::orders::at;
use crate::support::samples::{import_customers, import_orders, sample};

/// A sample database.
struct Sample {
    name: &'static str,
    orders: &'static str,
    lines: &'static str,
    order_count: u64,
    /// Defines the views `orders (id, customer, at, cents)` and `lines (order_id, product, name, quantity, revenue)`, revenue
    /// in hundredths of a cent.
    views: &'static str,
    /// Moments from which periods reach back: in the middle of the data, and at the edges of months.
    moments: &'static [&'static str],
}

const CHINOOK: Sample = Sample {
    name: "chinook",
    orders: "invoices.csv",
    lines: "invoice_lines.csv",
    order_count: 412,
    views: "
        CREATE VIEW orders AS SELECT InvoiceId AS id, CustomerId AS customer, substr(InvoiceDate, 1, 19) || 'Z' AS at,
            CAST(ROUND(Total * 100) AS INTEGER) AS cents FROM invoices;
        CREATE VIEW lines AS SELECT InvoiceId AS order_id, l.TrackId AS product, Name AS name,
            CAST(Quantity AS INTEGER) AS quantity,
            CAST(ROUND(l.UnitPrice * 100) AS INTEGER) * CAST(Quantity AS INTEGER) * 100 AS revenue
            FROM invoice_lines l JOIN tracks t ON t.TrackId = l.TrackId;",
    moments: &["2025-12-31T23:59:59Z", "2023-03-01T00:00:00Z", "2022-02-28T12:00:00Z"],
};

const NORTHWIND: Sample = Sample {
    name: "northwind",
    orders: "orders.csv",
    lines: "order_details.csv",
    order_count: 830,
    views: "
        CREATE VIEW lines AS SELECT d.OrderID AS order_id, d.ProductID AS product, ProductName AS name,
            CAST(Quantity AS INTEGER) AS quantity,
            CAST(ROUND(d.UnitPrice * 100) AS INTEGER) * CAST(Quantity AS INTEGER)
                * (100 - CAST(ROUND(Discount * 100) AS INTEGER)) AS revenue
            FROM order_details d JOIN products p ON p.ProductID = d.ProductID;
        CREATE VIEW orders AS SELECT o.OrderID AS id, CustomerID AS customer,
            substr(OrderDate, 1, 10) || 'T' || substr(OrderDate, 12, 8) || 'Z' AS at,
            (SELECT (SUM(revenue) + 50) / 100 FROM lines WHERE order_id = o.OrderID) AS cents FROM \"orders.csv\" o;",
    moments: &["1998-05-06T00:00:00Z", "1998-04-01T00:00:00Z", "1997-01-30T23:59:59Z"],
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_every_chinook_customer_equal_those_of_sqlite() {
    check_sample(&CHINOOK).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_every_northwind_customer_equal_those_of_sqlite() {
    check_sample(&NORTHWIND).await;
}

async fn check_sample(sample: &Sample) {
    let stack = Stack::start().await;
    import_customers(&stack, sample.name).await;
    let counts = import_orders(&stack, sample.name, sample.orders, sample.lines).await;
    assert_eq!((counts.written, counts.rejected), (sample.order_count, 0));
    let again = import_orders(&stack, sample.name, sample.orders, sample.lines).await;
    assert_eq!((again.present, again.rows()), (sample.order_count, sample.order_count));
    let database = Database::load(sample);
    for (index, customer) in database.customers.iter().enumerate() {
        let path = format!("/api/customers/cust_{}", index + 1);
        for (position, moment) in sample.moments.iter().enumerate() {
            stack.clock.set(at(moment));
            for (period, days) in [("all", None), ("30d", Some(30)), ("90d", Some(90)), ("1y", Some(365))] {
                // Figures of all time do not depend on the moment.
                if days.is_none() && position > 0 {
                    continue;
                }
                let response = stack.acme.get(&format!("{path}/analytics?period={period}")).await;
                let expected = database.analytics(customer, at(moment), days);
                let context = format!("{customer} {period} {moment}");
                assert_eq!(expected, Analytics::of(&response.expect(200)["data"]), "{context}");
            }
        }
        let orders = stack.acme.get(&format!("{path}/orders?limit=100")).await.expect(200);
        assert_eq!(
            database.order_cents(customer),
            cents_of_all(&orders["data"], "total_amount"),
            "{customer}"
        );
    }
}

/// Analytics in whole numbers.
#[derive(Debug, PartialEq)]
struct Analytics {
    /// Lifetime value, orders, mean value.
    overview: (i64, i64, i64),
    last_order: Option<String>,
    days_since: Option<i64>,
    revenue: i64,
    /// Month, orders, revenue.
    months: Vec<(String, i64, i64)>,
    /// Product, name, quantity, revenue.
    products: Vec<(String, String, i64, i64)>,
}

impl Analytics {
    fn of(data: &Value) -> Self {
        let (overview, text) = (&data["overview"], |value: &Value| value.as_str().unwrap().to_owned());
        let months = data["order_history"].as_array().unwrap().iter();
        let products = data["top_products"].as_array().unwrap().iter();
        Self {
            overview: (
                cents(&overview["lifetime_value"]),
                overview["total_orders"].as_i64().unwrap(),
                cents(&overview["avg_order_value"]),
            ),
            last_order: overview["last_order_date"].as_str().map(str::to_owned),
            days_since: overview["days_since_last_order"].as_i64(),
            revenue: cents(&data["financial_summary"]["total_revenue"]),
            months: months
                .map(|one| (text(&one["month"]), one["orders"].as_i64().unwrap(), cents(&one["revenue"])))
                .collect(),
            products: products
                .map(|one| {
                    let quantity = one["quantity_ordered"].as_i64().unwrap();
                    (text(&one["product_id"]), text(&one["product_name"]), quantity, cents(&one["revenue"]))
                })
                .collect(),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "amounts of the samples are small")]
fn cents(value: &Value) -> i64 {
    (value.as_f64().unwrap() * 100.0).round() as i64
}

fn cents_of_all(orders: &Value, member: &str) -> Vec<i64> {
    let mut all: Vec<i64> = orders.as_array().unwrap().iter().map(|order| cents(&order[member])).collect();
    all.sort_unstable();
    all
}

/// The raw rows in SQLite.
struct Database {
    connection: Connection,
    customers: Vec<String>,
}

impl Database {
    fn load(of: &Sample) -> Self {
        let connection = Connection::open_in_memory().unwrap();
        for entry in std::fs::read_dir(sample(of.name)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "csv") {
                let stem = path.file_stem().unwrap().to_str().unwrap();
                // A view has the name `orders`.
                let table = if stem == "orders" { "orders.csv" } else { stem };
                load_table(&connection, table, &path);
            }
        }
        connection.execute_batch(of.views).unwrap();
        let customers = customer_ids(&connection);
        Self { connection, customers }
    }

    fn analytics(&self, customer: &str, now: Timestamp, days: Option<i64>) -> Analytics {
        let (from, to) = match days {
            Some(days) => {
                (now.plus_seconds(-days * 24 * 3600).to_rfc3339_seconds(), now.to_rfc3339_seconds())
            }
            None => (String::new(), "~".to_owned()),
        };
        let now = now.to_rfc3339_seconds();
        let (lifetime, orders, last_order): (i64, i64, Option<String>) = self.one(
            "SELECT COALESCE(SUM(cents), 0), COUNT(*), MAX(at) FROM orders WHERE customer = ?1",
            &[customer],
        );
        // Half away from zero.
        let mean = if orders == 0 { 0 } else { (2 * lifetime + orders) / (2 * orders) };
        let days_since = last_order.as_ref().map(|last| {
            let days: i64 = self
                .connection
                .query_row(
                    "SELECT CAST(julianday(date(?1)) - julianday(date(?2)) AS INTEGER)",
                    params![now, last],
                    |row| row.get(0),
                )
                .unwrap();
            days.max(0)
        });
        let (revenue, _, _): (i64, i64, Option<String>) = self.one(
            "SELECT COALESCE(SUM(cents), 0), COUNT(*), MAX(at) FROM orders WHERE customer = ?1 AND at BETWEEN ?2 AND ?3",
            &[customer, &from, &to],
        );
        Analytics {
            overview: (lifetime, orders, mean),
            last_order,
            days_since,
            revenue,
            months: self.months([customer, &from, &to]),
            products: self.products([customer, &from, &to]),
        }
    }

    fn one(&self, sql: &str, values: &[&str]) -> (i64, i64, Option<String>) {
        let values = rusqlite::params_from_iter(values);
        self.connection.query_row(sql, values, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap()
    }

    fn months(&self, values: [&str; 3]) -> Vec<(String, i64, i64)> {
        let sql = "SELECT substr(at, 1, 7) AS month, COUNT(*), SUM(cents) FROM orders
            WHERE customer = ?1 AND at BETWEEN ?2 AND ?3 GROUP BY month ORDER BY month DESC";
        let mut statement = self.connection.prepare(sql).unwrap();
        let rows = statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    fn products(&self, values: [&str; 3]) -> Vec<(String, String, i64, i64)> {
        let sql = "SELECT product, name, SUM(quantity), (SUM(revenue) + 50) / 100 FROM lines
            JOIN orders ON orders.id = order_id WHERE customer = ?1 AND at BETWEEN ?2 AND ?3
            GROUP BY product ORDER BY SUM(revenue) DESC, name, product LIMIT 10";
        let mut statement = self.connection.prepare(sql).unwrap();
        let rows =
            statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    fn order_cents(&self, customer: &str) -> Vec<i64> {
        let sql = "SELECT cents FROM orders WHERE customer = ?1 ORDER BY cents";
        let mut statement = self.connection.prepare(sql).unwrap();
        statement.query_map([customer], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}

/// The customers in the order of their file, in which they are numbered.
fn customer_ids(connection: &Connection) -> Vec<String> {
    let mut statement = connection.prepare("SELECT CustomerID FROM customers ORDER BY rowid").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn load_table(connection: &Connection, table: &str, path: &std::path::Path) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let columns: Vec<String> =
        reader.headers().unwrap().iter().map(|name| format!("\"{name}\" TEXT")).collect();
    connection.execute(&format!("CREATE TABLE \"{table}\" ({})", columns.join(", ")), []).unwrap();
    let holes = vec!["?"; columns.len()].join(", ");
    let mut insert = connection.prepare(&format!("INSERT INTO \"{table}\" VALUES ({holes})")).unwrap();
    for record in reader.records() {
        insert.execute(rusqlite::params_from_iter(record.unwrap().iter())).unwrap();
    }
}
