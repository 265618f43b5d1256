//! Credit providers: the sources of the score of a credit check.

mod remote;
pub mod types;

use std::future::ready;

use futures::FutureExt;
use futures::future::BoxFuture;

use clientele_functions_common::AuthenticatedRequest;
use clientele_shared::Result;
use clientele_shared::rules::credit::{Applicant, Score, score};

use self::remote::HttpProvider;

/// A source of credit scores.
pub trait CreditProvider: Send + Sync {
    /// Returns the score of a customer.
    ///
    /// # Errors
    /// Returns [`Error::ServiceUnavailable`](clientele_shared::Error::ServiceUnavailable) if the provider fails to give a score
    /// in time.
    fn score<'a>(&'a self, applicant: &'a Applicant<'a>) -> BoxFuture<'a, Result<Score>>;
}

/// The built-in scorer, which follows the rules in [`clientele_shared::rules::credit`].
#[derive(Debug)]
pub struct Scorer;

impl CreditProvider for Scorer {
    fn score<'a>(&'a self, applicant: &'a Applicant<'a>) -> BoxFuture<'a, Result<Score>> {
        ready(Ok(score(applicant))).boxed()
    }
}

/// Returns the provider of this deployment.
pub(crate) fn provider<'a>(call: &AuthenticatedRequest<'a>) -> Box<dyn CreditProvider + 'a> {
    match call.credit_provider {
        Some(service) => Box::new(HttpProvider::new(service, call.deadline)),
        None => Box::new(Scorer),
    }
}
