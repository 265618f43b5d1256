//! The options of the local stack, for the command line.

use std::path::PathBuf;

/// The port when none is named.
pub const DEFAULT_PORT: u16 = 4747;

/// Start everything on this machine: the functions, DynamoDB and S3, a demo tenant, and a page to try it on.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Listen on this port of 127.0.0.1; 0 takes a free one.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_PORT)]
    pub port: u16,

    /// Keep the data in this folder, and find it there again. Without it they are in a temporary folder, gone when this stops.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Use the DynamoDB at this address instead of the one inside: DynamoDB Local (http://…), or AWS (https://…,
    /// then with the region and credentials of your environment).
    #[arg(long, value_name = "URL", value_parser = http_url)]
    pub dynamodb: Option<String>,

    /// Print one line {"url":…,"key":…} once it answers, and nothing else, for scripts.
    #[arg(long)]
    pub json: bool,
}

/// Without options: the demo, in a temporary folder.
impl Default for Options {
    fn default() -> Self {
        Self { port: DEFAULT_PORT, data: None, dynamodb: None, json: false }
    }
}

fn http_url(text: &str) -> Result<String, String> {
    let url = url::Url::parse(text).map_err(|e| format!("{e}: write it as http://localhost:8000"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("it must begin with http:// or https://, as in http://localhost:8000".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
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
    fn without_options_it_is_the_demo_in_a_temporary_folder() {
        let options = parse(&[]).unwrap();
        assert_eq!(
            (options.port, options.data, options.dynamodb, options.json),
            (DEFAULT_PORT, None, None, false)
        );
    }

    #[test]
    fn all_options_are_read() {
        let options =
            parse(&["--port", "0", "--data", "d", "--dynamodb", "http://localhost:8000/", "--json"]).unwrap();
        assert_eq!((options.port, options.json), (0, true));
        assert_eq!(options.data.unwrap(), PathBuf::from("d"));
        assert_eq!(options.dynamodb.unwrap(), "http://localhost:8000");
    }

    #[test]
    fn an_address_that_is_none_is_explained() {
        for wrong in ["localhost:8000", "x", "ftp://h"] {
            assert!(parse(&["--dynamodb", wrong]).unwrap_err().contains("http://localhost:8000"), "{wrong}");
        }
        assert!(parse(&["--port", "70000"]).is_err());
    }
}
