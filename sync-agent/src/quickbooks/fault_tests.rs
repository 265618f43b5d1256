//! Errors in every form, and bodies that are none.

use proptest::prelude::*;

use super::*;

fn found(status: u16, body: &str) -> Fault {
    Fault::find(status, body.as_bytes()).unwrap()
}

#[test]
fn api_and_gateway_forms_are_read() {
    let api = found(
        400,
        r#"{"Fault":{"Error":[{"Message":"Duplicate","Detail":"The name","code":"6240","element":""}],
            "type":"ValidationFault"},"time":"2026-11-01T00:00:00Z"}"#,
    );
    assert_eq!(
        (api.code.as_str(), api.message.as_str(), api.detail.as_str()),
        ("6240", "Duplicate", "The name")
    );
    assert_eq!(api.kind(), FaultKind::NameTaken);
    let gateway = found(
        401,
        r#"{"warnings":null,"fault":{"error":[{"message":"message=AuthenticationFailed; errorCode=003200",
            "detail":"Token expired","code":"3200","element":null}],"type":"AUTHENTICATION"}}"#,
    );
    assert_eq!((gateway.code.as_str(), gateway.kind()), ("3200", FaultKind::TokenExpired));
    let number = found(400, r#"{"Fault":{"Error":{"code":5010}}}"#);
    assert_eq!(number.kind(), FaultKind::Stale);
    let in_message = found(403, r#"{"fault":{"error":[{"message":"x; errorCode=003100; statusCode=403"}]}}"#);
    assert_eq!((in_message.code.as_str(), in_message.kind()), ("3100", FaultKind::WrongCompany));
}

#[test]
fn xml_form_is_read_with_and_without_namespace() {
    let fault = found(
        429,
        r#"<?xml version="1.0"?><q:IntuitResponse xmlns:q="u"><q:Fault type="SERVICE"><q:Error code="003001">
            <q:Message>a &lt; b &#65;</q:Message><q:Detail><![CDATA[<c>]]></q:Detail></q:Error>
            <q:Error code="1"/></q:Fault></q:IntuitResponse>"#,
    );
    assert_eq!(
        (fault.code.as_str(), fault.message.as_str(), fault.detail.as_str()),
        ("3001", "a < b A", "<c>")
    );
    assert_eq!(fault.kind(), FaultKind::Throttled);
    assert_eq!(found(500, r#"<Fault><Error code="10000"/></Fault>"#).kind(), FaultKind::Transient);
}

#[test]
fn bodies_without_an_error_contain_no_fault() {
    for body in [
        "",
        "<html><body><h1>502 Bad Gateway</h1></body></html>",
        r#"{"Customer":{"Id":"1"},"time":""}"#,
        r#"{"fault":null,"queryResponse":{}}"#,
        "[1]",
        "busy",
    ] {
        assert_eq!(Fault::find(502, body.as_bytes()), None, "{body}");
    }
}

#[test]
fn kinds_follow_from_status_and_code() {
    for (status, code, kind) in [
        (429, "", FaultKind::Throttled),
        (403, "3001", FaultKind::MonthlyReads),
        (401, "120", FaultKind::AccessLost),
        (401, "", FaultKind::TokenExpired),
        (400, "610", FaultKind::NotFound),
        (400, "6190", FaultKind::SubscriptionLapsed),
        (502, "", FaultKind::Transient),
        (200, "10000", FaultKind::Transient),
        (200, "6000", FaultKind::Invalid),
        (302, "", FaultKind::Invalid),
    ] {
        let fault = Fault { status, code: code.into(), ..Fault::default() };
        assert_eq!(fault.kind(), kind, "{fault}");
    }
}

#[test]
fn shown_fault_names_status_code_text_and_tid() {
    let fault = Fault {
        status: 400,
        code: "610".into(),
        message: "m".into(),
        detail: "d".into(),
        tid: Some("t".into()),
    };
    assert_eq!(fault.to_string(), "HTTP 400, error 610: d (intuit_tid t)");
    assert_eq!(Fault::of_status(502).to_string(), "HTTP 502");
}

proptest! {
    #[test]
    fn any_body_is_read_without_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        Fault::find(500, &body);
    }

    #[test]
    fn any_xml_is_read_without_panic(
        body in "(<Error|</Error>|<Message>|</|>|code=\"1\"|&#x;|&lt;|<!\\[CDATA\\[|a| ){0,20}",
    ) {
        Fault::find(500, body.as_bytes());
    }

    #[test]
    fn texts_survive_in_json_and_xml(code in "[1-9][0-9]{0,4}", message in "[ -~]{0,40}", detail in "\\PC{0,40}") {
        let (message, detail) = (message.trim(), detail.trim());
        let error = serde_json::json!({ "Message": message, "Detail": detail, "code": code });
        let json = serde_json::json!({ "Fault": { "Error": [error] } }).to_string();
        let escape = quick_xml::escape::escape;
        let xml = format!(
            "<Fault><Error code=\"{code}\"><Message>{}</Message><Detail>{}</Detail></Error></Fault>",
            escape(message), escape(detail),
        );
        for body in [json, xml] {
            let fault = Fault::find(400, body.as_bytes()).unwrap();
            prop_assert_eq!((&fault.code, fault.message.as_str(), fault.detail.as_str()), (&code, message, detail));
        }
    }
}
