//! The Lambda function `erp-contact-delete`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve(&clientele_functions_erp::contact_delete::ENDPOINT)
}
