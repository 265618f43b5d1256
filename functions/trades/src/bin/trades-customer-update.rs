//! The Lambda function `trades-customer-update`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve(&clientele_functions_trades::customer_update::ENDPOINT)
}
