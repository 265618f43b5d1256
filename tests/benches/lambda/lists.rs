//! Times of lists and searches in a large table: `--customers N`.
//!
//! Each is measured twice: behind the routes of the local stack, in this process, which also records its DynamoDB calls;
//! and as a Lambda function, for its CPU time. [`latency`](crate::latency) turns calls and instructions into a time on
//! AWS, for each memory size. Every list must end within [`LIMIT`].

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use clientele_functions_common::App;
use clientele_infra::functions;
use clientele_infra::local::gateway::Gateway;
use clientele_infra::local::routes::TEMPLATE;
use clientele_shared::Ambient;
use clientele_shared::model::{Color, Mode, Scopes, Settings, Tag, Tenant, TenantId};
use clientele_shared::store::{NewApiKey, Store, Write};
use clientele_shared::table::connect::Connection;
use clientele_shared::table::definition::create_table;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::binaries::Binary;
use crate::calls::Calls;
use crate::error::BenchError;
use crate::latency::{CPU_INSTRUCTIONS, Demand, computing};
use crate::measure::{Subject, median};
use crate::process::Function;
use crate::scenario::{HttpRequest, Scenario, TABLE_NAME, rest_event};
use crate::table::{self, LargeTable, OLD_NAME, RARE, RARE_NAME, STATE};
use crate::{Bench, Candidate};

/// The functions whose lists are measured.
pub(crate) const FUNCTIONS: [&str; 2] = ["trades-customer-list", "pool-graphql"];

/// How long a list is allowed to take.
const LIMIT: Duration = Duration::from_secs(2);

/// The memory sizes that are compared, in MB. The last one is a whole CPU.
const MEMORY_MB: [f64; 5] = [128.0, 256.0, 512.0, 1024.0, 1769.0];

/// The memory size of these functions in `template.yaml`, for which [`LIMIT`] must hold.
const TEMPLATE_MEMORY_MB: f64 = 512.0;

/// How often each list is measured.
const RUNS: u64 = 3;

/// The number of the first event of the function's process. Its events differ from those of the local stack, because a
/// page that was read before is found without searching for it.
const FIRST_EVENT: u64 = 20;

/// A kind of list.
struct Case {
    name: String,
    function: &'static str,
    request: Box<dyn Fn(u64) -> Request>,
    /// The total that the response must contain.
    total: Option<u64>,
    /// The number of customers that the response must contain.
    rows: usize,
}

