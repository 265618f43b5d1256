//! The Lambda function `export-scheduled`.

fn main() -> Result<(), lambda_runtime::Error> {
    clientele_sync_agent::scheduled::export::serve()
}
