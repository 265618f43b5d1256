//! A customer as a row of CSV: the columns, the cells, and the guard against formulas. Pure: it needs the model
//! and the CSV writer, so whatever else writes customers as CSV can use it.
//!
//! # The guard
//!
//! Spreadsheets run a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return as a formula, and a
//! customer can type one into a web form. A guarded cell has an apostrophe before it, which spreadsheets take
//! for "this is text". That goes for every cell, so also for a phone such as `+55 (12) 3923-5555`: to a
//! spreadsheet it is a formula, and would be shown as an error or a number without its plus sign.
//!
//! Guarding can be undone exactly: [`guarded`] adds one apostrophe before such a cell, also before one that has
//! apostrophes there already, and [`unguarded`] takes one away. An import does so, and brings back what an export
//! took out; whoever reads the file by other means switches the guard off.

use std::borrow::Cow;
use std::io::Write;

use clientele_shared::model::Customer;

/// The header of a customers' file.
pub const COLUMNS: [&str; 17] = [
    "id",
    "firstName",
    "lastName",
    "companyName",
    "email",
    "phone",
    "mobilePhone",
    "street",
    "city",
    "state",
    "zipCode",
    "status",
    "tags",
    "notes",
    "quickbooksId",
    "createdAt",
    "updatedAt",
];

/// What parts the tags of a customer in their cell.
pub const TAG_SEPARATOR: &str = ";";

/// Whether cells that a spreadsheet would run are marked as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FormulaGuard {
    /// They are.
    #[default]
    On,
    /// Every cell is what the record holds.
    Off,
}

/// A customer's cells, in the order of [`COLUMNS`].
#[must_use]
pub fn cells(customer: &Customer, guard: FormulaGuard) -> [Cow<'_, str>; 17] {
    let fields = &customer.fields;
    let address = &fields.physical;
    let cells = [
        customer.number.to_cust().into(),
        text(&fields.first_name),
        text(&fields.last_name),
        text(&fields.company_name),
        text(&fields.email),
        text(&fields.phone),
        text(&fields.mobile_phone),
        text(&address.line1),
        text(&address.city),
        text(&address.state),
        text(&address.postal_code),
        fields.status.as_str().into(),
        fields.tag_ids.join(TAG_SEPARATOR).into(),
        text(&fields.notes),
        text(&fields.quickbooks_id),
        customer.created_at.to_rfc3339_seconds().into(),
        customer.updated_at.to_rfc3339_seconds().into(),
    ];
    match guard {
        FormulaGuard::On => cells.map(guarded),
        FormulaGuard::Off => cells,
    }
}

fn text(value: &Option<String>) -> Cow<'_, str> {
    value.as_deref().unwrap_or_default().into()
}

/// A writer of RFC 4180: commas, CRLF, quotation marks where they are needed.
pub fn writer<W: Write>(output: W) -> csv::Writer<W> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(output)
}

/// The cell as text to a spreadsheet.
#[must_use]
pub fn guarded(cell: Cow<'_, str>) -> Cow<'_, str> {
    if is_formula(cell.trim_start_matches('\'')) { format!("'{cell}").into() } else { cell }
}

/// The cell without the mark of [`guarded`].
#[must_use]
pub fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest.trim_start_matches('\'')) => rest,
        _ => cell,
    }
}

fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use clientele_shared::model::{Address, CustomerFields, CustomerNumber, Mode, Tenant, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn customer(fields: CustomerFields) -> Customer {
        let number = CustomerNumber::new(456).unwrap();
        Customer {
            number,
            uuid: Tenant::new(&"acme".parse().unwrap(), Mode::Live).customer_uuid(number),
            version: 1,
            created_at: Timestamp::from_millis(1_705_314_600_999),
            updated_at: Timestamp::from_millis(1_705_414_800_000),
            deleted_at: None,
            fields,
        }
    }

    fn row(fields: CustomerFields, guard: FormulaGuard) -> String {
        let mut writer = writer(Vec::new());
        writer.write_record(cells(&customer(fields), guard).iter().map(|cell| cell.as_bytes())).unwrap();
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    }

    fn luis() -> CustomerFields {
        CustomerFields {
            first_name: Some("Luís".into()),
            company_name: Some("Embraer, \"S.A.\"".into()),
            phone: Some("+55 (12) 3923-5555".into()),
            physical: Address { city: Some("São Paulo".into()), ..Address::default() },
            tag_ids: vec!["weekly".into(), "salt".into()],
            ..CustomerFields::default()
        }
    }

    #[test]
    fn a_row_is_as_documented() {
        assert_eq!(
            row(luis(), FormulaGuard::On),
            "cust_456,Luís,,\"Embraer, \"\"S.A.\"\"\",,'+55 (12) 3923-5555,,,São Paulo,,,ACTIVE,weekly;salt,,,\
             2024-01-15T10:30:00Z,2024-01-16T14:20:00Z\r\n"
        );
        assert!(row(luis(), FormulaGuard::Off).contains(",+55 (12) 3923-5555,"));
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_marked() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"] {
            assert_eq!(guarded(cell.into()), format!("'{cell}"));
        }
        for cell in ["", "O'Reilly", "'t Hart", "1-2", "'"] {
            assert_eq!(guarded(cell.into()), cell);
            assert_eq!(unguarded(cell), cell);
        }
    }

    proptest! {
        #[test]
        fn the_mark_can_be_taken_away_exactly(cell in "'{0,3}[=+@\t\r-]?\\PC{0,8}") {
            let guarded = guarded(cell.as_str().into());
            prop_assert_eq!(unguarded(&guarded), &cell);
        }
    }
}
