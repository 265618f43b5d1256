//! The destination of an export, as given on the command line.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::str::FromStr;

/// A folder, or a bucket with a key prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportTarget {
    /// A folder.
    Folder(PathBuf),
    /// A bucket.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// Prefix of the keys: empty, or a text that ends with `/`.
        prefix: String,
    },
}

/// A text that is no destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// An `s3://` address without a bucket name.
    #[error("the bucket name is missing; write s3://BUCKET/PREFIX or the path of a folder")]
    NoBucket,
    /// An `s3://` address whose bucket name S3 does not allow.
    #[error(
        "`{0}` is not a bucket name; a bucket has 3 to 63 lower-case letters, digits, `-` and `.`, and starts and ends \
         with a letter or digit"
    )]
    Bucket(String),
    /// An `s3://` address with a prefix that would be another path elsewhere.
    #[error("the prefix `{0}` has an empty part, `.` or `..`; write s3://BUCKET/PREFIX without them")]
    Prefix(String),
    /// Nothing.
    #[error("must be s3://BUCKET/PREFIX or the path of a folder")]
    Empty,
    /// The address of another service.
    #[error("must be s3://BUCKET/PREFIX or the path of a folder; other services are not supported")]
    Scheme,
}

impl FromStr for ExportTarget {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if text.is_empty() {
            return Err(TargetError::Empty);
        }
        let Some(address) = text.strip_prefix("s3://") else {
            if text.contains("://") {
                return Err(TargetError::Scheme);
            }
            let folder: Result<PathBuf, Infallible> = text.parse();
            return folder.map(Self::Folder).map_err(|never| match never {});
        };
        let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
        if bucket.is_empty() {
            return Err(TargetError::NoBucket);
        }
        if !is_bucket_name(bucket) {
            return Err(TargetError::Bucket(bucket.to_owned()));
        }
        if prefix.is_empty() {
            return Ok(Self::S3 { bucket: bucket.to_owned(), prefix: String::new() });
        }
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        if prefix.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(TargetError::Prefix(prefix.to_owned()));
        }
        Ok(Self::S3 { bucket: bucket.to_owned(), prefix: format!("{prefix}/") })
    }
}

/// Returns whether S3 allows a bucket with this name.
fn is_bucket_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.chars().all(|c| is_plain(c) || matches!(c, '-' | '.'))
        && name.starts_with(is_plain)
        && name.ends_with(is_plain)
        && !name.contains("..")
        && name.parse::<Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_addresses_and_folders_are_distinguished() {
        let s3 = |bucket: &str, prefix: &str| {
            Ok(ExportTarget::S3 { bucket: bucket.into(), prefix: prefix.into() })
        };
        assert_eq!("s3://bucket/a/c".parse(), s3("bucket", "a/c/"));
        assert_eq!("s3://bucket/a/".parse(), s3("bucket", "a/"));
        assert_eq!("s3://bucket/".parse(), s3("bucket", ""));
        assert_eq!("s3://my.bucket-1".parse(), s3("my.bucket-1", ""));
        assert_eq!("s3:///a".parse::<ExportTarget>(), Err(TargetError::NoBucket));
        assert_eq!("https://example.com/a".parse::<ExportTarget>(), Err(TargetError::Scheme));
        assert_eq!("".parse::<ExportTarget>(), Err(TargetError::Empty));
        assert_eq!("out/s3".parse(), Ok(ExportTarget::Folder("out/s3".into())));
    }

    #[test]
    fn names_that_s3_does_not_allow_and_paths_that_lead_elsewhere_are_refused() {
        for name in ["b", "Bucket", "a_b", "-ab", "ab-", "a..b", "127.0.0.1", "b:80", "ü-b", &"a".repeat(64)]
        {
            let error = format!("s3://{name}/a").parse::<ExportTarget>();
            assert_eq!(error, Err(TargetError::Bucket(name.to_owned())));
        }
        for prefix in ["/abs/../../x", "..", "a/./b", "a//b", "a//", "/", "a/.."] {
            let error = format!("s3://bucket/{prefix}").parse::<ExportTarget>();
            assert!(matches!(error, Err(TargetError::Prefix(_))), "{prefix}: {error:?}");
        }
        assert!("s3://bucket/a..b/.c".parse::<ExportTarget>().is_ok());
    }
}
