//! The Lambda function `pool-customer-export`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve_streamed(&clientele_functions_pool::customer_export::ENDPOINT)
}
