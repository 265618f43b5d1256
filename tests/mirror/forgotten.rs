//! The agent is killed after QuickBooks has carried out a batch, and QuickBooks has forgotten the batch when the next run
//! completes it. Each customer is on each side once.

use clientele_shared::model::CustomerNumber;
use serde_json::{Value, json};

use super::world::{Kill, World};

/// How long QuickBooks remembers a batch, in seconds.
const MEMORY: i64 = 3_600;

/// Both sides with a customer that is created in a batch whose answer the agent does not receive.
struct Forgotten {
    world: World,
    number: CustomerNumber,
    /// How many customers each side is to have.
    counts: (usize, usize),
}

impl Forgotten {
    /// Kills the agent after its `nth` batch, and lets QuickBooks forget it.
    async fn start(switches: &[(&str, &str)], customer: &Value, nth: usize) -> Self {
        // The calls of a run that is not killed tell which one is the batch.
        let (probe, _) = Self::before(switches, customer).await;
        probe.sync().await;
        let names = probe.death.names();
        let mut batches = names.iter().enumerate().filter(|(_, name)| name.ends_with("/batch"));
        let at = 1 + batches.nth(nth - 1).unwrap_or_else(|| panic!("no batch {nth} in {names:?}")).0;

        let (world, number) = Self::before(switches, customer).await;
        let (ours, theirs) = (world.ours().await.len(), world.theirs().len());
        assert!(world.sync_killed(Kill { at, after: true }).await);
        assert!(world.death.names()[at - 1].ends_with("/batch"), "{:?}", world.death.names());
        assert_eq!(world.theirs().len(), theirs + 1);
        world.advance(2 * MEMORY).await;
        Self { world, number, counts: (ours, theirs + 1) }
    }

    async fn before(switches: &[(&str, &str)], customer: &Value) -> (World, CustomerNumber) {
        let world = World::start().await;
        world.switch("request_id_memory_seconds", json!(MEMORY)).await;
        for (name, choice) in switches {
            world.switch(name, json!(choice)).await;
        }
        world.sync().await;
        let number = world.add(customer.clone()).await;
        (world, number)
    }

    /// Edits the customer as a person in QuickBooks does.
    async fn edit(&self, name: &str, edit: Value) {
        let mut edit = edit;
        edit["Id"] = self.world.there(name)["Id"].clone();
        self.world.edit("Customer", "update", edit).await;
    }

    /// Lets the next run complete the batch; returns the counterpart of the customer.
    async fn check(&self) -> Value {
        let world = &self.world;
        let report = world.sync().await;
        assert_eq!((world.ours().await.len(), world.theirs().len()), self.counts, "{report:#?}");
        assert_eq!(report.refused, 0, "{report:#?}");
        world.check_agreement().await;
        let again = world.sync().await;
        let quiet = (again.pushed.created, again.pushed.updated, again.pulled.customers);
        assert_eq!(quiet, (0, 0, 0), "{again:#?}");
        world.counterpart(self.number).await.into()
    }
}

#[tokio::test]
async fn customer_that_is_renamed_here_meanwhile_is_found_under_the_name_that_was_sent() {
    let sent = json!({ "company_name": "Tyop Renamed Inc" });
    let forgotten = Forgotten::start(&[], &sent, 1).await;
    let name = json!({ "company_name": "Typo Renamed Inc" });
    forgotten.world.change(forgotten.number, name).await;
    assert_eq!(forgotten.check().await["DisplayName"], "Typo Renamed Inc");
}

#[tokio::test]
async fn customer_whose_name_lost_its_accents_is_found_without_them() {
    let sent = json!({ "company_name": "Čeněk Řezníček Pools" });
    // QuickBooks refuses the first batch.
    let forgotten = Forgotten::start(&[("character_set", "iso_8859_1")], &sent, 2).await;
    assert_eq!(forgotten.check().await["DisplayName"], "Cenek Reznícek Pools");
}

#[tokio::test]
async fn customer_that_is_edited_on_both_sides_meanwhile_is_linked() {
    let sent = json!({ "company_name": "Tyop Renamed Inc", "notes": "n" });
    let forgotten = Forgotten::start(&[], &sent, 1).await;
    let name = json!({ "company_name": "Typo Renamed Inc" });
    forgotten.world.change(forgotten.number, name).await;
    forgotten.edit("Tyop Renamed Inc", json!({ "WebAddr": { "URI": "https://example.com" } })).await;
    let there = forgotten.check().await;
    assert_eq!((&there["CompanyName"], &there["Notes"]), (&json!("Typo Renamed Inc"), &json!("n")));
    assert_eq!(there["WebAddr"]["URI"], "https://example.com");
}

#[tokio::test]
async fn customer_that_is_renamed_there_meanwhile_is_found_by_email_and_not_sent_again() {
    let sent = json!({ "company_name": "Sent Pools", "email": "sent@example.com" });
    let forgotten = Forgotten::start(&[], &sent, 1).await;
    forgotten.edit("Sent Pools", json!({ "DisplayName": "Listed Pools" })).await;
    // The name that was sent is free, and no email of ours leads to the customer any more.
    let email = json!({ "email": "other@example.com" });
    forgotten.world.change(forgotten.number, email).await;
    let there = forgotten.check().await;
    assert_eq!(there["DisplayName"], "Listed Pools");
    assert_eq!(there["PrimaryEmailAddr"]["Address"], "other@example.com");
}

#[tokio::test]
async fn customer_that_is_deleted_here_and_made_inactive_there_meanwhile_does_not_come_back() {
    let forgotten = Forgotten::start(&[], &json!({ "company_name": "Sent Pools" }), 1).await;
    forgotten.world.delete(forgotten.number).await;
    forgotten.edit("Sent Pools", json!({ "Active": false })).await;
    assert_eq!(forgotten.check().await["Active"], false);
}
