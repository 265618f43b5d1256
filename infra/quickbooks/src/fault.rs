//! The errors of the API. Each constructor names where its texts come from, if they are known.
//!
//! Sources: \[codes\] Intuit's list of error codes, as copied by support pages of RedTeam and QODBC;
//! \[top\] Intuit's article on the most frequent errors; \[field\] responses quoted in issues of public
//! clients.

use crate::object;
use crate::value::{Object, Value};

/// An error of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// HTTP status.
    pub status: u16,
    /// Type of the fault, such as `ValidationFault`.
    pub kind: &'static str,
    /// Number of the error.
    pub code: &'static str,
    /// Short text of the error.
    pub message: String,
    /// Text with particulars.
    pub detail: String,
    /// Name of the field, or empty.
    pub element: String,
    /// Form of the body.
    pub form: Form,
}

/// The forms of an error's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `{"Fault": {"Error": […]}}`, as the API itself sends it, or the same in XML.
    Api,
    /// `{"fault": {"error": […]}}` in lower case, as the gateway in front of the API sends it.
    Gateway,
    /// XML, even to a client that accepts only JSON.
    Xml,
}

const INACTIVE: &str = "Something you're trying to use has been made inactive. Check the fields with \
                        accounts, customers, items, vendors or employees.";

impl Fault {
    /// Returns a validation error, HTTP 400.
    #[must_use]
    pub fn validation(code: &'static str, message: &str, detail: impl Into<String>) -> Self {
        Self {
            status: 400,
            kind: "ValidationFault",
            code,
            message: message.to_owned(),
            detail: detail.into(),
            element: String::new(),
            form: Form::Api,
        }
    }

    /// Returns the error with the name of the field.
    #[must_use]
    pub fn at(mut self, element: &str) -> Self {
        element.clone_into(&mut self.element);
        self
    }

    /// The operation does not exist for the entity. \[codes\]
    #[must_use]
    pub fn unsupported_operation(operation: &str) -> Self {
        Self::validation("500", "Unsupported Operation", format!("Operation {operation} is not supported."))
    }

    /// The body cannot be read: it is not UTF-8, JSON or XML. \[doc: handling common errors\]
    #[must_use]
    pub fn malformed_body(reason: &str) -> Self {
        Self::validation("500", "Unsupported Operation", format!("Malformed request body: {reason}"))
    }

    /// The object does not exist, or is inactive where an active one is needed. \[field: .NET SDK 353\]
    #[must_use]
    pub fn not_found() -> Self {
        Self::validation("610", "Object Not Found", format!("Object Not Found : {INACTIVE}"))
    }

    /// A reference names an object that does not exist. \[field: PHP SDK 110\]
    #[must_use]
    pub fn invalid_reference(element: &str) -> Self {
        Self::validation("2500", "Invalid Reference Id", format!("Invalid Reference Id : {INACTIVE}"))
            .at(element)
    }

    /// The parent is not a valid one. \[codes\]
    #[must_use]
    pub fn invalid_parent() -> Self {
        Self::validation("700", "Parent Reference Invalid", "The parent isn't a valid reference.")
            .at("ParentRef")
    }

    /// An object would be its own parent. \[codes\]
    #[must_use]
    pub fn parent_is_child() -> Self {
        let detail = "The same object can't be the parent or child of itself.";
        Self::validation("900", "Parent cannot be child", detail).at("ParentRef")
    }

    /// A required field is absent. \[field: python-quickbooks 257\]
    #[must_use]
    pub fn required(element: &str) -> Self {
        let message = "Required param missing, need to supply the required value for the API";
        Self::validation("2020", message, format!("Required parameter {element} is missing in the request"))
            .at(element)
    }

    /// A field does not exist. \[field\]
    #[must_use]
    pub fn unsupported_property(name: &str) -> Self {
        Self::validation(
            "2010",
            "Request has invalid or unsupported property",
            format!("Property Name:{name} specified is unsupported or invalid"),
        )
        .at(name)
    }

    /// A field has no valid number, truth value or date.
    #[must_use]
    pub fn invalid_value(code: &'static str, element: &str, supplied: &str) -> Self {
        Self::validation(
            code,
            "Invalid Number",
            format!("Invalid value for {element}. Supplied value:{supplied}"),
        )
        .at(element)
    }

