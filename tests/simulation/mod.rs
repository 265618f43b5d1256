//! The simulation: one seeded, reproducible world in one process.
//!
//! The functions run on an embedded DynamoDB behind a network that delays calls, loses them and fails. Indexes follow
//! the table late, and transactions become visible item by item. Clients of two tenants read and write at the same
//! time, processes are killed and replaced, and a model in memory is told what was acknowledged. Invariants hold after
//! every move and at the end. One thread, paused time and the seed decide every order of events.
//!
//! | invariant | checked in |
//! |---|---|
//! | a write through one dialect is what the next get and the next list of all customers return | `observe::observe`, `reads::check_get` |
//! | a get is one read of one record; a list, a search and a write make a bounded number of calls in sequence | `trips::check` |
//! | page N is exact when it is jumped to, and follows page N - 1 when pages are walked in order | `reads::check_jump`, `walk::Walk`, `finish::check_pages` |
//! | a search finds what matches, and examines no more than its budget | `walk::Walk`, `finish::check_list`, `sorted_copy` |
//! | totals of cells are exact after every write and crash, and ranks count the same | `observe::check_total`, `walk::Walk::check`, `finish::check_items` |
//! | a retried create, change, deletion or restore takes effect once; a key with another body conflicts | `explain::Moment`, `model::Model::observe`, `writes` |
//! | of two writers one wins and the other learns it; nothing is half-written; unique emails stay unique | `explain::Moment`, `model::Model::observe` |
//! | no request reads or changes another tenant's record | `reads` (`Trespass`), `observe::list_all` |
//! | a list withstands writes and lagging indexes: no customer twice, none skipped that stayed | `walk::Walk` |
//! | an export has each customer once, and readers of the log miss no change | `reads::check_export`, `follower`, `finish::catch_up` |
//! | faults are retried and reported; 429 only where nothing was written | `wire::ended` with `explain::Moment` |
//! | every customer has each of its search entries; surplus entries are bounded and cleaned up | `finish::check_entries`, `finish::check_surplus` |

mod engine;
mod explain;
mod faults;
mod finish;
mod follower;
mod lag;
mod list;
pub(crate) mod mirror;
mod model;
pub(crate) mod network;
mod observe;
mod patch;
mod reads;
pub(crate) mod rng;
mod shrink;
#[cfg(test)]
mod sorted_copy;
mod trips;
mod walk;
mod wire;
mod world;
mod writes;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use futures::future::{try_join, try_join_all};
use tokio::runtime::Builder;

use self::faults::Fate;
use self::model::{Violation, Writes};
use self::observe::{check_total, observe};
use self::rng::Rng;
use self::trips::Journal;
use self::world::{World, pause};

/// Size of the stack of a run, in bytes.
const STACK: usize = 32 << 20;

/// A sequence of moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) seed: u64,
    pub(crate) steps: usize,
    /// The steps that are left out.
    pub(crate) skipped: BTreeSet<usize>,
    /// Whether the moves are those of the mirror.
    pub(crate) is_mirror: bool,
}

/// An invariant that did not hold.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    run: Run,
    /// The step of the move after which the invariant did not hold; as many as there are moves after the last one.
    step: usize,
    violation: Violation,
    /// The moves, if the simulation has described them.
    moves: Vec<String>,
}

impl Run {
    /// Returns the moves of a seed.
    pub(crate) fn new(seed: u64, steps: usize) -> Self {
        Self { seed, steps, skipped: BTreeSet::new(), is_mirror: false }
    }

