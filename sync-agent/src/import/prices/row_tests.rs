//! Conversion of rows to prices: what each column contributes, and which rows are rejected and why.

use clientele_shared::model::Date;

use super::*;
use crate::import::cells::reason;
use crate::import::mapping::HeaderRules;
use crate::import::source::MappingRules;

const HEADER: &str =
    "customerId,productId,serviceType,name,defaultPrice,customerPrice,currency,effectiveFrom";

fn record(text: &str) -> StringRecord {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().next().unwrap().unwrap()
}

fn read_with(row: &str, currency: Option<&str>) -> Result<RowPrice, String> {
    let mapping =
        Mapping::of(&record(HEADER), &[], &[], &MappingRules::default(), &HeaderRules::COMMON).unwrap();
    let currency = currency.map(|code| code.parse().unwrap());
    super::price(&mapping, &record(row), true, currency, false).map_err(|errors| reason(&errors))
}

#[track_caller]
fn check_rejected(row: &str, expected: &str) {
    assert_eq!(read_with(row, None), Err(expected.to_owned()));
}

#[test]
fn row_without_a_customer_belongs_to_the_price_list() {
    let row = read_with(",P-7,cleaning, Weekly clean ,120.5,,USD,2024-01-15", None).unwrap();
    let price = Price {
        effective_from: Some("2024-01-15".parse::<Date>().unwrap()),
        service_type: Some("cleaning".into()),
        name: Some("Weekly clean".into()),
        amount: Money::from_cents(12_050),
        currency: "USD".parse().unwrap(),
    };
    assert_eq!(row, RowPrice { customer: None, product: "P-7".parse().unwrap(), price });
}

#[test]
fn row_with_a_customer_is_its_own_price_and_ignores_the_default_price() {
    let uuid = "0b5e7a3e-6f0c-5d5f-8a39-0c4f2b7a9e31";
    for text in ["cust_7", uuid, "ann@example.com"] {
        let row = read_with(&format!("{text},P-7,,,whatever,99,EUR,"), None).unwrap();
        assert_eq!((row.customer, row.price.amount), (Some(text.to_owned()), Money::from_cents(9_900)));
        assert_eq!((row.price.effective_from, row.price.name), (None, None));
    }
}

#[test]
fn currency_option_applies_to_rows_without_a_currency() {
    let currency = |row| read_with(row, Some("EUR")).unwrap().price.currency.to_string();
    assert_eq!(currency(",1,,,5,,,"), "EUR");
    assert_eq!(currency(",1,,,5,,USD,"), "USD");
}

#[test]
fn formula_guard_is_removed() {
    let row = read_with(",'-7,,'=A,5,,USD,", None).unwrap();
    assert_eq!((row.product.as_str(), row.price.name.as_deref()), ("-7", Some("=A")));
    assert!(read_with(",7,,,'-5,,USD,", None).unwrap_err().contains("must not be negative"));
}

#[test]
fn reasons_name_the_invalid_field_and_what_would_be_valid() {
    let long = "x".repeat(256);
    check_rejected(",,,,5,,USD,", "productId: must not be empty");
    check_rejected(
        &format!(",{},,,5,,USD,", "é".repeat(65)),
        &format!("productId: must be 1 to 64 characters on one line, not `{}…`", "é".repeat(40)),
    );
    check_rejected(&format!(",1,,{long},5,,USD,"), "name: must be at most 255 characters");
    check_rejected(",1,\"a\nb\",,5,,USD,", "serviceType: must be one line without control characters");
    check_rejected(",1,,,,,USD,", "defaultPrice: must not be empty if customerId is empty");
    check_rejected(
        ",1,,,5,4,USD,",
        "customerPrice: must be empty if customerId is empty, because the row then belongs to the price \
         list; fill in customerId or clear this cell",
    );
    check_rejected("cust_1,1,,,5,,USD,", "customerPrice: must not be empty if customerId is filled in");
    check_rejected(
        "Ann,1,,,,5,USD,",
        "customerId: must be a customer id such as cust_456, a uuid or an email, not `Ann`",
    );
    check_rejected(",1,,,abc,,USD,", "defaultPrice: must be a number, such as 1250.00, not `abc`");
    check_rejected(
        ",1,,,1.234,,USD,",
        "defaultPrice: must have at most two decimal places, such as 1250.00, not `1.234`",
    );
    check_rejected(",1,,,-1,,USD,", "defaultPrice: must not be negative, not `-1`");
    check_rejected(",1,,,5,,usd,", "currency: must be three capital letters such as USD, not `usd`");
    check_rejected(
        ",1,,,5,,,",
        "currency: is missing; fill it in, or set one for all such rows, such as --currency USD",
    );
    check_rejected(
        ",1,,,5,,USD,15.01.2024",
        "effectiveFrom: must be a date such as 2024-01-15, not `15.01.2024`",
    );
    check_rejected(
        "x,,,,5,,,yesterday",
        "customerId: must be a customer id such as cust_456, a uuid or an email, not `x`; productId: must \
         not be empty; customerPrice: must not be empty if customerId is filled in; currency: is missing; \
         fill it in, or set one for all such rows, such as --currency USD; effectiveFrom: must be a date \
         such as 2024-01-15, not `yesterday`",
    );
}
