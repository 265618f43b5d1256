//! The Lambda function `erp-customer-list`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve(&clientele_functions_erp::customer_list::ENDPOINT)
}
