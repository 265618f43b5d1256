//! Where an export goes, as it is written on a command line.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

/// A folder, or a place in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportTarget {
    /// This folder.
    Folder(PathBuf),
    /// This bucket.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// What the keys begin with: nothing, or a text that ends with `/`.
        prefix: String,
    },
}

/// A bucket's address without a bucket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write s3://BUCKET/PREFIX, or the name of a folder")]
pub struct TargetError;

impl FromStr for ExportTarget {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let Some(place) = text.strip_prefix("s3://") else {
            let folder: Result<PathBuf, Infallible> = text.parse();
            return folder.map(Self::Folder).map_err(|never| match never {});
        };
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let prefix = prefix.trim_end_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        if bucket.is_empty() { Err(TargetError) } else { Ok(Self::S3 { bucket: bucket.to_owned(), prefix }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_and_folders_are_told_apart() {
        let s3 = |bucket: &str, prefix: &str| {
            Ok(ExportTarget::S3 { bucket: bucket.into(), prefix: prefix.into() })
        };
        assert_eq!("s3://b/a/c".parse(), s3("b", "a/c/"));
        assert_eq!("s3://b/a/".parse(), s3("b", "a/"));
        assert_eq!("s3://b".parse(), s3("b", ""));
        assert_eq!("s3:///a".parse::<ExportTarget>(), Err(TargetError));
        assert_eq!("out/s3".parse(), Ok(ExportTarget::Folder("out/s3".into())));
    }
}
