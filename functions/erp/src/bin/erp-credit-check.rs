//! The Lambda function `erp-credit-check`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve(&clientele_functions_erp::credit_check::ENDPOINT)
}
