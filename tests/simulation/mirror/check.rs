//! The state after all faults have ended and two syncs have run: both sides agree, nothing is twice, nothing is lost.

use std::collections::{BTreeMap, BTreeSet};

use clientele_infra_quickbooks::entities::Kind;
use clientele_shared::model::{Conflict, Customer, CustomerNumber};
use clientele_sync_agent::mirror::fields::{Field, Fields};
use clientele_sync_agent::mirror::merge::is_mirrored;
use clientele_sync_agent::quickbooks::Object;
use serde_json::Value;

use super::agent::Mirrored;
use super::ledger::{Change, Ledger, ours};
use super::{moves, plain};
use crate::simulation::model::Violation;
use crate::simulation::observe::list_all;

/// Both sides after the last sync.
struct Sides {
    ours: Vec<Customer>,
    /// The customers in QuickBooks, by id.
    theirs: BTreeMap<String, Object>,
    parked: BTreeMap<CustomerNumber, String>,
    conflicts: Vec<Conflict>,
}

/// Ends all faults, lets both sides become equal, and checks that they are. Adds what it did to `moves`.
pub(super) async fn check(mirrored: &mut Mirrored, moves: &mut Vec<String>) -> Result<(), Violation> {
    moves::quiet(mirrored);
    mirrored.world.machine.lock().engine.indexes.catch_up();
    for _ in 0..2 {
        moves.push(format!("clean sync: {:?}", mirrored.clean_sync().await?));
    }
    mirrored.world.machine.settle().await;
    let sides = Sides::read(mirrored).await?;
    sides.check_agreement()?;
    sides.check_losses(mirrored)?;
    check_balances(mirrored, &sides).await?;
    check_quiet(mirrored).await?;
    mirrored.world.accounts[0].model.take_over(sides.ours, 0);
    Ok(())
}

impl Sides {
    async fn read(mirrored: &Mirrored) -> Result<Self, Violation> {
        let (store, tenant, realm) = (mirrored.observer(), mirrored.tenant(), &mirrored.connection.realm);
        let failed = |error: clientele_shared::Error| error.chain();
        let parked = store.mirror_parked(&tenant, realm).await.map_err(failed)?;
        let theirs = mirrored.company.list(Kind::Customer).into_iter();
        Ok(Self {
            ours: list_all(store, &tenant).await?,
            theirs: theirs.map(|object| (text(&object, "Id").to_owned(), object)).collect(),
            parked: parked.into_iter().map(|parked| (parked.number, parked.reason)).collect(),
            conflicts: store.mirror_conflicts(&tenant, realm).await.map_err(failed)?,
        })
    }

    /// Checks that every customer of one side has exactly one on the other, with equal fields.
    fn check_agreement(&self) -> Result<(), Violation> {
        let mut linked = BTreeSet::new();
        for customer in &self.ours {
            let fields = ours(customer);
            let is_parked = self.parked.contains_key(&customer.number);
            let Some(id) = &customer.fields.quickbooks_id else {
                if fields.is_active() && !is_parked {
                    return Err(format!("a customer is not in QuickBooks: {customer:?}"));
                }
                continue;
            };
            if !linked.insert(id.as_str()) {
                return Err(format!("two customers are linked to {id}: {:?}", self.ours));
            }
            let object = self.theirs.get(id);
            let object = object.ok_or_else(|| format!("{id} does not exist in QuickBooks: {customer:?}"))?;
            if let Some(difference) =
                plain::difference(&customer.fields, object, fields.is_active()).filter(|_| !is_parked)
            {
                return Err(format!("cust_{}: {difference}: {object:?}", customer.number));
            }
            let there = Fields::theirs(object, Some(&fields), None);
            for field in Field::ALL.into_iter().filter(|_| !is_parked) {
                let (own, their) = (fields.get(field), there.get(field));
                if !is_mirrored(field, own, their) {
                    let (name, number) = (field.as_str(), customer.number);
                    return Err(format!(
                        "{name} of cust_{number} is {own} here and {their} there: {object:?}"
                    ));
                }
            }
        }
        let mut top = self.theirs.iter().filter(|(_, object)| !object.contains_key("ParentRef"));
        match top.find(|(id, _)| !linked.contains(id.as_str())) {
            None => self.check_parked(),
            Some((_, object)) => Err(format!("a customer of QuickBooks is not here: {object:?}")),
        }
    }

    /// Checks that customers are parked only for a reason that the moves can bring about.
    fn check_parked(&self) -> Result<(), Violation> {
        let known = ["has no first name", "non-zero balance"];
        let is_known = |reason: &str| known.iter().any(|known| reason.contains(known));
        match self.parked.iter().find(|(_, reason)| !is_known(reason)) {
            None => Ok(()),
            Some((number, reason)) => Err(format!("cust_{number} is parked: {reason}")),
        }
    }

