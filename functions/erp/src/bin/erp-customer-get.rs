//! The Lambda function `erp-customer-get`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve(&clientele_functions_erp::customer_get::ENDPOINT)
}
