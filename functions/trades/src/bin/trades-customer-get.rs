//! The Lambda function `trades-customer-get`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve(&clientele_functions_trades::customer_get::ENDPOINT)
}
