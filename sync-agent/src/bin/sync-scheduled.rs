//! The Lambda function `sync-scheduled`.

fn main() -> Result<(), lambda_runtime::Error> {
    clientele_sync_agent::scheduled::sync::serve()
}
