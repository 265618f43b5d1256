//! Secrets in AWS Secrets Manager.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{DisplayErrorContext, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::operation::put_secret_value::PutSecretValueError;
use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{SecretStore, Secrets, SecretsError, from_json, to_json};

/// For how many days a deleted secret can be restored in the AWS console.
const RECOVERY_DAYS: i64 = 7;

/// Secrets in AWS Secrets Manager, each under its name.
#[derive(Debug, Clone)]
pub struct AwsSecrets {
    client: Client,
}

impl AwsSecrets {
    /// Returns the store that this client reaches.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Stores a text, and reports what prevents that.
    async fn put(&self, name: &str, text: &str) -> Result<(), SdkError<PutSecretValueError>> {
        self.client.put_secret_value().secret_id(name).secret_string(text).send().await.map(drop)
    }

    async fn create(&self, name: &str, text: &str) -> Result<(), SecretsError> {
        let created = self
            .client
            .create_secret()
            .name(name)
            .description("QuickBooks credentials and tokens of Clientele")
            .secret_string(text);
        created.send().await.map(drop).map_err(|error| failure(name, error))
    }

    /// Ends the deletion of a secret, and stores a text in it.
    async fn restore(&self, name: &str, text: &str) -> Result<(), SecretsError> {
        self.client.restore_secret().secret_id(name).send().await.map_err(|error| failure(name, error))?;
        self.put(name, text).await.map_err(|error| failure(name, error))
    }
}

impl SecretStore for AwsSecrets {
    fn load<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Secrets>, SecretsError>> {
        async move {
            let value = match self.client.get_secret_value().secret_id(name).send().await {
                Ok(value) => value,
                Err(error) if is_absent(&error) => return Ok(None),
                Err(error) => return Err(failure(name, error)),
            };
            from_json(value.secret_string().unwrap_or_default(), name).map(Some)
        }
        .boxed()
    }

    fn save<'a>(&'a self, name: &'a str, secrets: &'a Secrets) -> BoxFuture<'a, Result<(), SecretsError>> {
        async move {
            let text = to_json(secrets, name)?;
            let Err(error) = self.put(name, &text).await else { return Ok(()) };
            match error.as_service_error() {
                Some(PutSecretValueError::ResourceNotFoundException(_)) => self.create(name, &text).await,
                Some(PutSecretValueError::InvalidRequestException(_)) => self.restore(name, &text).await,
                _ => Err(failure(name, error)),
            }
        }
        .boxed()
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), SecretsError>> {
        async move {
            let deletion = self.client.delete_secret().secret_id(name).recovery_window_in_days(RECOVERY_DAYS);
            match deletion.send().await {
                Ok(_) => Ok(()),
                // A second deletion has nothing left to do.
                Err(error)
                    if error.as_service_error().is_some_and(|error| {
                        error.is_resource_not_found_exception() || error.is_invalid_request_exception()
                    }) =>
                {
                    Ok(())
                }
                Err(error) => Err(failure(name, error)),
            }
        }
        .boxed()
    }
}

/// Returns whether there is no secret, or one that is being deleted.
fn is_absent(error: &SdkError<GetSecretValueError>) -> bool {
    error
        .as_service_error()
        .is_some_and(|error| error.is_resource_not_found_exception() || error.is_invalid_request_exception())
}

fn failure<E: std::error::Error + 'static>(name: &str, error: SdkError<E>) -> SecretsError {
    SecretsError::Aws { name: name.to_owned(), message: DisplayErrorContext(error).to_string() }
}

#[cfg(test)]
#[path = "aws_tests.rs"]
mod tests;
