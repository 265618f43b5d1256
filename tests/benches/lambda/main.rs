//! Measures the Lambda binaries: `cargo bench -p clientele-tests --bench lambda`.
//!
//! Builds every function and the minimal function `hello` in release mode, and starts an embedded DynamoDB
//! behind TLS in this process. Then acts as Lambda's Runtime API for one function at a time, and prints its
//! size, instructions, memory and times next to those of hello and the goals ([`goals`]). Requires Linux,
//! valgrind, binutils and openssl.
//!
//! With `--customers N`, measures lists and searches in a table of that size instead ([`lists`]).
//!
//! Exit status: 0 if every gated goal is met, 1 if one is not, 2 if a measurement failed.

#[path = "../../support/access.rs"]
mod access;
mod binaries;
mod callgrind;
// A recorder for tests, which are allowed to panic.
#[path = "../../support/calls.rs"]
#[allow(clippy::unwrap_used)]
mod calls;
mod engine;
mod erp;
mod error;
mod funnels;
mod goals;
mod latency;
mod lists;
mod measure;
mod pool;
mod process;
mod quickbooks;
mod report;
mod runtime_api;
mod scenario;
mod table;
mod tools;
mod trades;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::{Builder, Handle};

use crate::binaries::{Bin, Binary};
use crate::callgrind::{Callgrind, Instructions};
use crate::engine::Engine;
use crate::error::{BenchError, Doing};
use crate::goals::CallLimits;
use crate::measure::{Figures, Plan, Sizes, Subject};
use crate::process::Program;
use crate::report::{Comparison, Report};
use crate::scenario::{HELLO, Scenario, TABLE_NAME};
use crate::tools::Tools;

/// Measure the Lambda binaries and compare them with the project's goals
#[derive(Parser)]
struct Options {
    /// Measure only this function; can be repeated. `hello` alone measures the baseline
    #[arg(long, value_name = "FUNCTION")]
    only: Vec<String>,

    /// Measure lists and searches in a table of this many customers instead
    #[arg(long, value_name = "CUSTOMERS", value_parser = clap::value_parser!(u32).range(60_000..=10_000_000))]
    customers: Option<u32>,

    /// Take the same measurements in fewer runs, less precisely
    #[arg(long)]
    quick: bool,

    /// Print the results as one JSON document instead of tables
    #[arg(long)]
    json: bool,

    /// Passed by `cargo bench`; without it, nothing is measured
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    fn selects(&self, function: &str) -> bool {
        let is_measured = self.customers.is_none() || lists::FUNCTIONS.contains(&function);
        is_measured && (self.only.is_empty() || self.only.iter().any(|name| name == function))
    }
}

/// A function to measure, with its limits.
struct Candidate {
    subject: Subject,
    limits: Option<CallLimits>,
}

/// The setup that all measurements share.
struct Bench<'a> {
    engine: &'a Engine,
    callgrind: Callgrind,
    strip: PathBuf,
    plan: Plan,
    folder: &'a Path,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if !options.bench {
        eprintln!("Nothing is measured in a test run; run `cargo bench -p clientele-tests --bench lambda`");
        return ExitCode::SUCCESS;
    }
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Builds and measures the functions and prints the report. Returns whether every gated goal is met.
fn run(options: &Options) -> Result<bool, BenchError> {
    let tools = Tools::find()?;
    let functions = binaries::functions()?;
    check_names(options, &functions)?;
    let selected: Vec<Bin> =
        functions.into_iter().filter(|function| options.selects(&function.name)).collect();
    let functions = binaries::build_functions(&selected)?;
    // The Runtime API and the engine each have one thread of their own: a thread switch in every request
    // would be a considerable part of the measured time.
    let starting = || "start the threads of the bench".to_owned();
    let engine_runtime =
        Builder::new_multi_thread().worker_threads(1).enable_all().build().doing(starting)?;
    let runtime = Builder::new_current_thread().enable_all().build().doing(starting)?;
    let (text, is_met) = runtime.block_on(measure_all(options, tools, engine_runtime.handle(), functions))?;
    std::io::stdout().lock().write_all(text.as_bytes()).doing(|| "print the results".to_owned())?;
    Ok(is_met)
}

