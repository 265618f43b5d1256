//! The `sync-agent plan` command.

use clap::Args;
use clientele_shared::model::CustomerNumber;

use super::super::signals::cancel_on_signals;
use super::failure::Failure;
use super::progress_display::ProgressDisplay;
use super::text::{line, name, value};
use super::{MirrorArgs, MirrorCommand, Output};
use crate::mirror::{Plan, Planned, PlannedConflict, Refused};

/// Most entries of a group in the text.
const MAX_SHOWN: usize = 20;
/// Most characters of a reason.
const MAX_REASON: usize = 200;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sync-agent plan --tenant acme\n  sync-agent plan --tenant acme --json\n\n\
    Exit codes: 0 done; 1 failed or stopped; 2 invalid options; 4 not connected, or the authorization has ended; \
    5 QuickBooks or the table cannot be reached."
)]
pub(in crate::cli) struct PlanArgs {
    #[command(flatten)]
    mirror: MirrorArgs,
}

impl MirrorCommand for PlanArgs {
    fn args(&self) -> &MirrorArgs {
        &self.mirror
    }

    async fn carry_out(&self) -> Result<Output, Failure> {
        let connector = self.mirror.connector().await?;
        let connection = connector.connection().await?;
        let cancellation = cancel_on_signals()
            .map_err(|error| Failure::failed(format!("cannot listen for Ctrl-C: {error}")))?;
        let mirror = connector.mirror().await?.with_cancellation(cancellation);
        let mut display = ProgressDisplay::new();
        let result = mirror.plan(&mut |progress| display.show(progress)).await;
        display.clear();
        let plan = result?;
        let (label, company) = (self.mirror.target.label(), name(&connection.company));
        let text = match groups(&plan) {
            groups if groups.is_empty() => {
                format!("{label} and {company} are equal; there is nothing to sync")
            }
            groups => format!("{label}: a sync with {company} would\n\n{}", groups.join("\n\n")),
        };
        Output::new(text, &plan)
    }
}

/// Returns the groups that have entries, each with a heading.
fn groups(plan: &Plan) -> Vec<String> {
    let planned = |title: &str, entries: &[Planned]| group(title, entries, planned);
    let groups = [
        planned("create in QuickBooks", &plan.create),
        planned("update in QuickBooks", &plan.update),
        planned("deactivate in QuickBooks", &plan.deactivate),
        planned("link to a customer in QuickBooks", &plan.link),
        planned("take over from QuickBooks", &plan.pull),
        group("find in conflict", &plan.conflicts, conflict),
        group("refuse", &plan.refused, refused),
    ];
    groups.into_iter().flatten().collect()
}

fn group<T>(title: &str, entries: &[T], describe: impl Fn(&T) -> String) -> Option<String> {
    if entries.is_empty() {
        return None;
    }
    let mut lines = vec![format!("{title}: {}", entries.len())];
    lines.extend(entries.iter().take(MAX_SHOWN).map(describe));
    if entries.len() > MAX_SHOWN {
        lines.push(format!("  … and {} more, all of which --json prints", entries.len() - MAX_SHOWN));
    }
    Some(lines.join("\n"))
}

/// Returns the ids and the name of a customer.
fn heading(id: Option<CustomerNumber>, quickbooks_id: Option<&str>, customer: &str) -> String {
    let ours = id.map(CustomerNumber::to_customer_id);
    let theirs = quickbooks_id.map(|id| format!("QuickBooks {}", name(id)));
    let ids: Vec<String> = ours.into_iter().chain(theirs).collect();
    format!("  {}  {}", ids.join(", "), name(customer))
}

fn planned(planned: &Planned) -> String {
    let mut lines = vec![heading(planned.id, planned.quickbooks_id.as_deref(), &planned.name)];
    lines.extend(
        planned
            .changes
            .iter()
            .map(|(field, change)| format!("    {field}: {} → {}", value(&change.old), value(&change.new))),
    );
    lines.join("\n")
}

fn conflict(conflict: &PlannedConflict) -> String {
    format!(
        "{}\n    {}: was {}, ours {}, theirs {}; {} wins",
        heading(conflict.id, Some(&conflict.quickbooks_id), &conflict.name),
        conflict.field,
        value(&conflict.base),
        value(&conflict.ours),
        value(&conflict.theirs),
        conflict.winner
    )
}

fn refused(refused: &Refused) -> String {
    let heading = heading(refused.id, refused.quickbooks_id.as_deref(), &refused.name);
    format!("{heading}\n    {}", line(&refused.reason, MAX_REASON))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::mirror::PlannedChange;

    fn ann(quickbooks_id: Option<&str>, old: Value) -> Planned {
        Planned {
            id: CustomerNumber::new(1),
            quickbooks_id: quickbooks_id.map(str::to_owned),
            name: "Ann\u{1b} Lee".into(),
            changes: BTreeMap::from([("email", PlannedChange { old, new: json!("ann@new") })]),
        }
    }

    #[test]
    fn changes_are_shown_field_by_field() {
        let plan = Plan { update: vec![ann(Some("7"), json!("ann@old"))], ..Plan::default() };
        let expected =
            "update in QuickBooks: 1\n  cust_1, QuickBooks 7  Ann  Lee\n    email: ann@old → ann@new";
        assert_eq!(groups(&plan), [expected]);
    }

    #[test]
    fn long_groups_are_cut_and_counted() {
        let plan = Plan { create: vec![ann(None, Value::Null); 23], ..Plan::default() };
        let text = groups(&plan).join("\n");
        assert_eq!(text.matches("cust_1  Ann").count(), 20);
        assert!(text.ends_with("\n  … and 3 more, all of which --json prints"), "{text}");
    }
}