enum Request {
    /// A page of trades' list, with these parameters.
    Page(Vec<(&'static str, String)>),
    /// The variables of pool's `infiniteCustomers`.
    Document(Value),
}

/// The measurements of one case.
struct Timing {
    name: String,
    /// The time behind the local stack; `None` if its time budget cut the list short.
    local: Option<Duration>,
    demand: Demand,
    instructions: f64,
}

const DOCUMENT: &str = "query List($filter: CustomerFilter, $search: String) { infiniteCustomers(first: 25, \
                        filter: $filter, search: $search) { totalCount edges { node { id firstName lastName email \
                        phone city state status createdAt } } pageInfo { endCursor hasNextPage } } }";

/// The stack of functions in this process, and what a client needs.
struct LocalStack {
    gateway: Gateway,
    calls: Calls,
    secret: String,
}

/// Fills a table with `count` customers, measures every list and returns the report, and whether every list is within
/// the limit.
pub(crate) async fn measure(
    bench: &Bench<'_>,
    binaries: Vec<Binary>,
    count: u32,
) -> Result<(String, bool), BenchError> {
    let (stack, tag) = LocalStack::start(bench, count).await?;
    let mut candidates: Vec<(Candidate, Vec<Case>)> = Vec::new();
    for binary in binaries {
        let own = cases(count, &tag).into_iter().filter(|case| case.function == binary.name).collect();
        let scenario = scenario(FUNCTIONS[0], stack.secret.clone(), || list(&[]));
        candidates.push((bench.candidate(binary, scenario), own));
    }
    let per_second = bench.instructions_per_second(&mut candidates, &stack.secret).await?;
    let mut timings = Vec::new();
    for (candidate, cases) in candidates {
        for case in cases {
            eprintln!("measuring {}", case.name);
            let (local, demand) = stack.measure(&case).await?;
            let cpu = cpu_time(&candidate.subject, &case, &stack.secret).await?;
            let instructions = cpu.as_secs_f64() * per_second;
            timings.push(Timing { name: case.name, local, demand, instructions });
        }
    }
    Ok((report(count, per_second, &timings), timings.iter().all(Timing::is_met)))
}

/// Returns the lists to measure.
fn cases(count: u32, tag: &Tag) -> Vec<Case> {
    let tag = tag.id.as_str().to_owned();
    let pages = u64::from(count) / 25;
    let all = Some(u64::from(count));
    let rare = Some(u64::from(RARE));
    let page = |page: u64| ("page", page.to_string());
    let search = |word: &str| ("search", word.to_lowercase());
    let trades = |name: &str, total, request: Box<dyn Fn(u64) -> Request>| Case {
        name: name.to_owned(),
        function: FUNCTIONS[0],
        request,
        total,
        rows: 25,
    };
    let pool = |name: &str, variables: Value| Case {
        name: name.to_owned(),
        function: FUNCTIONS[1],
        request: Box::new(move |_| Request::Document(variables.clone())),
        total: None,
        rows: 25,
    };
    vec![
        trades("list of 25", all, Box::new(|_| list(&[]))),
        // Pages that follow each other continue from the stored walk, so these do not.
        trades("page=2000", all, Box::new(move |n| list(&[page(2_000 + 2 * n)]))),
        trades("the last pages", all, Box::new(move |n| list(&[page(pages - 2 * n)]))),
        trades("search=a", None, Box::new(move |_| list(&[search("a")]))),
        trades("search=chris, first page", rare, Box::new(move |_| list(&[search(RARE_NAME)]))),
        trades(
            "search=chris, next pages",
            rare,
            Box::new(move |n| list(&[search(RARE_NAME), page(2 + n % 28)])),
        ),
        trades(
            "search=chris, any page",
            rare,
            Box::new(move |n| list(&[search(RARE_NAME), page(29 - 2 * (n % 14))])),
        ),
        Case {
            rows: 0,
            ..trades("search=zoe, none among the newest", None, Box::new(move |_| list(&[search(OLD_NAME)])))
        },
        pool("a state", json!({ "filter": { "state": STATE } })),
        pool("a tag of 50,000", json!({ "filter": { "tagIds": [tag] } })),
        pool(
            "a tag, a state and a word",
            json!({ "filter": { "tagIds": [tag], "state": STATE }, "search": "ann" }),
        ),
        pool("without QuickBooks id", json!({ "filter": { "hasQuickbooksId": false } })),
    ]
}

fn list(parameters: &[(&'static str, String)]) -> Request {
    let limit = ("limit", "25".to_owned());
    Request::Page(std::iter::once(limit).chain(parameters.iter().cloned()).collect())
}

fn scenario(function: &'static str, secret: String, request: impl Fn() -> Request + 'static) -> Scenario {
    let event = move |_| request().event(&secret);
    Scenario { function, expected_status: 200, event: Box::new(event), limits: None }
}

impl Request {
    fn path(&self) -> &'static str {
        match self {
            Self::Page(_) => "/api/v1/customers",
            Self::Document(_) => "/graphql",
        }
    }

    fn body(&self) -> Option<String> {
        match self {
            Self::Page(_) => None,
            Self::Document(variables) => {
                Some(json!({ "query": DOCUMENT, "variables": variables }).to_string())
            }
        }
    }

    fn method(&self) -> &'static str {
        if matches!(self, Self::Page(_)) { "GET" } else { "POST" }
    }

    fn query(&self) -> Vec<(&str, &str)> {
        match self {
            Self::Page(parameters) => {
                parameters.iter().map(|(name, value)| (*name, value.as_str())).collect()
            }
            Self::Document(_) => Vec::new(),
        }
    }

    /// Returns the request as Lambda receives it.
    fn event(&self, secret: &str) -> String {
        let (path, body, query) = (self.path(), self.body(), self.query());
        rest_event(&HttpRequest {
            method: self.method(),
            resource: path,
            path,
            query: &query,
            headers: &[("X-API-Key", secret)],
            body: body.as_deref(),
        })
    }

    /// Returns the request as a client sends it.
    fn http(&self, secret: &str) -> Result<http::Request<Body>, http::Error> {
        let query: Vec<String> = self.query().iter().map(|(name, value)| format!("{name}={value}")).collect();
        http::Request::builder()
            .method(self.method())
            .uri(format!("{}?{}", self.path(), query.join("&")))
            .header("X-API-Key", secret)
            .header("Content-Type", "application/json")
            .body(Body::from(self.body().unwrap_or_default()))
    }
}

impl LocalStack {
    /// Creates the table, fills it and starts every function on it.
    async fn start(bench: &Bench<'_>, count: u32) -> Result<(Self, Tag), BenchError> {
        let engine = bench.engine;
        let client = Connection::local(engine.plain_url()).client()?;
        create_table(&client, TABLE_NAME).await?;
        let store = Store::new(client.clone(), TABLE_NAME, Ambient::system());
        table::check_format(&store, &client).await?;
        let id: TenantId =
            "bench".parse().map_err(|error| clientele_shared::Error::internal("naming the tenant", error))?;
        store.tenant_create(&id).await?;
        store.tenant_settings_set(&id, &Settings { usage_metering: false, ..Settings::default() }).await?;
        let name = "bench".to_owned();
        let new = NewApiKey { tenant: id.clone(), mode: Mode::Live, scopes: Scopes::all(), name };
        let (_, secret) = store.api_key_create(new).await?;
        let tenant = Tenant::new(&id, Mode::Live);
        let color: Color = "#4F46E5"
            .parse()
            .map_err(|error| clientele_shared::Error::internal("choosing a colour", error))?;
        let authorization = Write::plain().authorization;
        let tag = store.tag_create(&tenant, "Wholesale".to_owned(), color, None, authorization).await?;
        eprintln!("putting {count} customers into the table");
        LargeTable { database: engine.database(), tenant: &tenant, tag: &tag, count }.fill()?;
        let calls = Calls::default();
        let config = Connection::local(engine.plain_url()).config()?.interceptor(calls.clone()).build();
        let recorded = aws_sdk_dynamodb::Client::from_conf(config);
        let app = App::new(Store::new(recorded, TABLE_NAME, Ambient::system()));
        let gateway = Gateway::new(TEMPLATE, functions::linked(&Arc::new(app)))
            .map_err(|error| BenchError::Engine(error.to_string()))?;
        Ok((Self { gateway, calls, secret: secret.reveal().to_owned() }, tag))
    }

    /// Measures one list; returns its median time and what it asks of DynamoDB.
    async fn measure(&self, case: &Case) -> Result<(Option<Duration>, Demand), BenchError> {
        // The first request also reads the API key.
        let mut is_complete = self.send(case, 0).await?;
        let mut seconds = Vec::new();
        for n in 1..=RUNS {
            self.calls.take();
            let started = Instant::now();
            is_complete &= self.send(case, n).await?;
            seconds.push(started.elapsed().as_secs_f64());
        }
        let demand = Demand::of(&self.calls.take()).ok_or_else(|| BenchError::Figure {
            name: case.name.clone(),
            what: "the cost",
            from: "its calls".to_owned(),
        })?;
        Ok((is_complete.then(|| Duration::from_secs_f64(median(&mut seconds))), demand))
    }

    /// Sends a request; returns whether the response has the expected customers and total.
    async fn send(&self, case: &Case, n: u64) -> Result<bool, BenchError> {
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let wrong = |body: String| BenchError::WrongList { name: case.name.clone(), body };
        let request = (case.request)(n).http(&self.secret).map_err(|error| wrong(error.to_string()))?;
        let body = self.gateway.answer(request, here, here).await.into_body().collect().await;
        let body = body.map_err(|error| wrong(error.to_string()))?.to_bytes();
        let response: Value = serde_json::from_slice(&body).map_err(|error| wrong(error.to_string()))?;
        // A slow machine can use up the time budget, but no list fails.
        if response.pointer(case.pointers()[0]).is_none() {
            return Err(wrong(response.to_string()));
        }
        Ok(case.accepts(&response))
    }
}

impl Case {
    /// Returns where a response has the customers and the total.
    fn pointers(&self) -> [&'static str; 2] {
        if self.function == FUNCTIONS[0] {
            ["/data/customers", "/data/pagination/total"]
        } else {
            ["/data/infiniteCustomers/edges", "/data/infiniteCustomers/totalCount"]
        }
    }

    /// Returns whether a response has the expected customers and total.
    fn accepts(&self, response: &Value) -> bool {
        let [rows, total] = self.pointers();
        let rows = response.pointer(rows).and_then(Value::as_array).map(Vec::len);
        let total = response.pointer(total).and_then(Value::as_u64);
        rows == Some(self.rows) && total.is_some() && (self.total.is_none() || self.total == total)
    }
}

/// Returns the CPU time of a list as a Lambda function, on average.
async fn cpu_time(subject: &Subject, case: &Case, secret: &str) -> Result<Duration, BenchError> {
    let event = |n: u64| (case.request)(FIRST_EVENT + n).event(secret);
    let mut function = Function::start(&subject.program, &[]).await?;
    function.until_next().await?;
    function.invoke(event(0), 200).await?;
    let before = function.cpu()?;
    for n in 1..=RUNS {
        function.invoke(event(n), 200).await?;
    }
    let used = function.cpu()?.saturating_sub(before);
    function.stop(nix::sys::signal::Signal::SIGKILL).await?;
    Ok(used / RUNS as u32)
}

impl Bench<'_> {
    /// Measures how many instructions the list of 25 executes in a second of CPU time, by which CPU times of this run
    /// are converted to instructions. Under callgrind, the largest lists would exceed their time budget.
    async fn instructions_per_second(
        &self,
        candidates: &mut [(Candidate, Vec<Case>)],
        secret: &str,
    ) -> Result<f64, BenchError> {
        let find =
            |(candidate, _): &&mut (Candidate, Vec<Case>)| candidate.subject.program.name == FUNCTIONS[0];
        let (candidate, cases) = candidates
            .iter_mut()
            .find(find)
            .ok_or(BenchError::NoExecutable { target: FUNCTIONS[0].to_owned() })?;
        let instructions = self.callgrind.count(&mut candidate.subject, &self.plan).await?;
        let mut seconds = Vec::new();
        for case in cases.iter().take(1) {
            for _ in 0..7 {
                seconds.push(cpu_time(&candidate.subject, case, secret).await?.as_secs_f64());
            }
        }
        eprintln!("the list of 25 executes {} instructions when warm", instructions.warm);
        Ok(instructions.warm as f64 / median(&mut seconds))
    }
}

impl Timing {
    /// Returns the estimated time on AWS.
    fn on_aws(&self, memory_mb: f64) -> Duration {
        self.demand.latency + computing(self.instructions, memory_mb)
    }