/// Measures the functions, or lists in a large table. Returns the report and whether every goal is met.
async fn measure_all(
    options: &Options,
    tools: Tools,
    engine_runtime: &Handle,
    functions: Vec<Binary>,
) -> Result<(String, bool), BenchError> {
    let folder = tempfile::tempdir().doing(|| "create a temporary folder".to_owned())?;
    let engine = Engine::start(folder.path(), tools.openssl, engine_runtime).await?;
    eprintln!("DynamoDB listens on {} without TLS and on {} with TLS", engine.plain_url(), engine.tls_url());
    let plan = if options.quick { Plan::quick() } else { Plan::full() };
    let callgrind = Callgrind::new(tools.valgrind);
    let bench = Bench { engine: &engine, callgrind, strip: tools.strip, plan, folder: folder.path() };
    if let Some(count) = options.customers {
        return lists::measure(&bench, functions, count).await;
    }
    eprintln!("each function receives {} events", bench.plan.events_per_function());
    let scenarios = scenario::functions(&engine, &bench.plan).await?;
    let candidates = bench.candidates(functions, scenarios)?;
    let report = bench.report(binaries::build_hello()?, candidates, options.quick).await?;
    let text = if options.json { format!("{}\n", report.json()) } else { report.text() };
    Ok((text, report.is_met()))
}

fn check_names(options: &Options, functions: &[Bin]) -> Result<(), BenchError> {
    let names = functions.iter().map(|function| function.name.as_str());
    let known: Vec<&str> = [HELLO].into_iter().chain(names).collect();
    match options.only.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(BenchError::UnknownFunction { name: name.clone(), known: known.join(", ") }),
    }
}

impl Bench<'_> {
    /// Pairs each binary with its scenario.
    fn candidates(
        &self,
        binaries: Vec<Binary>,
        mut scenarios: Vec<Scenario>,
    ) -> Result<Vec<Candidate>, BenchError> {
        let candidate = |binary: Binary| {
            let index = scenarios.iter().position(|scenario| scenario.function == binary.name);
            match index.map(|index| scenarios.swap_remove(index)) {
                Some(scenario) => Ok(self.candidate(binary, scenario)),
                None => Err(BenchError::NoScenario { name: binary.name }),
            }
        };
        binaries.into_iter().map(candidate).collect()
    }

    fn candidate(&self, binary: Binary, scenario: Scenario) -> Candidate {
        let settings = vec![
            ("TABLE_NAME", TABLE_NAME.to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.engine.tls_url()),
            ("AWS_CA_BUNDLE", self.engine.root_certificates().display().to_string()),
            ("CLIENTELE_QUICKBOOKS_VERIFIER_TOKEN", quickbooks::VERIFIER_TOKEN.to_owned()),
        ];
        let output = self.folder.join(format!("{}.output", binary.name));
        let program = Program { name: binary.name, binary: binary.path, settings, output };
        let limits = scenario.limits;
        Candidate { subject: Subject::new(program, scenario), limits }
    }

    async fn report(
        &self,
        hello: Binary,
        candidates: Vec<Candidate>,
        quick: bool,
    ) -> Result<Report, BenchError> {
        let mut hello = self.candidate(hello, scenario::hello()).subject;
        let (sizes, instructions) = self.sizes_and_instructions(&mut hello).await?;
        let [times] = measure::times([&mut hello], self.engine, &self.plan).await?;
        let hello_figures = Figures { sizes, instructions, times };
        let mut comparisons = Vec::new();
        for Candidate { mut subject, limits } in candidates {
            let (sizes, instructions) = self.sizes_and_instructions(&mut subject).await?;
            let pair = [&mut hello, &mut subject];
            let [hello_times, times] = measure::times(pair, self.engine, &self.plan).await?;
            let baseline = Figures { times: hello_times, ..hello_figures };
            let figures = Figures { sizes, instructions, times };
            let rows = goals::compare(&baseline, &figures, limits);
            comparisons.push(Comparison { function: subject.program.name, figures, rows });
        }
        Ok(Report { quick, hello: hello_figures, comparisons })
    }

    /// Measures the figures that do not depend on the load of the machine.
    async fn sizes_and_instructions(
        &self,
        subject: &mut Subject,
    ) -> Result<(Sizes, Instructions), BenchError> {
        eprintln!("measuring {}", subject.program.name);
        let sizes = Sizes::of(&subject.program.binary, &self.strip, self.folder)?;
        let instructions = self.callgrind.count(subject, &self.plan).await?;
        Ok((sizes, instructions))
    }
}
