//! The Lambda function `pool-graphql`.

fn main() -> Result<(), lambda_http::Error> {
    // Otherwise the first caller would wait for it.
    clientele_functions_pool::build_schema();
    clientele_functions_common::serve(&clientele_functions_pool::graphql::ENDPOINT)
}
