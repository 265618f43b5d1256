//! Scalars, and amounts as floats.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    ContextSelectionSet, InputValueError, InputValueResult, NewType, OutputType, Positioned, Scalar,
    ScalarType, ServerResult, Value,
};

use clientele_shared::model::Money;

/// An email address; empty if the customer has none.
#[derive(NewType)]
#[graphql(name = "Email")]
pub(crate) struct Email(pub(crate) String);

/// A time as text: relative to now, or by a moment.js pattern in UTC.
#[derive(NewType)]
#[graphql(name = "TimeStamp")]
pub(crate) struct TimeStamp(pub(crate) String);

/// A JSON object of free-form fields by name.
#[derive(Debug, Clone)]
pub(crate) struct CustomFields(pub(crate) Value);

/// A JSON object of free-form fields by name.
#[Scalar]
impl ScalarType for CustomFields {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::Object(_) => Ok(Self(value)),
            _ => Err(InputValueError::custom("must be an object")),
        }
    }

    fn to_value(&self) -> Value {
        self.0.clone()
    }
}

/// An amount of money as a `Float`. Whole amounts have no decimal places.
pub(crate) struct Amount(pub(crate) Money);

impl OutputType for Amount {
    fn type_name() -> Cow<'static, str> {
        <f64 as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <f64 as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        let cents = self.0.to_cents();
        Ok(if cents % 100 == 0 { Value::from(cents / 100) } else { Value::from(cents as f64 / 100.0) })
    }
}
