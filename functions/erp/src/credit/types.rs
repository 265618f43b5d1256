//! The JSON of credit checks: the response to a client, and what is exchanged with a credit provider.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use clientele_shared::model::{Customer, Status};
use clientele_shared::rules::credit::{Applicant, CreditCheck, Score};

use crate::types::{AddressBody, Amount, DEFAULT_CURRENCY, name};

/// The result of a credit check.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditCheck)]
pub struct CreditCheckBody {
    /// The customer's id.
    #[schema(example = "cust_456")]
    customer_id: String,
    /// The score, from 300 to 850.
    #[schema(example = 750, minimum = 300, maximum = 850)]
    credit_score: u16,
    /// The rating of the score: `excellent`, `good`, `fair` or `poor`.
    #[schema(example = "excellent")]
    credit_rating: &'static str,
    /// The credit limit that the rating recommends.
    #[schema(value_type = f64, example = 15_000.00)]
    recommended_credit_limit: Amount,
    /// The customer's credit limit, which a check never changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 10_000.00)]
    current_credit_limit: Option<Amount>,
    /// The risk: `low`, `medium` or `high`.
    #[schema(example = "low")]
    risk_assessment: &'static str,
    /// When this check was made.
    last_checked: String,
}

impl CreditCheckBody {
    /// Returns the result of a customer's check.
    #[must_use]
    pub fn of(customer: &Customer, check: &CreditCheck) -> Self {
        Self {
            customer_id: customer.number.to_customer_id(),
            credit_score: check.score.get(),
            credit_rating: check.rating.as_str(),
            recommended_credit_limit: Amount(check.recommended_limit),
            current_credit_limit: check.current_limit.map(Amount),
            risk_assessment: check.risk.as_str(),
            last_checked: check.at.to_rfc3339_seconds(),
        }
    }
}

/// The request to a credit provider: the customer's identity and what the built-in scorer also knows. `docs/credit-check.md`
/// describes it.
#[derive(Debug, Serialize)]
pub(super) struct ScoreRequest<'a> {
    customer_id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_address: Option<AddressBody<'a>>,
    is_active: bool,
    customer_since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_terms: Option<&'a str>,
    currency: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_limit: Option<Amount>,
    current_balance: Amount,
    lifetime_value: Amount,
    total_orders: u32,
    paid_orders: u32,
    payment_days: u32,
}

impl<'a> ScoreRequest<'a> {
    pub(super) fn of(applicant: &Applicant<'a>) -> Self {
        let Applicant { customer, figures, .. } = applicant;
        let fields = &customer.fields;
        Self {
            customer_id: customer.number.to_customer_id(),
            name: name(fields),
            tax_id: fields.tax_id.as_deref(),
            billing_address: AddressBody::of(&fields.billing),
            is_active: fields.status == Status::Active,
            customer_since: applicant.customer_since().to_rfc3339_seconds(),
            payment_terms: fields.payment_terms.as_deref(),
            currency: fields.currency.as_deref().unwrap_or(DEFAULT_CURRENCY),
            credit_limit: fields.credit_limit.map(Amount),
            current_balance: Amount(figures.balance),
            lifetime_value: Amount(figures.lifetime_value),
            total_orders: figures.orders,
            paid_orders: figures.paid_orders,
            payment_days: figures.payment_days,
        }
    }
}

/// The response of a credit provider. Other members are ignored.
#[derive(Debug, Deserialize)]
pub(super) struct ScoreResponse {
    pub(super) credit_score: Score,
}
