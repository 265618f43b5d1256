//! The Lambda function `trades-customer-restore`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve(&clientele_functions_trades::customer_restore::ENDPOINT)
}
