//! The environment's variables: the one place that reads them.

use clientele_shared::table::connect::Connection;
use clientele_shared::{Error, Result};

/// What a function is told by its environment.
#[derive(Debug)]
pub struct Config {
    /// `TABLE_NAME`: the table that holds everything.
    pub table: String,
    /// Where the table is, from Lambda's own variables.
    pub connection: Connection,
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// [`Error::Internal`] naming the variable that is missing, or the file that cannot be read.
    pub fn from_environment() -> Result<Self> {
        Self::from_lookup(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// Reads variables by `lookup`.
    ///
    /// `TABLE_NAME`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` as
    /// Lambda sets them; `AWS_ENDPOINT_URL_DYNAMODB` (another address than the region's) and `AWS_CA_BUNDLE`
    /// (a PEM file of roots to trust instead of Amazon's) as every AWS SDK knows them.
    ///
    /// # Errors
    /// [`Error::Internal`] naming the variable that is missing, or the file that cannot be read.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let need = |name: &str| {
            lookup(name).ok_or_else(|| Error::broken(format!("the environment variable {name} is not set")))
        };
        let ca_bundle = lookup("AWS_CA_BUNDLE")
            .map(|path| {
                std::fs::read(&path).map_err(|e| Error::internal(format!("reading AWS_CA_BUNDLE {path}"), e))
            })
            .transpose()?;
        Ok(Self {
            table: need("TABLE_NAME")?,
            connection: Connection::with_keys(
                need("AWS_REGION")?,
                need("AWS_ACCESS_KEY_ID")?,
                need("AWS_SECRET_ACCESS_KEY")?,
                lookup("AWS_SESSION_TOKEN"),
            )
            .at(lookup("AWS_ENDPOINT_URL_DYNAMODB"))
            .trusting(ca_bundle),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(without: &'static str) -> impl Fn(&str) -> Option<String> {
        move |name| {
            let known = ["TABLE_NAME", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
            (known.contains(&name) && name != without).then(|| format!("<{name}>"))
        }
    }

    #[test]
    fn lambdas_own_variables_are_enough() {
        let config = Config::from_lookup(lookup("")).unwrap();
        assert_eq!(config.table, "<TABLE_NAME>");
        assert_eq!(config.connection.region, "<AWS_REGION>");
    }

    #[test]
    fn a_missing_variable_is_named() {
        let error = Config::from_lookup(lookup("TABLE_NAME")).unwrap_err();
        assert!(error.chain().contains("TABLE_NAME"), "{}", error.chain());
    }
}
