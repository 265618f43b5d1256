//! Configuration from environment variables, read in this one place.

use clientele_shared::table::connect::Connection;
use clientele_shared::{Error, Result};

use crate::{RemoteService, VerifierToken};

const CREDIT_PROVIDER_URL: &str = "CLIENTELE_CREDIT_PROVIDER_URL";
const CREDIT_PROVIDER_TOKEN: &str = "CLIENTELE_CREDIT_PROVIDER_TOKEN";
const VERIFIER_TOKEN: &str = "CLIENTELE_QUICKBOOKS_VERIFIER_TOKEN";

/// Configuration of a function.
#[derive(Debug)]
pub struct Config {
    /// `TABLE_NAME`: the name of the DynamoDB table.
    pub table: String,
    /// The connection to the table, from the variables that Lambda sets.
    pub connection: Connection,
    /// The service that gives customers their credit scores; `None` for the built-in scorer.
    pub credit_provider: Option<RemoteService>,
    /// The token with which QuickBooks signs webhooks; `None` if they are not set up.
    pub verifier_token: Option<VerifierToken>,
}

impl Config {
    /// Reads the configuration from the environment of the process. Empty variables count as missing.
    ///
    /// # Errors
    /// Returns [`Error::Internal`], naming the missing variable or the unreadable file.
    #[expect(clippy::disallowed_methods, reason = "one of the two places that read the environment")]
    pub fn from_environment() -> Result<Self> {
        Self::from_lookup(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// Reads the configuration through `lookup`, which returns the value of a variable.
    ///
    /// `TABLE_NAME` and `AWS_ENDPOINT_URL_DYNAMODB` (the URL of DynamoDB in the region) are set by the
    /// template, and `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` by
    /// Lambda. `AWS_CA_BUNDLE` is a PEM file of root certificates to trust instead of Amazon's. The variables
    /// have the same meaning as in every AWS SDK.
    ///
    /// `CLIENTELE_CREDIT_PROVIDER_URL` and `CLIENTELE_CREDIT_PROVIDER_TOKEN` are set by the template for the function that
    /// checks credits. `AWS_CA_BUNDLE` applies to that service too. `CLIENTELE_QUICKBOOKS_VERIFIER_TOKEN` is set for the
    /// function that receives webhooks, if the template knows the secret of the Intuit app.
    ///
    /// # Errors
    /// Returns [`Error::Internal`], naming the missing or unusable variable or the unreadable file.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let required = |name: &str| {
            lookup(name).ok_or_else(|| Error::broken(format!("the environment variable {name} is not set")))
        };
        let ca_bundle = lookup("AWS_CA_BUNDLE")
            .map(|path| {
                std::fs::read(&path).map_err(|e| Error::internal(format!("reading AWS_CA_BUNDLE {path}"), e))
            })
            .transpose()?;
        let credit_provider = lookup(CREDIT_PROVIDER_URL)
            .map(|url| RemoteService::new(&url, lookup(CREDIT_PROVIDER_TOKEN).as_deref()))
            .transpose()
            .map_err(|e| {
                Error::internal(format!("reading {CREDIT_PROVIDER_URL} and {CREDIT_PROVIDER_TOKEN}"), e)
            })?
            .map(|service| service.trusting(ca_bundle.clone()));
        let verifier_token = lookup(VERIFIER_TOKEN).map(VerifierToken::new).transpose();
        Ok(Self {
            credit_provider,
            verifier_token: verifier_token
                .map_err(|e| Error::internal(format!("reading {VERIFIER_TOKEN}"), e))?,
            table: required("TABLE_NAME")?,
            connection: Connection::with_keys(
                required("AWS_ENDPOINT_URL_DYNAMODB")?,
                required("AWS_REGION")?,
                required("AWS_ACCESS_KEY_ID")?,
                required("AWS_SECRET_ACCESS_KEY")?,
                lookup("AWS_SESSION_TOKEN"),
            )
            .trusting(ca_bundle),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(without: &'static str) -> impl Fn(&str) -> Option<String> {
        move |name| {
            let variables = [
                "TABLE_NAME",
                "AWS_ENDPOINT_URL_DYNAMODB",
                "AWS_REGION",
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
            ];
            (variables.contains(&name) && name != without).then(|| format!("<{name}>"))
        }
    }

    #[test]
    fn variables_of_lambda_and_the_template_are_sufficient() {
        let config = Config::from_lookup(lookup("")).unwrap();
        assert_eq!(config.table, "<TABLE_NAME>");
        assert_eq!(config.connection.region, "<AWS_REGION>");
        assert_eq!(config.connection.endpoint_url, "<AWS_ENDPOINT_URL_DYNAMODB>");
    }

    #[test]
    fn error_names_the_missing_variable() {
        let error = Config::from_lookup(lookup("TABLE_NAME")).unwrap_err();
        assert!(error.chain().contains("TABLE_NAME"), "{}", error.chain());
    }

    #[test]
    fn credit_provider_is_optional_and_its_url_must_be_safe() {
        let with = |url: &'static str| {
            Config::from_lookup(move |name| match name {
                CREDIT_PROVIDER_URL => Some(url.to_owned()),
                CREDIT_PROVIDER_TOKEN => Some("s3cret".to_owned()),
                other => lookup("")(other),
            })
        };
        assert!(Config::from_lookup(lookup("")).unwrap().credit_provider.is_none());
        let service = with("https://credit.example.com/scores").unwrap().credit_provider.unwrap();
        assert_eq!(service.url, "https://credit.example.com/scores");
        assert_eq!(service.authorization.unwrap(), "Bearer s3cret");
        let error = with("http://credit.example.com/?key=s3cret").unwrap_err().chain();
        assert!(error.contains(CREDIT_PROVIDER_URL) && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn verifier_token_is_optional_and_not_shown() {
        let with = |token: &'static str| {
            Config::from_lookup(move |name| match name {
                VERIFIER_TOKEN => Some(token.to_owned()),
                other => lookup("")(other),
            })
        };
        assert!(Config::from_lookup(lookup("")).unwrap().verifier_token.is_none());
        let config = with("s3cret").unwrap();
        assert_eq!(config.verifier_token.as_ref().unwrap().reveal(), b"s3cret");
        assert!(!format!("{config:?}").contains("s3cret"), "{config:?}");
        let error = with("s3cret\n").unwrap_err().chain();
        assert!(error.contains(VERIFIER_TOKEN) && !error.contains("s3cret"), "{error}");
    }
}
