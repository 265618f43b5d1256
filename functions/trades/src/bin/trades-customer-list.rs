//! The Lambda function `trades-customer-list`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve(&clientele_functions_trades::customer_list::ENDPOINT)
}
