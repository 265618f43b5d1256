//! The Lambda function `pool-pricing-export`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve_streamed(&clientele_functions_pool::pricing_export::ENDPOINT)
}
