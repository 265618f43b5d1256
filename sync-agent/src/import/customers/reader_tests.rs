//! Reading files of customers: which rows are rejected, and on which line.

use clientele_shared::model::Timestamp;

use super::*;
use crate::import::mapping::HeaderRules;
use crate::import::reader::{ReadError, RejectedRow, Row, Rows};

fn rows(file: &[u8]) -> Result<(Vec<GoodRow>, Vec<RejectedRow>), ReadError> {
    let (options, now) = (ImportOptions::default(), Timestamp::from_millis(0));
    let session = Customers::default().begin(Path::new("file.csv"), &options, now).unwrap();
    let mut rows = Rows::open(file, &options, &HeaderRules::COMMON, session)?;
    let (mut good, mut rejected) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        match row {
            Row::Good(row) => good.push(row),
            Row::Rejected(row) => rejected.push(row),
        }
    }
    Ok((good, rejected))
}

#[track_caller]
fn check_rejected(file: &[u8], expected: &[(u64, &str)]) {
    let (_, rejected) = rows(file).unwrap();
    assert_eq!(rejected.len(), expected.len(), "{rejected:?}");
    for (row, (line, reason)) in rejected.iter().zip(expected) {
        assert_eq!(row.line, *line);
        assert!(row.reason.contains(reason), "{}", row.reason);
    }
}

#[test]
fn byte_order_mark_and_blank_lines_are_ignored() {
    let (good, rejected) = rows("\u{feff}id,email\r\n\r\n1,a\r\n".as_bytes()).unwrap();
    assert_eq!((good[0].id.as_str(), rejected.len()), ("1", 0));
    assert_eq!(good[0].customer.fields.email.as_deref(), Some("a"));
}

#[test]
fn reading_continues_after_a_rejected_row() {
    let file = b"id,email,status\n1,a,LEAD\n2,b\n3,c,,\n4,\xff,\n5,,LEAD\n6,f,gone\n7,g,\n";
    let expected = [
        (3, "has 2 cells, but the header has 3"),
        (4, "has 4 cells"),
        (5, "email: is not UTF-8"),
        (6, "row: has no first name"),
        (7, "status: must be ACTIVE"),
    ];
    check_rejected(file, &expected);
    assert_eq!(rows(file).unwrap().0.len(), 2);
}

#[test]
fn reason_for_a_multiline_row_suggests_an_unclosed_quotation_mark() {
    check_rejected(b"id,email,notes\n1,a,\"b\n2,c\n", &[(2, "row: a quotation mark that is opened")]);
    check_rejected(b"id,email\n1,\"a\n2,b\"\n", &[(2, "email: must be one line")]);
    check_rejected(b"id,email,phone\n1,\"a\n2,b,c\"\n", &[(2, "check for an unclosed quotation mark")]);
}

#[test]
fn duplicate_row_is_rejected_with_the_line_of_the_first() {
    check_rejected(b"id,email\n1,a\n2,b\n 1 ,c\n", &[(4, "id: has the same id `1` as line 2")]);
    check_rejected(b"email\na\nb\na\n", &[(4, "row: is identical to line 2")]);
}

#[test]
fn row_without_an_id_is_identified_by_all_of_its_cells() {
    let id = |file: &str| rows(file.as_bytes()).unwrap().0.remove(0).id;
    assert!(id("email\na\n").starts_with("sha256:"));
    assert_ne!(id("email,phone\nab,c\n"), id("email,phone\na,bc\n"));
    assert!(id("id,email\n,a\n").starts_with("sha256:"));
}

#[test]
fn file_without_a_usable_header_is_rejected() {
    assert!(matches!(rows(b""), Err(ReadError::NoHeader)));
    assert!(matches!(rows(b"e\xffmail\n"), Err(ReadError::HeaderNotUtf8)));
    assert!(matches!(rows(b"x,y\n1,2\n"), Err(ReadError::Mapping(_))));
}