    /// Makes the moves, and checks the invariants after each of them and at the end. Returns a digest of all calls.
    pub(crate) fn check(&self) -> Result<u64, Box<Failure>> {
        // A sync is one large future, which an unoptimized build puts on the stack more than once.
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(STACK);
            let run = thread.spawn_scoped(scope, || self.run()).expect("a thread starts");
            run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn run(&self) -> Result<u64, Box<Failure>> {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime with one thread starts");
        runtime.block_on(async {
            if self.is_mirror { self.make_mirror_moves().await } else { self.make_moves().await }
        })
    }

    /// Returns the failure of the shortest sequence of moves that was found to fail.
    pub(crate) fn shrink(failure: Failure) -> Failure {
        shrink::shrink(failure)
    }

    async fn make_moves(&self) -> Result<u64, Box<Failure>> {
        let fail = |step| {
            move |violation| Box::new(Failure { run: self.clone(), step, violation, moves: Vec::new() })
        };
        let mut world = World::new(self.seed).await;
        let mut caught_up_at = 0;
        for step in (0..self.steps).filter(|step| !self.skipped.contains(step)) {
            make_move(&mut world, self.seed, step, &mut caught_up_at).await.map_err(fail(step))?;
        }
        quiet(&world);
        finish::check(&mut world).await.map_err(fail(self.steps))?;
        Ok(world.machine.lock().trace)
    }
}

/// Ends all faults.
fn quiet(world: &World) {
    let state = &mut *world.machine.lock();
    (state.fault_percent, state.kill_percent, state.outage) = (0, 0, None);
}

/// Makes one move and checks the invariants that always hold.
async fn make_move(
    world: &mut World,
    seed: u64,
    step: usize,
    caught_up_at: &mut usize,
) -> Result<(), Violation> {
    let mut rng = Rng::for_step(seed, step);
    {
        let state = &mut *world.machine.lock();
        state.rng = Rng::for_step(rng.next(), step);
        state.fault_percent = *rng.pick(&[0, 0, 1, 5, 15, 50]);
        state.kill_percent = *rng.pick(&[0, 0, 0, 20]);
        let outage = (rng.below(50), *rng.pick(&[Fate::Throttle, Fate::ErrorBefore, Fate::LoseRequest]));
        state.outage = rng.percent(8).then_some(outage);
        if rng.percent(15) {
            state.engine.indexes.catch_up();
            *caught_up_at = step;
        }
    }
    let millis = if rng.percent(20) { rng.below(8_000) } else { rng.below(3) };
    pause(Duration::from_millis(millis as u64)).await;
    let account = usize::from(rng.percent(15));
    let planned = if rng.percent(60) { writes::draw(world, account, &mut rng) } else { Vec::new() };
    let count = if planned.is_empty() { 1 + rng.below(2) } else { rng.below(3) };
    let reads = reads::draw(world, account, &mut rng, count, (step, *caught_up_at));
    let model = &mut world.accounts[account].model;
    model.creates_sent += writes::creates(&planned);
    let bound = trips::bound(model, &planned, &reads);
    {
        let state = &mut *world.machine.lock();
        world.is_calm = (state.fault_percent, state.kill_percent, state.outage) == (0, 0, None);
        state.journal = bound.filter(|_| world.is_calm).map(|_| Journal::default());
    }
    let (writes, reads) = act(world, account, &planned, reads).await?;
    world.machine.settle().await;
    if let (Some(journal), Some(bound)) = (world.machine.lock().journal.take(), bound) {
        journal.check(bound)?;
    }
    world.restart_killed();
    observe(world, account, &writes, step).await?;
    for read in reads {
        read.check(&mut world.accounts[account], world.is_calm)?;
    }
    if rng.percent(25) {
        observe(world, 1 - account, &Writes::default(), step).await?;
    }
    check_total(world, account, &mut rng).await
}

/// Makes writes and reads concurrently.
async fn act(
    world: &World,
    account: usize,
    planned: &[writes::Planned],
    mut reads: Vec<reads::Planned>,
) -> Result<(Writes, Vec<reads::Planned>), Violation> {
    let reading = try_join_all(reads.iter_mut().map(|read| read.run(world, account)));
    let (writes, _) = try_join(writes::send(world, account, planned), reading).await?;
    Ok((writes, reads))
}

impl Failure {
    /// Returns whether both failures are of one kind, as far as the first words of the violation tell.
    fn is_like(&self, other: &Self) -> bool {
        let kind = |violation: &Violation| -> String {
            let words =
                violation.split([' ', ':']).filter(|word| !word.contains(|c: char| c.is_ascii_digit()));
            words.take(4).collect()
        };
        kind(&self.violation) == kind(&other.violation)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Run { seed, steps, skipped, is_mirror } = &self.run;
        let mirror = if *is_mirror { " --mirror" } else { "" };
        for made in &self.moves {
            writeln!(f, "{made}")?;
        }
        let skip = skipped.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let skip = if skip.is_empty() { skip } else { format!(" --skip {skip}") };
        writeln!(f, "seed {seed} fails at step {} of {steps}: {}", self.step, self.violation)?;
        write!(
            f,
            "replay: cargo run -p clientele-tests --bin simulate --{mirror} --seed {seed} --steps {steps}{skip} --no-shrink"
        )
    }
}

/// Number of seeds that the test runs, and of moves for each.
#[cfg(test)]
const SEEDS: u64 = 6;
#[cfg(test)]
const STEPS: usize = 60;

#[cfg(test)]
#[test]
fn seeds_hold_every_invariant() {
    check_seeds(false);
}

#[cfg(test)]
#[test]
fn seeds_of_the_mirror_hold_every_invariant() {
    check_seeds(true);
}

#[cfg(test)]
fn check_seeds(is_mirror: bool) {
    // Each world has one thread; two worlds run at the same time.
    let check = |first: u64| {
        move || {
            for seed in (first..=SEEDS).step_by(2) {
                if let Err(failure) = (Run { is_mirror, ..Run::new(seed, STEPS) }).check() {
                    panic!("{}", Run::shrink(*failure));
                }
            }
        }
    };
    let other = std::thread::spawn(check(2));
    check(1)();
    if let Err(panic) = other.join() {
        std::panic::resume_unwind(panic);
    }
}

#[cfg(test)]
#[test]
fn equal_seeds_make_equal_calls() {
    for is_mirror in [false, true] {
        let run = Run { is_mirror, ..Run::new(3, 20) };
        assert_eq!(
            run.check().map_err(|failure| failure.to_string()),
            run.check().map_err(|failure| failure.to_string())
        );
    }
}
