//! The Lambda function `erp-customer-update`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve(&clientele_functions_erp::customer_update::ENDPOINT)
}
