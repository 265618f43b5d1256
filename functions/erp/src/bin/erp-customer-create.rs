//! The Lambda function `erp-customer-create`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve(&clientele_functions_erp::customer_create::ENDPOINT)
}
