//! The Lambda function `funnels-graphql`.

fn main() -> Result<(), lambda_http::Error> {
    // Build the schema during cold start, so that the first request does not wait for it.
    clientele_functions_funnels::build_schema();
    clientele_functions_common::serve(&clientele_functions_funnels::graphql::ENDPOINT)
}