    /// A text has characters that the field cannot hold. \[field: a forum question on customer names\]
    #[must_use]
    pub fn illegal_characters(element: &str, supplied: &str) -> Self {
        let detail = format!(
            "Invalid String. The String may contain unsupported or illegal chars in {element} : Element \
             contains invalid characters. {supplied}"
        );
        Self::validation("2040", "Invalid String", detail).at(element)
    }

    /// A text is too long. \[codes\]
    #[must_use]
    pub fn length(element: &str, max: usize, supplied: usize) -> Self {
        let message = "String length is either shorter or longer than supported by specification";
        let detail = format!(
            "String length specified does not match the supported length. Min:0 Max:{max} supported. \
             Supplied length:{supplied}"
        );
        Self::validation("2050", message, detail).at(element)
    }

    /// A text is not one of the allowed words. \[top\]
    #[must_use]
    pub fn invalid_choice(element: &str, supplied: &str) -> Self {
        Self::validation("2170", "Invalid Enumeration", format!("Invalid Enumeration : {supplied}"))
            .at(element)
    }

    /// The query cannot be parsed. \[field: consolibyte/quickbooks-php 129\]
    #[must_use]
    pub fn query_syntax(detail: &str) -> Self {
        Self::validation("4000", "Error parsing query", format!("QueryParserError: {detail}"))
    }

    /// The query names a field that cannot be queried. \[field\]
    #[must_use]
    pub fn query_invalid(detail: &str) -> Self {
        Self::validation("4001", "Invalid query", format!("QueryValidationError: {detail}"))
    }

    /// The `SyncToken` is not the current one. \[field: quick-oxibooks\]
    #[must_use]
    pub fn stale() -> Self {
        let detail = "Stale Object Error : You and root were working on this at the same time. root finished \
                      before you did, so your work was not saved.";
        Self::validation("5010", "Stale Object Error", detail)
    }

    /// A business rule refuses the request. \[top\]
    #[must_use]
    pub fn business(detail: &str) -> Self {
        let message = "A business validation error has occurred while processing your request";
        Self::validation("6000", message, format!("Business Validation Error: {detail}"))
    }

    /// An amount differs from quantity times price. \[field: PHP SDK 445\]
    #[must_use]
    pub fn amount(supplied: &str) -> Self {
        let detail = format!("Amount is not equal to UnitPrice * Qty. Supplied value:{supplied}");
        Self::validation("6070", "Amount calculation incorrect in the request.", detail).at("Line.Amount")
    }

    /// An amount that follows from others is out of range.
    #[must_use]
    pub fn amount_range(element: &str) -> Self {
        Self::business("An amount of the transaction is out of range.").at(element)
    }

    /// No part of a name is given. \[codes\]
    #[must_use]
    pub fn no_name() -> Self {
        let detail =
            "Title, GivenName, MiddleName, FamilyName, DisplayName, Suffix - one of these must be non-empty";
        Self::validation("6080", "No Name Provided", detail)
    }

    /// Another transaction of this kind has the number. \[top\]
    #[must_use]
    pub fn duplicate_number() -> Self {
        let detail = "Duplicate Document Number Error : You must specify a different number. This number has \
                      already been used.";
        Self::validation("6140", "Duplicate Document Number Error", detail)
    }

    /// The company's subscription has ended. \[top\]
    #[must_use]
    pub fn company_status() -> Self {
        let detail = "Subscription period has ended or been canceled, or there was a billing problem : \
                      You can't add data to QuickBooks Online Plus because your trial or subscription \
                      period ended";
        Self::validation("6190", "Invalid Company Status", detail)
    }

    /// The books are closed at the date of the transaction. \[top\]
    #[must_use]
    pub fn period_closed() -> Self {
        let detail = "The account period has closed and the account books cannot be updated through \
                      the QBO Services API. Please use the QBO website to make these changes.";
        Self::validation("6210", "Account Period Closed, Cannot Update Through Services API", detail)
    }

    /// Another customer, vendor or employee has the name. \[field\]
    #[must_use]
    pub fn duplicate_name() -> Self {
        let detail = "The name supplied already exists. : Another customer, vendor or employee is \
                      already using this \nname. Please use a different name.";
        Self::validation("6240", "Duplicate Name Exists Error", detail)
    }

