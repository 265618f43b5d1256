//! The folders of the spool.

use std::path::Component;

use aws_sdk_s3::config::BehaviorVersion;
use clientele_shared::model::Mode;

use super::*;

fn spool(endpoint: Option<&str>, tenant: &str, mode: Mode, bucket: &str, prefix: &str) -> PathBuf {
    let config = aws_sdk_s3::Config::builder().behavior_version(BehaviorVersion::v2026_01_12()).build();
    let client = aws_sdk_s3::Client::from_conf(config);
    let bucket = Bucket { client, name: bucket.to_owned(), prefix: prefix.to_owned() };
    let owner = RealmOwner { tenant: tenant.parse().unwrap(), mode };
    Spool::new(Path::new("spool"), endpoint, &owner, &bucket).folder().to_owned()
}

#[test]
fn each_endpoint_tenant_mode_bucket_and_prefix_has_its_own_folder() {
    let all = [
        spool(None, "demo", Mode::Live, "exports", "daily/"),
        spool(None, "demo", Mode::Test, "exports", "daily/"),
        spool(None, "other", Mode::Live, "exports", "daily/"),
        spool(None, "demo", Mode::Live, "exports", ""),
        spool(None, "demo", Mode::Live, "exports", "daily/a/"),
        spool(Some("http://127.0.0.1:4747"), "demo", Mode::Live, "exports", "daily/"),
    ];
    assert_eq!(all[0], Path::new("spool/aws/demo-live/exports/daily"));
    assert_eq!(all[3], Path::new("spool/aws/demo-live/exports/%2F"));
    assert_eq!(all[5], Path::new("spool/http%3A%2F%2F127.0.0.1%3A4747/demo-live/exports/daily"));
    for (at, one) in all.iter().enumerate() {
        assert!(all[at + 1..].iter().all(|other| !other.starts_with(one) && !one.starts_with(other)));
    }
}

#[test]
fn no_name_leads_out_of_the_folder() {
    for prefix in ["/abs/../../x/", "../", "..", "./", "a/../../../b/", "\\\\host\\"] {
        let folder = spool(Some(".."), "demo", Mode::Live, "..", prefix);
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        assert!(folder.components().all(is_plain), "{}", folder.display());
        assert_eq!(folder.components().count(), 5);
    }
}
