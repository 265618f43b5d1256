//! The simulation of the mirror: one tenant and one company in QuickBooks, with the agent between them.
//!
//! Clients write through the API, people edit customers and sales in QuickBooks, and the agent runs under faults of the
//! table, of QuickBooks and of the connection, or is killed. From time to time, and at the end, all faults stop, two syncs
//! run, and both sides have to agree.
//!
//! | invariant | checked in |
//! |---|---|
//! | every customer of one side has exactly one on the other, with equal fields | `check::Sides::check_agreement` |
//! | no customer is created twice, and no change is lost | `check::Sides::check_losses` |
//! | balances equal open invoices | `check::check_balances` |
//! | a further sync writes nothing | `check::check_quiet` |
//! | a run fails only because of a fault, and a plan changes nothing | `sync::check_end`, `moves::plan` |

mod agent;
mod check;
mod client;
mod company;
mod ledger;
mod moves;
mod person;
pub(crate) mod plain;
mod sync;

use super::model::Violation;
use super::rng::Rng;
use super::{Failure, Run};
use agent::Mirrored;
use clientele_shared::model::MirrorSide;

/// How many of a hundred moves are followed by a check of both sides.
const CHECK_PERCENT: usize = 5;

impl Run {
    /// Makes the moves of the mirror, and checks both sides from time to time and at the end.
    pub(super) async fn make_mirror_moves(&self) -> Result<u64, Box<Failure>> {
        let mut moves = Vec::new();
        let ended = self.try_mirror_moves(&mut moves).await;
        ended.map_err(|(step, violation)| Box::new(Failure { run: self.clone(), step, violation, moves }))
    }

    async fn try_mirror_moves(&self, moves: &mut Vec<String>) -> Result<u64, (usize, Violation)> {
        let mut mirrored = Mirrored::new(self.seed).await;
        let mut rng = Rng::for_step(self.seed, usize::MAX - 1);
        if rng.percent(75) {
            moves.push(format!("switches {}", mirrored.draw_switches(&mut rng).join(", ")));
        }
        mirrored.connection.settings.winner = *rng.pick(&[MirrorSide::Ours, MirrorSide::Theirs]);
        moves.push(format!("{:?}", mirrored.connection.settings));
        for step in (0..self.steps).filter(|step| !self.skipped.contains(step)) {
            let mut rng = Rng::for_step(self.seed, step);
            let made = moves::make(&mut mirrored, &mut rng, step).await;
            moves.push(format!("{step}: {}", made.clone().unwrap_or_else(|violation| violation)));
            made.map_err(|violation| (step, violation))?;
            if rng.percent(CHECK_PERCENT) {
                check::check(&mut mirrored, moves).await.map_err(|violation| (step, violation))?;
            }
        }
        check::check(&mut mirrored, moves).await.map_err(|violation| (self.steps, violation))?;
        Ok(mirrored.world.machine.lock().trace)
    }
}
