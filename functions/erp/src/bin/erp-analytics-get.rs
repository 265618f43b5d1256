//! The Lambda function `erp-analytics-get`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve(&clientele_functions_erp::analytics_get::ENDPOINT)
}
