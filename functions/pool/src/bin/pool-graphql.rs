//! The Lambda function `pool-graphql`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve(&clientele_functions_pool::graphql::ENDPOINT)
}
