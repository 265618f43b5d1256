//! The agent is killed at each of its calls, of the table and of QuickBooks, before and after the call is carried out. The
//! next run leaves both sides equal: nothing twice, no change lost.
//!
//! The suite kills at every call under the default behaviour of QuickBooks, and at some calls under each other behaviour that
//! is not confirmed. Where QuickBooks forgets request ids after a while, it has forgotten them when the next run begins.
//! `CLIENTELE_KILLS=all` kills at every call under each.

use serde_json::{Value, json};

use super::world::{Kill, World};
use crate::support::wants_all_kills;

/// Under another behaviour than the default, every this many calls.
const STRIDE: usize = 29;

/// The switch that says for how many seconds QuickBooks remembers a request id, and its stride.
const MEMORY: (&str, usize) = ("request_id_memory_seconds", 7);

/// After this many rounds of edits, a new world is made: checks take longer the more customers there are.
const MAX_ROUNDS: usize = 15;

/// The switch under which nothing can be written or read. Only the run that is killed meets it: no other could end.
const BLOCKING: &str = "company_status";

/// Both sides of a world, edited again and again.
struct Editor {
    world: World,
    round: usize,
}

impl Editor {
    async fn start(switch: Option<(&str, &Value)>) -> Self {
        let world = World::start().await;
        if let Some((name, choice)) = switch {
            world.switch(name, choice.clone()).await;
        }
        for n in 0..3 {
            world.add(json!({ "first_name": "Seed", "last_name": format!("{n}") })).await;
        }
        world.sync().await;
        Self { world, round: 0 }
    }

    /// Makes one edit of each kind on both sides.
    async fn edit(&mut self) {
        self.round += 1;
        let (world, round) = (&self.world, self.round);
        let ours = world.ours().await;
        let linked: Vec<_> =
            ours.iter().filter(|c| c.deleted_at.is_none() && c.fields.quickbooks_id.is_some()).collect();
        let nth = |n: usize| linked[(round + n) % linked.len()];
        world.change(nth(0).number, json!({ "phone": format!("206-555-{round:04}"), "website": null })).await;
        world.change(nth(1).number, json!({ "notes": format!("ours {round}") })).await;
        let there = |n: usize| nth(n).fields.quickbooks_id.clone().unwrap();
        let note = json!({ "Id": there(2), "Notes": format!("theirs {round}") });
        world.edit("Customer", "update", note).await;
        let payer = world.customer_there(json!({ "DisplayName": format!("There {round}") })).await;
        world.add(json!({ "first_name": "Here", "last_name": format!("{round}") })).await;
        // Both sides enter the same customer.
        world.customer_there(json!({ "DisplayName": format!("Both {round}") })).await;
        world.add(json!({ "first_name": "Both", "last_name": format!("{round}") })).await;
        let invoice = json!({
            "CustomerRef": { "value": payer },
            "Line": [{
                "Amount": 50, "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": { "ItemRef": { "value": "1" }, "Qty": 2, "UnitPrice": 25 },
            }],
        });
        let invoice = world.edit("Invoice", "create", invoice).await;
        if round % 2 == 0 {
            let payment = json!({
                "CustomerRef": { "value": payer }, "TotalAmt": 20,
                "Line": [{ "Amount": 20, "LinkedTxn": [{ "TxnId": invoice["Id"], "TxnType": "Invoice" }] }],
            });
            world.edit("Payment", "create", payment).await;
        }
    }

    /// Lets the next run finish what the killed one left, and checks both sides.
    async fn check(&self, kill: Kill) {
        let world = &self.world;
        let names = format!("killed {kill:?} in {:?}", world.death.names());
        let report = world.sync().await;
        assert_eq!((report.conflicts, report.refused), (0, 0), "{names}: {report:#?}");
        world.check_agreement().await;
        world.check_balances().await;
        let again = world.sync().await;
        let quiet = (again.pushed.created, again.pushed.updated, again.pulled.customers, again.pulled.orders);
        assert_eq!(quiet, (0, 0, 0, 0), "{names}: {again:#?}");
        // Each customer is there once.
        let there = world.theirs();
        for prefix in ["There", "Here", "Both"] {
            let name = format!("{prefix} {}", self.round);
            let count =
                there.iter().filter(|object| object["DisplayName"].as_str().unwrap().starts_with(&name));
            let exact = count.filter(|object| {
                let rest = &object["DisplayName"].as_str().unwrap()[name.len()..];
                !rest.starts_with(|c: char| c.is_ascii_digit())
            });
            assert_eq!(exact.count(), 1, "{name} after {names}");
        }
    }
}

/// Kills at every `stride`th call, beginning with `first`, until a run makes fewer calls.
async fn kill_at_calls(switch: Option<(&str, &Value)>, first: usize, stride: usize) -> usize {
    let (blocking, lasting) = match switch {
        Some((BLOCKING, choice)) => (Some(choice), None),
        other => (None, other),
    };
    let mut editor = Editor::start(lasting).await;
    let mut kills = 0;
    for at in (first..).step_by(stride) {
        for after in [false, true] {
            if editor.round == MAX_ROUNDS {
                editor = Editor::start(lasting).await;
            }
            editor.edit().await;
            let kill = Kill { at, after };
            if let Some(choice) = blocking {
                editor.world.switch(BLOCKING, choice.clone()).await;
            }
            let is_killed = editor.world.sync_killed(kill).await;
            if blocking.is_some() {
                editor.world.switch(BLOCKING, json!("active")).await;
            }
            if !is_killed {
                return kills;
            }
            kills += 1;
            if let Some((_, memory)) = switch.filter(|(name, _)| *name == MEMORY.0) {
                editor.world.advance(memory.as_i64().unwrap() + 1).await;
            }
            editor.check(kill).await;
        }
    }
    kills
}

#[tokio::test]
async fn killed_at_any_call_the_next_run_leaves_both_sides_equal() {
    let kills = kill_at_calls(None, 1, 1).await;
    assert!(kills > 40, "{kills}");
}

#[tokio::test]
async fn killed_under_every_behaviour_of_quickbooks_the_next_run_leaves_both_sides_equal() {
    let all = World::start().await.control(http::Method::GET, "/stand-in/switches", Value::Null).await;
    let mut first = 0;
    for switch in all.as_array().unwrap() {
        let name = switch["name"].as_str().unwrap();
        for choice in switch["choices"].as_array().unwrap() {
            if *choice == switch["default"] {
                continue;
            }
            println!("{name} = {choice}");
            let stride = match name {
                _ if wants_all_kills() => 1,
                name if name == MEMORY.0 => MEMORY.1,
                // A run ends after few calls then.
                BLOCKING => 1,
                _ => STRIDE,
            };
            first = first % stride + 1;
            let kills = kill_at_calls(Some((name, choice)), first, stride).await;
            assert!(kills > 0, "no call was made under {name} = {choice}");
        }
    }
}
