//! Tests of the JSON values.

use proptest::prelude::*;

use super::*;

#[test]
fn amounts_keep_their_decimal_digits() {
    let text = r#"{"a":0.1,"b":123456789012345678.91,"c":-5,"d":1e3}"#;
    let object = Object::parse(text).unwrap().unwrap();
    assert_eq!(object.decimal("a") + "0.2".parse::<Decimal>().unwrap(), "0.3".parse().unwrap());
    assert_eq!(object.to_string(), r#"{"a":0.1,"b":123456789012345678.91,"c":-5,"d":1000}"#);
}

#[test]
fn too_deep_and_too_large_documents_are_rejected() {
    let deep = "[".repeat(40) + &"]".repeat(40);
    assert!(matches!(Value::parse(&deep), Err(ParseError::Depth)));
    for number in ["9e99", "1e18", "-1e18"] {
        assert!(matches!(Value::parse(number), Err(ParseError::Number(_))), "{number}");
    }
    assert!(Value::parse("999999999999999999.99").is_ok());
    assert!(matches!(Value::parse("{"), Err(ParseError::Syntax(_))));
    let fields = |count: usize| (0..count).map(|n| format!("\"{n}\":0")).collect::<Vec<_>>().join(",");
    assert!(Value::parse(&format!("{{{}}}", fields(1000))).is_ok());
    assert!(matches!(Value::parse(&format!("{{{}}}", fields(1001))), Err(ParseError::Fields)));
}

#[test]
fn last_of_two_equal_fields_wins() {
    assert_eq!(Value::parse(r#"{"a":1,"a":2}"#).unwrap().to_string(), r#"{"a":2}"#);
}

proptest! {
    #[test]
    fn any_text_survives_writing_and_reading(text in any::<String>()) {
        let value = Value::from(text.as_str());
        prop_assert_eq!(Value::parse(&value.to_string()).unwrap(), value);
    }

    #[test]
    fn parsing_never_panics(text in any::<String>()) {
        drop(Value::parse(&text));
    }
}
