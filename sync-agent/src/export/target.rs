//! The destination of an export, as given on the command line.

use std::convert::Infallible;
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
        let prefix = prefix.trim_end_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        if bucket.is_empty() {
            Err(TargetError::NoBucket)
        } else {
            Ok(Self::S3 { bucket: bucket.to_owned(), prefix })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_addresses_and_folders_are_distinguished() {
        let s3 = |bucket: &str, prefix: &str| {
            Ok(ExportTarget::S3 { bucket: bucket.into(), prefix: prefix.into() })
        };
        assert_eq!("s3://b/a/c".parse(), s3("b", "a/c/"));
        assert_eq!("s3://b/a/".parse(), s3("b", "a/"));
        assert_eq!("s3://b".parse(), s3("b", ""));
        assert_eq!("s3:///a".parse::<ExportTarget>(), Err(TargetError::NoBucket));
        assert_eq!("https://example.com/a".parse::<ExportTarget>(), Err(TargetError::Scheme));
        assert_eq!("".parse::<ExportTarget>(), Err(TargetError::Empty));
        assert_eq!("out/s3".parse(), Ok(ExportTarget::Folder("out/s3".into())));
    }
}
