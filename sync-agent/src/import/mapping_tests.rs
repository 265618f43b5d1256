//! Mapping of columns: headers of samples and exports, choices, and errors.

use super::*;
use crate::import::customers::fields::Field;

const CHINOOK: &str =
    "CustomerId,FirstName,LastName,Company,Address,City,State,Country,PostalCode,Phone,Fax,Email";
const NORTHWIND: &str = "CustomerID,CompanyName,ContactName,ContactTitle,Address,City,Region,PostalCode,\
                         Country,Phone,Fax";
const TRADES: &str = "uuid,first_name,last_name,company_name,email,phone,customer_type,is_vip,\
     physical_address1,physical_address2,physical_city,physical_state,physical_zip,billing_address1,\
     billing_address2,billing_city,billing_state,billing_zip,primary_service_location_uuid,notes,\
     internal_flags,on_my_way_notify_via,created_at,updated_at,deleted_at";

fn header(text: &str) -> StringRecord {
    StringRecord::from(text.split(',').collect::<Vec<_>>())
}

fn mapping(text: &str, choices: &[&str], id_column: Option<&str>) -> Result<Mapping<Field>, MappingError> {
    let choices: Vec<ColumnChoice<Field>> = choices.iter().map(|choice| choice.parse().unwrap()).collect();
    let extra = id_column.map(|column| (Field::Id, column));
    Mapping::of(
        &header(text),
        &choices,
        &[],
        &MappingRules::default(),
        &HeaderRules { extra, ..HeaderRules::COMMON },
    )
}

#[track_caller]
fn check(text: &str, expected: &[Field]) {
    let mapping = mapping(text, &[], None).unwrap();
    for (at, field) in expected.iter().enumerate() {
        assert_eq!(mapping.column(*field), Some(at), "{}", field.name());
    }
    assert_eq!(mapping.left_out(), Vec::<String>::new());
}

#[test]
fn chinook_header_is_recognised_unedited() {
    use Field::{
        City, CompanyName, Country, Email, Fax, FirstName, Id, LastName, Phone, State, Street, ZipCode,
    };
    let expected =
        [Id, FirstName, LastName, CompanyName, Street, City, State, Country, ZipCode, Phone, Fax, Email];
    check(CHINOOK, &expected);
}

#[test]
fn northwind_header_is_recognised_unedited() {
    use Field::{City, CompanyName, ContactTitle, Country, Fax, FullName, Id, Phone, State, Street, ZipCode};
    let expected =
        [Id, CompanyName, FullName, ContactTitle, Street, City, State, ZipCode, Country, Phone, Fax];
    check(NORTHWIND, &expected);
}

#[test]
fn headers_of_trades_and_of_exports_are_recognised() {
    assert_eq!(mapping(TRADES, &[], None).unwrap().left_out(), ["updated_at"]);
    let own = clientele_shared::csv::customer_row::COLUMNS.join(",");
    assert_eq!(mapping(&own, &[], None).unwrap().left_out(), ["updatedAt"]);
}

#[test]
fn choices_take_precedence_over_header_names() {
    let mapping = mapping("id,Phone,Handy,Name", &["Handy=phone", "name=lastName"], None).unwrap();
    assert_eq!(mapping.column(Field::Phone), Some(2));
    assert_eq!(mapping.column(Field::LastName), Some(3));
    assert_eq!(mapping.left_out(), ["Phone"]);
}

#[test]
fn id_comes_from_the_chosen_or_the_preferred_column() {
    let id = |id_column| mapping("uuid,external_id,CustomerId,email", &[], id_column).unwrap();
    assert_eq!(id(None).column(Field::Id), Some(2));
    assert_eq!(id(None).left_out(), ["uuid", "external_id"]);
    let by_email = id(Some("Email"));
    assert_eq!((by_email.column(Field::Id), by_email.column(Field::Email)), (Some(3), Some(3)));
    assert_eq!(mapping("email", &[], None).unwrap().column(Field::Id), None);
}

#[test]
fn errors_name_the_columns_concerned() {
    let message = |text, choices: &[&str]| mapping(text, choices, None).unwrap_err().to_string();
    assert!(message("email,Phone,phone number", &[]).contains("`Phone` and `phone number` both hold phone"));
    assert!(
        message("email,Phone", &["Fone=phone"])
            .contains("column `Fone` does not exist; the columns are email, Phone")
    );
    assert!(message("email,x", &["x=phone", "X=fax"]).contains("twice for column `x`"));
    assert!(message("email;phone", &[]).contains("--delimiter ';'"));
    assert!(message("colour,", &[]).contains("the columns are colour, column 2"));
}

#[test]
fn unknown_field_error_lists_the_fields() {
    let error = "Colour=colour".parse::<ColumnChoice<Field>>().unwrap_err();
    assert!(error.contains("`colour` is not a field") && error.contains("firstName, lastName"), "{error}");
    assert!("Colour".parse::<ColumnChoice<Field>>().is_err());
    let left_out: ColumnChoice<Field> = "a=b=-".parse().unwrap();
    assert_eq!((left_out.column.as_str(), left_out.field), ("a=b", None));
}
