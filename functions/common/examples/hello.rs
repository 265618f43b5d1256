//! The smallest possible function: it responds to any event with 200. The benchmark of the Lambda binaries
//! (`cargo bench -p clientele-tests --bench lambda`) compares every other function with it.

use lambda_http::{Body, Error, Request, Response, run, service_fn};

async fn hello(_: Request) -> Result<Response<Body>, Error> {
    Ok(Response::new(Body::Text("hello".to_owned())))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(hello)).await
}
