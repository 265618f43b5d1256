//! Configuration from environment variables, read in this one place.

use clientele_shared::table::connect::Connection;
use clientele_shared::{Error, Result};

/// Configuration of a function.
#[derive(Debug)]
pub struct Config {
    /// `TABLE_NAME`: the name of the DynamoDB table.
    pub table: String,
    /// The connection to the table, from the variables that Lambda sets.
    pub connection: Connection,
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
    /// # Errors
    /// Returns [`Error::Internal`], naming the missing variable or the unreadable file.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let required = |name: &str| {
            lookup(name).ok_or_else(|| Error::broken(format!("the environment variable {name} is not set")))
        };
        let ca_bundle = lookup("AWS_CA_BUNDLE")
            .map(|path| {
                std::fs::read(&path).map_err(|e| Error::internal(format!("reading AWS_CA_BUNDLE {path}"), e))
            })
            .transpose()?;
        Ok(Self {
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
}
