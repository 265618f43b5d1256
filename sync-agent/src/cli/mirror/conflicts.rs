//! The `sync-agent conflicts` command, which lists conflicts, or resolves those of a customer.

use clap::{Args, ValueEnum};
use clientele_shared::model::{Conflict, CustomerNumber, EarlierConflict, KeptConflict, MirrorSide};
use serde::Serialize;
use serde_json::Value;

use super::failure::Failure;
use super::text::{name, value};
use super::{MirrorArgs, MirrorCommand, Output};
use crate::cli::text::counted;
use crate::mirror::Resolution;
use crate::mirror::fields::Field;

#[derive(Debug, Args)]
#[command(
    override_usage = "sync-agent conflicts [OPTIONS]\n       sync-agent conflicts resolve <ID> --keep <ours|theirs> \
                      [--field <FIELD>] [OPTIONS]",
    after_help = "Examples:\n  sync-agent conflicts --tenant acme\n  sync-agent conflicts resolve cust_12 --keep \
                  theirs --field email --tenant acme\n\nThe next sync brings the chosen value to the other \
                  side.\n\nFields: first_name, last_name, company_name, email, phone, mobile_phone, website, notes, \
                  billing_address, shipping_address, active.\n\nExit codes: 0 done; 1 failed; 2 invalid options; 4 not \
                  connected; 5 the table cannot be reached."
)]
pub(in crate::cli) struct ConflictsArgs {
    /// Choose the value of a conflict instead of listing all
    #[arg(value_enum, requires = "id", requires = "keep")]
    action: Option<Action>,
    /// Id of the customer, such as cust_12
    #[arg(value_parser = customer)]
    id: Option<CustomerNumber>,
    /// The side whose value is kept
    #[arg(long, value_name = "ours|theirs", requires = "action")]
    keep: Option<MirrorSide>,
    /// Field in conflict [default: all fields of the customer that are in conflict]
    #[arg(long, value_name = "FIELD", value_parser = field, requires = "action")]
    field: Option<Field>,
    #[command(flatten)]
    mirror: MirrorArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Action {
    Resolve,
}

impl ConflictsArgs {
    /// Returns the choice, or `None` if the conflicts are listed.
    fn resolution(&self) -> Option<Resolution> {
        let (Some(number), Some(keep)) = (self.id, self.keep) else { return None };
        Some(Resolution { number, keep, field: self.field })
    }
}

/// A conflict as `--json` prints it.
#[derive(Serialize)]
struct Json<'a> {
    id: String,
    quickbooks_id: &'a str,
    name: &'a str,
    field: &'a str,
    base: &'a Value,
    ours: &'a Value,
    theirs: &'a Value,
    winner: MirrorSide,
    at: String,
    earlier: Vec<JsonEarlier<'a>>,
}

/// The values of an earlier conflict about the same field.
#[derive(Serialize)]
struct JsonEarlier<'a> {
    ours: &'a Value,
    theirs: &'a Value,
    at: String,
}

impl<'a> From<&'a EarlierConflict> for JsonEarlier<'a> {
    fn from(earlier: &'a EarlierConflict) -> Self {
        let EarlierConflict { ours, theirs, at } = earlier;
        Self { ours, theirs, at: at.to_rfc3339() }
    }
}

impl<'a> From<&'a KeptConflict> for Json<'a> {
    fn from(kept: &'a KeptConflict) -> Self {
        let KeptConflict { latest: conflict, earlier } = kept;
        Self {
            id: conflict.number.to_customer_id(),
            quickbooks_id: conflict.quickbooks_id.as_str(),
            name: &conflict.name,
            field: &conflict.field,
            base: &conflict.base,
            ours: &conflict.ours,
            theirs: &conflict.theirs,
            winner: conflict.winner,
            at: conflict.at.to_rfc3339(),
            earlier: earlier.iter().map(JsonEarlier::from).collect(),
        }
    }
}

impl MirrorCommand for ConflictsArgs {
    fn args(&self) -> &MirrorArgs {
        &self.mirror
    }

    async fn carry_out(&self) -> Result<Output, Failure> {
        let connector = self.mirror.connector().await?;
        let connection = connector.connection().await?;
        let (store, tenant) = (connector.store(), connector.tenant());
        let kept = store.mirror_conflicts_kept(&tenant, &connection.realm).await?;
        let (text, conflicts) = match self.resolution() {
            Some(resolution) => {
                let resolved = resolution.apply(store, &tenant, &connection).await?;
                let is_resolved = |kept: &KeptConflict| resolved.contains(&kept.latest);
                (resolved_text(&resolved, resolution.keep), kept.into_iter().filter(is_resolved).collect())
            }
            None => (list_text(&kept), kept),
        };
        Output::new(text, conflicts.iter().map(Json::from).collect::<Vec<_>>())
    }
}

fn list_text(conflicts: &[KeptConflict]) -> String {
    if conflicts.is_empty() {
        return "there are no conflicts".to_owned();
    }
    let mut lines = vec![format!("{} in conflict:", counted(conflicts.len(), "field"))];
    for KeptConflict { latest: conflict, earlier } in conflicts {
        let Conflict { number, quickbooks_id, field, winner, at, .. } = conflict;
        lines.push(format!(
            "  {}, QuickBooks {quickbooks_id}  {}\n    {field}: was {}, ours {}, theirs {}; {} won on {}",
            number.to_customer_id(),
            name(&conflict.name),
            value(&conflict.base),
            value(&conflict.ours),
            value(&conflict.theirs),
            winner.as_str(),
            at.to_rfc3339_seconds()
        ));
        lines.extend(earlier.iter().map(|EarlierConflict { ours, theirs, at }| {
            let at = at.to_rfc3339_seconds();
            format!("    before, on {at}: ours {}, theirs {}", value(ours), value(theirs))
        }));
    }
    lines.push("choose a value with `sync-agent conflicts resolve ID --keep ours|theirs`".to_owned());
    lines.join("\n")
}

fn resolved_text(resolved: &[Conflict], keep: MirrorSide) -> String {
    let mut lines: Vec<String> = resolved
        .iter()
        .map(|conflict| {
            let kept = match keep {
                MirrorSide::Ours => &conflict.ours,
                MirrorSide::Theirs => &conflict.theirs,
            };
            format!("{}: {} is {}", conflict.number.to_customer_id(), conflict.field, value(kept))
        })
        .collect();
    lines.push("`sync-agent sync` brings this to QuickBooks".to_owned());
    lines.join("\n")
}

fn customer(text: &str) -> Result<CustomerNumber, &'static str> {
    CustomerNumber::from_customer_id(text).ok_or("must be an id such as cust_12")
}

fn field(text: &str) -> Result<Field, String> {
    Field::named(text).ok_or_else(|| {
        let names: Vec<&str> = Field::ALL.into_iter().map(Field::as_str).collect();
        format!("the fields are {}", names.join(", "))
    })
}