    fn is_met(&self) -> bool {
        self.on_aws(TEMPLATE_MEMORY_MB) <= LIMIT
    }
}

fn report(count: u32, per_second: f64, timings: &[Timing]) -> String {
    let mut out =
        format!("Lists of 25 among {count} customers: milliseconds\n\n{:<34}{:>12}", "", "local stack");
    // Writing to a String cannot fail.
    let _written = write!(out, "{:>7}{:>7}{:>9}{:>12}", "trips", "calls", "reads", "M instr.");
    let _written = write!(out, "{:>10}", "DynamoDB");
    for memory in MEMORY_MB {
        let _written = write!(out, "{:>10}", format!("{memory} MB"));
    }
    out.push('\n');
    for timing in timings {
        let Timing { name, local, demand, instructions } = timing;
        let local = local.map_or("cut short".to_owned(), |local| format!("{:.0}", local.as_secs_f64() * 1e3));
        let _written = write!(out, "{name:<34}{local:>12}");
        let _written = write!(out, "{:>7}{:>7}{:>9}", demand.trips, demand.calls, demand.read_units);
        let _written =
            write!(out, "{:>12.1}{:>10.0}", instructions / 1e6, demand.latency.as_secs_f64() * 1e3);
        for memory in MEMORY_MB {
            let _written = write!(out, "{:>10.0}", timing.on_aws(memory).as_secs_f64() * 1e3);
        }
        out.push_str(if timing.is_met() { "\n" } else { "  TOO SLOW\n" });
    }
    let _written = write!(
        out,
        "\nThe last columns estimate the time on AWS by memory size, at {:.1} billion instructions per second of a \
         whole CPU.\nThis machine executed {:.2} billion in a second of CPU time. Limit: {} ms at {TEMPLATE_MEMORY_MB} \
         MB.\n",
        CPU_INSTRUCTIONS / 1e9,
        per_second / 1e9,
        LIMIT.as_millis()
    );
    out
}