    /// Another object of the list has the name. \[top\]
    #[must_use]
    pub fn duplicate_list_name(id: u64) -> Self {
        let detail = format!("The name supplied already exists. : Id={id}");
        Self::validation("6240", "Duplicate Name Exists Error", detail)
    }

    /// The `requestid` was used for another request. \[codes\]
    #[must_use]
    pub fn duplicate_request_id() -> Self {
        let detail = "The request ID you're trying to use already exists.";
        Self::validation("600", "Duplicate Request ID", detail)
    }

    /// A transaction cannot be linked. \[codes\]
    #[must_use]
    pub fn cannot_link(id: &str) -> Self {
        let detail = format!("Transaction ID {id} can't be linked.");
        Self::validation("620", "Txn ID Cannot Be Linked", detail).at("Line.LinkedTxn")
    }

    /// A batch has too many items. \[codes\]
    #[must_use]
    pub fn batch_size(max: u64) -> Self {
        let detail = format!("The batch size for BatchItemRequest is too big. The batch limit size is {max}");
        Self::validation("1040", "Batch size exceeds allowed limit", detail)
    }

    /// The bearer token is missing, malformed, expired or revoked. \[field\]
    #[must_use]
    pub fn authentication(detail: &str) -> Self {
        Self {
            status: 401,
            kind: "AUTHENTICATION",
            code: "3200",
            message: "message=AuthenticationFailed; errorCode=003200; statusCode=401".to_owned(),
            detail: detail.to_owned(),
            element: String::new(),
            form: Form::Gateway,
        }
    }

    /// The administrator who connected the app has lost access to the company. \[top\]
    #[must_use]
    pub fn access_lost() -> Self {
        Self {
            status: 401,
            kind: "AuthorizationFault",
            code: "120",
            message: "Authorization Failure".to_owned(),
            detail: "AuthorizationFailure: -11014-You do not have access to use QuickBooks Online Plus."
                .to_owned(),
            element: String::new(),
            form: Form::Api,
        }
    }

    /// The token does not belong to this company. \[field: tap-quickbooks\]
    #[must_use]
    pub fn wrong_company() -> Self {
        Self {
            status: 403,
            kind: "AUTHORIZATION",
            code: "3100",
            message: "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403".to_owned(),
            detail: String::new(),
            element: String::new(),
            form: Form::Gateway,
        }
    }

    /// Too many requests. \[field: python-quickbooks 43\]
    #[must_use]
    pub fn throttled(form: Form) -> Self {
        Self {
            status: 429,
            kind: "SERVICE",
            code: "3001",
            message: "message=ThrottleExceeded; errorCode=003001; statusCode=429".to_owned(),
            detail: "An error occurred while handling the request: the request limit of the application was \
                     reached."
                .to_owned(),
            element: String::new(),
            form,
        }
    }

    /// The service fails. \[doc: error codes\]
    #[must_use]
    pub fn service(status: u16, form: Form) -> Self {
        Self {
            status,
            kind: "SystemFault",
            code: "10000",
            message: "An application error has occurred while processing your request".to_owned(),
            detail: "System Failure Error: the service is temporarily unavailable.".to_owned(),
            element: String::new(),
            form,
        }
    }

    /// Returns the `Fault` object of the API's form.
    #[must_use]
    pub fn to_object(&self) -> Object {
        let error = object! {
            "Message" => self.message.as_str(),
            "Detail" => self.detail.as_str(),
            "code" => self.code,
            "element" => self.element.as_str(),
        };
        object! { "Error" => vec![Value::from(error)], "type" => self.kind }
    }

    /// Returns the body of the gateway's form. `time` is in milliseconds since 1970.
    #[must_use]
    pub fn to_gateway_object(&self, time: u64) -> Object {
        let error = object! {
            "message" => self.message.as_str(),
            "detail" => self.detail.as_str(),
            "code" => self.code,
            "element" => Value::Null,
        };
        object! {
            "warnings" => Value::Null,
            "intuitObject" => Value::Null,
            "fault" => object! { "error" => vec![Value::from(error)], "type" => self.kind },
            "report" => Value::Null,
            "queryResponse" => Value::Null,
            "batchItemResponse" => Vec::new(),
            "attachableResponse" => Vec::new(),
            "syncErrorResponse" => Value::Null,
            "requestId" => Value::Null,
            "time" => time,
            "status" => Value::Null,
            "cdcresponse" => Vec::new(),
        }
    }
}
