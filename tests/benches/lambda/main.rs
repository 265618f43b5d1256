//! Measures the Lambda binaries: `cargo bench -p clientele-tests --bench lambda`.
//!
//! It builds every function and the empty function `hello` in release mode, starts DynamoDB embedded in this
//! process with TLS before it, plays Lambda's Runtime API to one function after the other, and shows sizes,
//! instructions, memory and times beside hello's and beside the goals ([`goals`]). Exit status: 0 where every
//! gated goal is met, 1 where one is not, 2 where something could not be measured. Needs Linux, valgrind,
//! binutils and openssl.

mod binaries;
mod callgrind;
mod engine;
mod error;
mod goals;
mod measure;
mod pool;
mod process;
mod report;
mod runtime_api;
mod scenario;
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

/// Measure the Lambda binaries and hold them against the project's goals.
#[derive(Parser)]
struct Options {
    /// Measure only this function (may be given several times); `hello` alone shows the floor
    #[arg(long, value_name = "FUNCTION")]
    only: Vec<String>,

    /// Fewer runs: the same figures, less exact
    #[arg(long)]
    quick: bool,

    /// Print one JSON document and no table
    #[arg(long)]
    json: bool,

    /// Passed by `cargo bench`; without it nothing is measured
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    fn wants(&self, function: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|asked| asked == function)
    }
}

/// A function, ready to be measured, and what P3 and P4 allow it.
struct Candidate {
    subject: Subject,
    limits: Option<CallLimits>,
}

/// What all measurements share.
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
        eprintln!("Nothing is measured in a test run. Use: cargo bench -p clientele-tests --bench lambda");
        return ExitCode::SUCCESS;
    }
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("Not measured: {error}");
            ExitCode::from(2)
        }
    }
}

/// Builds, measures and prints; returns whether every gated goal is met.
fn run(options: &Options) -> Result<bool, BenchError> {
    let tools = Tools::find()?;
    let functions = binaries::functions()?;
    check_names(options, &functions)?;
    let wanted: Vec<Bin> = functions.into_iter().filter(|function| options.wants(&function.name)).collect();
    let hello = binaries::build_hello()?;
    let wanted = binaries::build_functions(&wanted)?;
    // The Runtime API has a thread to itself and the engine another: a hop between threads for each call
    // would be a good part of what is measured.
    let starting = || "start the threads of the bench".to_owned();
    let engine_runtime =
        Builder::new_multi_thread().worker_threads(1).enable_all().build().doing(starting)?;
    let runtime = Builder::new_current_thread().enable_all().build().doing(starting)?;
    let report = runtime.block_on(measured(options, tools, engine_runtime.handle(), hello, wanted))?;
    let text = if options.json { format!("{}\n", report.json()) } else { report.text() };
    std::io::stdout().lock().write_all(text.as_bytes()).doing(|| "print the figures".to_owned())?;
    Ok(report.met())
}

async fn measured(
    options: &Options,
    tools: Tools,
    engine_runtime: &Handle,
    hello: Binary,
    functions: Vec<Binary>,
) -> Result<Report, BenchError> {
    let folder = tempfile::tempdir().doing(|| "create a temporary folder".to_owned())?;
    let engine = Engine::start(folder.path(), tools.openssl, engine_runtime).await?;
    eprintln!("DynamoDB listens on {} and, with TLS, on {}", engine.plain_url(), engine.tls_url());
    let plan = if options.quick { Plan::quick() } else { Plan::full() };
    eprintln!("each function is sent {} events", plan.events_per_function());
    let scenarios = scenario::functions(&engine, &plan).await?;
    let callgrind = Callgrind::new(tools.valgrind);
    let bench = Bench { engine: &engine, callgrind, strip: tools.strip, plan, folder: folder.path() };
    let candidates = bench.candidates(functions, scenarios)?;
    bench.report(hello, candidates, options.quick).await
}

fn check_names(options: &Options, functions: &[Bin]) -> Result<(), BenchError> {
    let known: Vec<&str> = [HELLO].into_iter().chain(functions.iter().map(|one| one.name.as_str())).collect();
    match options.only.iter().find(|asked| !known.contains(&asked.as_str())) {
        None => Ok(()),
        Some(asked) => Err(BenchError::UnknownFunction { asked: asked.clone(), known: known.join(", ") }),
    }
}

impl Bench<'_> {
    /// Gives each binary its scenario.
    fn candidates(
        &self,
        binaries: Vec<Binary>,
        mut scenarios: Vec<Scenario>,
    ) -> Result<Vec<Candidate>, BenchError> {
        let candidate = |binary: Binary| {
            let place = scenarios.iter().position(|scenario| scenario.function == binary.name);
            match place.map(|place| scenarios.swap_remove(place)) {
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
        let (sizes, instructions) = self.fixed(&mut hello).await?;
        let [times] = measure::times([&mut hello], self.engine, &self.plan).await?;
        let hello_figures = Figures { sizes, instructions, times };
        let mut comparisons = Vec::new();
        for Candidate { mut subject, limits } in candidates {
            let (sizes, instructions) = self.fixed(&mut subject).await?;
            let pair = [&mut hello, &mut subject];
            let [hello_times, times] = measure::times(pair, self.engine, &self.plan).await?;
            let beside = Figures { times: hello_times, ..hello_figures };
            let figures = Figures { sizes, instructions, times };
            let rows = goals::compare(&beside, &figures, limits);
            comparisons.push(Comparison { function: subject.program.name, figures, rows });
        }
        Ok(Report { quick, hello: hello_figures, comparisons })
    }

    /// The figures that need no comparison: they are the same on a busy machine.
    async fn fixed(&self, subject: &mut Subject) -> Result<(Sizes, Instructions), BenchError> {
        eprintln!("measuring {}", subject.program.name);
        let sizes = Sizes::of(&subject.program.binary, &self.strip, self.folder)?;
        let instructions = self.callgrind.count(subject, &self.plan).await?;
        Ok((sizes, instructions))
    }
}