    /// Checks that no change of either side is lost, and that the mirror has created nothing twice.
    fn check_losses(&self, mirrored: &Mirrored) -> Result<(), Violation> {
        let records = mirrored.world.machine.lock().engine.history.clone().unwrap_or_default();
        let ledger = Ledger::read(&records, &mirrored.company.changes(), &mirrored.decisions);
        for customer in &self.ours {
            let Some(id) = &customer.fields.quickbooks_id else { continue };
            if ledger.adopted.contains(&customer.number) && ledger.pushed.contains(id) {
                return Err(format!(
                    "the mirror has created both cust_{} and its counterpart {id}",
                    customer.number
                ));
            }
            if self.parked.contains_key(&customer.number) {
                continue;
            }
            let Some(object) = self.theirs.get(id) else { continue };
            let own = ours(customer);
            let there = Fields::theirs(object, Some(&own), None);
            let none = Default::default();
            let (by_us, by_them) =
                (ledger.ours.get(&customer.number).unwrap_or(&none), ledger.theirs.get(id).unwrap_or(&none));
            for field in Field::ALL {
                let values = (own.get(field), there.get(field));
                let kept: Vec<&Conflict> = (self.conflicts.iter())
                    .filter(|one| one.number == customer.number && one.field == field.as_str())
                    .collect();
                let change = (by_us.get(&field), by_them.get(&field));
                check_field(field, values, change, &kept).map_err(|reason| {
                    format!("{} of cust_{}, {id} there: {reason}", field.as_str(), customer.number)
                })?;
            }
        }
        Ok(())
    }
}

/// Checks that the value of a field is what one side has last set, and that the other side's value is kept if it is later.
fn check_field(
    field: Field,
    (own, their): (&Value, &Value),
    (by_us, by_them): (Option<&Change>, Option<&Change>),
    kept: &[&Conflict],
) -> Result<(), String> {
    let is_value = |value: &Value| {
        is_mirrored(field, value, own) || is_mirrored(field, value, their) || is_mirrored(field, own, value)
    };
    // A side that went back to a value that it had before has changed nothing.
    let is_there = |change: &Change| is_value(&change.value);
    let is_back = |change: &Change| change.earlier.contains(&change.value);
    let is_kept = |change: &Change| {
        kept.iter().any(|conflict| {
            is_mirrored(field, &change.value, &conflict.ours)
                || is_mirrored(field, &change.value, &conflict.theirs)
        })
    };
    let last = [by_us, by_them].into_iter().flatten().max_by_key(|change| change.at);
    let Some(last) = last else { return Ok(()) };
    let described =
        || format!("here {own}, there {their}; changed by us {by_us:?}, by them {by_them:?}; kept {kept:?}");
    // On first sight, a value that was there from the start can win over one that was set.
    let is_of_conflict = kept.iter().any(|kept| is_value(&kept.ours) || is_value(&kept.theirs));
    let is_set = [by_us, by_them].into_iter().flatten().any(|change| is_there(change) || is_back(change));
    if !is_set && !is_of_conflict {
        return Err(format!("the value is none that was set: {}", described()));
    }
    if is_there(last) || is_kept(last) || is_back(last) {
        return Ok(());
    }
    Err(format!("the last change is lost: {}", described()))
}

/// Checks that every customer owes here what its open invoices in QuickBooks come to.
async fn check_balances(mirrored: &Mirrored, sides: &Sides) -> Result<(), Violation> {
    let invoices = mirrored.company.list(Kind::Invoice);
    let customers = mirrored.company.list(Kind::Customer);
    let linked: BTreeSet<&str> =
        sides.ours.iter().filter_map(|own| own.fields.quickbooks_id.as_deref()).collect();
    for customer in &sides.ours {
        let Some(id) = &customer.fields.quickbooks_id else { continue };
        let own: Vec<&Object> = (invoices.iter())
            .filter(|invoice| payer(&customers, &linked, &invoice["CustomerRef"]["value"]) == id.as_str())
            .collect();
        let open = own.iter().fold(0.0, |sum, invoice| sum + invoice["Balance"].as_f64().unwrap_or_default());
        let figures = mirrored.observer().figures_get(&mirrored.tenant(), customer.uuid).await;
        let (number, balance) = (customer.number, figures.map_err(|error| error.chain())?.balance);
        if balance.to_string() != format!("{open:.2}") {
            let part = |invoice: &&Object| {
                ["Id", "CustomerRef", "TotalAmt", "Balance"].map(|name| invoice[name].to_string()).join(" ")
            };
            let own: Vec<String> = own.iter().map(part).collect();
            return Err(format!("cust_{number} owes {balance} here and {open:.2} there ({id}): {own:?}"));
        }
    }
    Ok(())
}

/// Returns the customer who pays for a job. One that has become a job and was a customer here before pays for itself.
fn payer<'a>(customers: &'a [Object], linked: &BTreeSet<&str>, id: &'a Value) -> &'a Value {
    if id.as_str().is_some_and(|id| linked.contains(id)) {
        return id;
    }
    let job = customers.iter().find(|object| object["Id"] == *id && object.contains_key("ParentRef"));
    job.map_or(id, |job| payer(customers, linked, &job["ParentRef"]["value"]))
}

/// Checks that another sync writes nothing on either side.
async fn check_quiet(mirrored: &Mirrored) -> Result<(), Violation> {
    let count = || {
        let records = mirrored.world.machine.lock().engine.record_changes;
        (records, mirrored.company.changes().len())
    };
    let before = count();
    let report = mirrored.clean_sync().await?;
    let after = count();
    let is_quiet = report.pulled == Default::default()
        && (report.pushed.created, report.pushed.linked) == (0, 0)
        && before == after;
    if is_quiet { Ok(()) } else { Err(format!("a further sync writes: {before:?}, {after:?}, {report:?}")) }
}

fn text<'a>(object: &'a Object, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}
