//! The Lambda function `erp-order-list`.

fn main() -> Result<(), lambda_http::Error> {
    clientele_functions_common::serve(&clientele_functions_erp::order_list::ENDPOINT)
}
