//! The `quickbooks-stand-in` command: runs the QuickBooks stand-in alone.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clientele_infra::signal::Signals;
use clientele_infra_quickbooks::{Options, Ready, Server};
use tracing_subscriber::filter::LevelFilter;

/// Port unless another is chosen: the one after that of the local stack.
const DEFAULT_PORT: u16 = 4748;

/// Run a stand-in for the QuickBooks Online Accounting API on this machine
#[derive(Debug, Parser)]
#[command(name = "quickbooks-stand-in", version)]
struct Cli {
    /// Listen on this port of 127.0.0.1; 0 chooses a free port
    #[arg(long, value_name = "N", default_value_t = DEFAULT_PORT)]
    port: u16,

    /// Keep the data in this folder across runs. By default, data is kept in memory and lost on exit
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Print a single line with the URL, the realm and the credentials once requests are answered, for
    /// scripts
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_writer(io::stderr).init();
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, the exit code is all that remains to report the error.
            drop(writeln!(io::stderr(), "error: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    let mut signals = Signals::listen()?;
    let server = Server::start(&Options { port: cli.port, data: cli.data }).await?;
    announce(&server.stand_in().ready(), cli.json)?;
    server.run(async move { signals.stop().await }).await;
    Ok(())
}

/// Prints how to reach the stand-in. The port is already bound, so a request sent immediately is queued.
fn announce(ready: &Ready, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, ready)?;
        writeln!(out)?;
    } else {
        let Ready { url, realm_id, client_id, client_secret, access_token, refresh_token, verifier_token } =
            ready;
        writeln!(
            out,
            "The QuickBooks stand-in is running.\n\n  Open           {url}/\n  \
             API            {url}/v3/company/{realm_id}\n  \
             Discovery      {url}/.well-known/openid_configuration/\n  \
             Client id      {client_id}\n  Client secret  {client_secret}\n  \
             Access token   {access_token}\n  Refresh token  {refresh_token}\n  \
             Webhook key    {verifier_token}\n\nPress Ctrl-C to stop."
        )?;
    }
    out.flush()
}
