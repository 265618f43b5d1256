//! The Lambda function `erp-contact-update`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve(&clientele_functions_erp::contact_update::ENDPOINT)
}
