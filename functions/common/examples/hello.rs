//! The smallest function there can be: answers 200 to any event. It is what the bench of the Lambda
//! binaries (`cargo bench -p clientele-tests --bench lambda`) compares every other function with.

use lambda_http::{Body, Error, Request, Response, run, service_fn};

async fn hello(_: Request) -> Result<Response<Body>, Error> {
    Ok(Response::new(Body::Text("hello".to_owned())))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(hello)).await
}
