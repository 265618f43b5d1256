//! The Lambda function `trades-customer-create`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve(&clientele_functions_trades::customer_create::ENDPOINT)
}
