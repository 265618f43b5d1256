//! The Lambda function `quickbooks-webhook`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve_webhook(&clientele_functions_quickbooks::webhook::ENDPOINT)
}
