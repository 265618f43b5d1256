//! Command-line options of the local stack.

use std::path::PathBuf;

use clientele_sync_agent::url::http_url;
use tokio::sync::Semaphore;

use super::event::Stage;
use super::gateway::DEFAULT_CONCURRENCY;
use super::key_limits::DEFAULT_KEY_CONCURRENCY;

/// Default port.
pub const DEFAULT_PORT: u16 = 4747;

/// Run everything on this machine: the functions, DynamoDB, S3, a demo tenant and a page for trying the API.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Listen on this port of 127.0.0.1; 0 chooses a free port
    #[arg(long, value_name = "N", default_value_t = DEFAULT_PORT)]
    pub port: u16,

    /// Keep the data in this folder across runs. By default, data is stored in temporary files and deleted
    /// on exit
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Use the DynamoDB at this URL instead of the embedded one: DynamoDB Local (http://…), or AWS (https://…,
    /// with the region and credentials of your environment)
    #[arg(long, value_name = "URL", value_parser = http_url)]
    pub dynamodb: Option<String>,

    /// Serve the API under this stage, as AWS does without a custom domain: with `--stage prod`, a path is
    /// /prod/api/v1/customers
    #[arg(long, value_name = "NAME", value_parser = stage)]
    pub stage: Option<Stage>,

    /// Run at most N functions at the same time, which is 1000 in most AWS accounts and 10 in many new ones.
    /// Requests above the limit get a 500, as on AWS
    #[arg(long, value_name = "N", default_value_t = DEFAULT_CONCURRENCY, value_parser = concurrency)]
    pub concurrency: usize,

    /// Run at most N requests of one API key at the same time, so that one client cannot use up the machine. Further
    /// requests wait, and get a 429 after 29 seconds
    #[arg(long, value_name = "N", default_value_t = DEFAULT_KEY_CONCURRENCY, value_parser = key_concurrency)]
    pub key_concurrency: usize,

    /// Leave out the QuickBooks stand-in, which otherwise listens on the next port, or on a free one if
    /// that is taken
    #[arg(long)]
    pub no_quickbooks: bool,

    /// Print a single line {"url":…,"key":…} once the stack accepts requests, for scripts
    #[arg(long)]
    pub json: bool,
}

/// The values that apply without command-line options: the demo in a temporary folder.
impl Default for Options {
    fn default() -> Self {
        Self {
            port: DEFAULT_PORT,
            data: None,
            dynamodb: None,
            no_quickbooks: false,
            stage: None,
            concurrency: DEFAULT_CONCURRENCY,
            key_concurrency: DEFAULT_KEY_CONCURRENCY,
            json: false,
        }
    }
}

fn concurrency(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(limit) if limit <= Semaphore::MAX_PERMITS => Ok(limit),
        Ok(_) => Err(format!("use a number up to {}", Semaphore::MAX_PERMITS)),
        Err(error) => Err(format!("{error}; use a number such as {DEFAULT_CONCURRENCY}")),
    }
}

fn key_concurrency(text: &str) -> Result<usize, String> {
    match concurrency(text)? {
        0 => Err(format!("no request could run; use a number such as {DEFAULT_KEY_CONCURRENCY}")),
        limit => Ok(limit),
    }
}

fn stage(name: &str) -> Result<Stage, String> {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || !name.chars().all(is_valid) {
        return Err("a stage's name has only letters, digits, - and _".to_owned());
    }
    Ok(Stage::in_path(name))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        let all = ["clientele"].iter().chain(arguments);
        Cli::try_parse_from(all).map(|cli| cli.options).map_err(|e| e.to_string())
    }

    #[test]
    fn defaults_are_the_default_port_and_temporary_data() {
        let options = parse(&[]).unwrap();
        assert_eq!(
            (options.port, options.data, options.dynamodb, options.json),
            (DEFAULT_PORT, None, None, false)
        );
    }

    #[test]
    fn all_options_are_parsed() {
        let options = parse(&[
            "--port",
            "0",
            "--data",
            "d",
            "--dynamodb",
            "http://localhost:8000/",
            "--json",
            "--no-quickbooks",
        ])
        .unwrap();
        assert_eq!((options.port, options.json, options.no_quickbooks), (0, true, true));
        assert_eq!(options.data.unwrap(), PathBuf::from("d"));
        assert_eq!(options.dynamodb.unwrap(), "http://localhost:8000");
    }

    #[test]
    fn stage_must_be_one_part_of_a_path() {
        assert_eq!(parse(&["--stage", "prod"]).unwrap().stage.unwrap().prefix(), "/prod");
        for invalid in ["", "a/b", "é"] {
            assert!(parse(&["--stage", invalid]).is_err(), "{invalid}");
        }
    }

    #[test]
    fn concurrency_is_within_the_bounds_of_a_semaphore() {
        let largest = Semaphore::MAX_PERMITS.to_string();
        let options = parse(&["--concurrency", "0", "--key-concurrency", &largest]).unwrap();
        assert_eq!((options.concurrency, options.key_concurrency), (0, Semaphore::MAX_PERMITS));
        let above = (Semaphore::MAX_PERMITS + 1).to_string();
        for invalid in [["--concurrency", above.as_str()], ["--key-concurrency", &above]] {
            assert!(parse(&invalid).unwrap_err().contains(&largest), "{invalid:?}");
        }
        assert!(parse(&["--key-concurrency", "0"]).unwrap_err().contains("such as 10"));
    }

    #[test]
    fn invalid_dynamodb_urls_and_ports_are_rejected() {
        for invalid in ["localhost:8000", "x", "ftp://h"] {
            assert!(parse(&["--dynamodb", invalid]).unwrap_err().contains("such as http://"), "{invalid}");
        }
        assert!(parse(&["--port", "70000"]).is_err());
    }
}
