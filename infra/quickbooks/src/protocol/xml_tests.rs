//! Tests of the XML form.

use proptest::prelude::*;

use super::xml;
use crate::object;
use crate::value::{Object, Value};

#[test]
fn objects_are_written_as_the_documentation_shows() {
    let customer = object! {
        "DisplayName" => "King's & <Sons>",
        "CurrencyRef" => object! { "value" => "USD", "name" => "United States Dollar" },
        "Line" => vec![Value::from(object! { "Amount" => 1_u64 }), Value::from(object! { "Amount" => 2_u64 })],
        "domain" => "QBO",
        "sparse" => false,
    };
    assert_eq!(
        xml::write(&object! { "Customer" => customer }, "2015-07-23T10:58:12.099-07:00"),
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <IntuitResponse xmlns=\"http://schema.intuit.com/finance/v3\" time=\"2015-07-23T10:58:12.099-07:00\">\
         <Customer domain=\"QBO\" sparse=\"false\"><DisplayName>King&apos;s &amp; &lt;Sons&gt;</DisplayName>\
         <CurrencyRef name=\"United States Dollar\">USD</CurrencyRef>\
         <Line><Amount>1</Amount></Line><Line><Amount>2</Amount></Line></Customer></IntuitResponse>"
    );
}

#[test]
fn requests_are_read_into_the_same_form_as_json() {
    let text = r#"<?xml version="1.0"?><Invoice xmlns="http://schema.intuit.com/finance/v3" sparse="true">
        <Id>5</Id><CustomerRef name="A &amp; B">7</CustomerRef>
        <Line><Amount>10.50</Amount><DetailType>SalesItemLineDetail</DetailType>
        <SalesItemLineDetail><ItemRef>1</ItemRef><Qty>2</Qty></SalesItemLineDetail></Line></Invoice>"#;
    let expected = r#"{"Id":"5","CustomerRef":{"value":"7","name":"A & B"},"Line":[{"Amount":"10.50","DetailType":
        "SalesItemLineDetail","SalesItemLineDetail":{"ItemRef":{"value":"1"},"Qty":"2"}}],"sparse":"true"}"#;
    assert_eq!(xml::read(text).unwrap(), Value::parse(expected).unwrap());
}

#[test]
fn broken_documents_are_rejected() {
    for text in ["", "<a>", "<a></b>", "<a>&none;</a>", "text", "<!DOCTYPE a><a/>", &"<a>".repeat(40)] {
        assert!(xml::read(text).is_err(), "{text}");
    }
}

#[test]
fn elements_and_attributes_are_limited_in_number() {
    let elements = |count: usize| (0..count).map(|n| format!("<e{n}/>")).collect::<String>();
    let attributes = |count: usize| (0..count).map(|n| format!(" a{n}='1'")).collect::<String>();
    for (count, is_read) in [(1000, true), (1001, false)] {
        assert_eq!(xml::read(&format!("<a>{}</a>", elements(count))).is_ok(), is_read);
        assert_eq!(xml::read(&format!("<a{}/>", attributes(count))).is_ok(), is_read);
    }
}

proptest! {
    #[test]
    fn reading_never_panics(text in "[<>/a-c&;\"' =!\\[\\]-]{0,60}") {
        drop(xml::read(&text));
    }

    #[test]
    fn texts_survive_writing_and_reading(text in "[ -~\u{a0}-\u{2fff}]{1,40}") {
        let written = xml::write(&object! { "Notes" => text.as_str() }, "now");
        let read = xml::read(&written).unwrap();
        let notes = read.as_object().and_then(|object: &Object| object.text("Notes")).unwrap();
        prop_assert_eq!(notes, text.trim());
    }
}
