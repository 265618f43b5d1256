//! The environment of a function's process.

/// The token with which webhooks are signed.
pub(crate) const VERIFIER_TOKEN: &str = "7b5a2f0c-verifier-token";

/// Returns the variables that a function reads on Lambda, with this Runtime API, engine and table.
pub(crate) fn environment(
    name: &str,
    runtime_api: String,
    url: &str,
    table: &str,
) -> [(&'static str, String); 10] {
    [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", url.to_owned()),
        ("TABLE_NAME", table.to_owned()),
        ("CLIENTELE_QUICKBOOKS_VERIFIER_TOKEN", VERIFIER_TOKEN.to_owned()),
    ]
}
