//! Tests of grants and their tokens.

use serde_json::json;

use super::*;

fn start() -> (Grants, Switches, Timestamp, Tokens) {
    let (mut grants, switches) = (Grants::default(), Switches::default());
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let tokens = grants.ensure("g", now, &switches);
    (grants, switches, now, tokens)
}

#[test]
fn refresh_token_stays_for_a_day_and_is_then_rotated() {
    let (mut grants, switches, now, tokens) = start();
    let same = grants.refresh(&tokens.refresh_token, plus(now, 86_399), &switches).unwrap();
    assert_eq!(same.refresh_token, tokens.refresh_token);
    assert_ne!(same.access_token, tokens.access_token);
    let rotated = grants.refresh(&tokens.refresh_token, plus(now, 86_400), &switches).unwrap();
    assert_ne!(rotated.refresh_token, tokens.refresh_token);
    assert_eq!(grants.refresh(&tokens.refresh_token, plus(now, 86_401), &switches), None);
    assert!(grants.refresh(&rotated.refresh_token, plus(now, 86_401), &switches).is_some());
}

#[test]
fn rotation_every_time_and_grace_of_old_tokens_are_switches() {
    let (mut grants, mut switches, now, tokens) = start();
    switches.set("refresh_token_rotation", &json!("every_time")).unwrap();
    switches.set("old_refresh_token_grace_seconds", &json!(60)).unwrap();
    let rotated = grants.refresh(&tokens.refresh_token, now, &switches).unwrap();
    assert_ne!(rotated.refresh_token, tokens.refresh_token);
    let again = grants.refresh(&tokens.refresh_token, plus(now, 59), &switches).unwrap();
    assert_eq!(again.refresh_token, rotated.refresh_token);
    assert_eq!(grants.refresh(&tokens.refresh_token, plus(now, 60), &switches), None);
}

#[test]
fn rotated_tokens_are_dropped_when_no_grace_can_cover_them() {
    let (mut grants, mut switches, now, mut tokens) = start();
    switches.set("refresh_token_rotation", &json!("every_time")).unwrap();
    for day in 0..5 {
        tokens = grants.refresh(&tokens.refresh_token, plus(now, day * 86_400), &switches).unwrap();
    }
    assert_eq!(grants.grants["g"].retired.len(), 1);
    switches.set("old_refresh_token_grace_seconds", &json!(200_000)).unwrap();
    for day in 5..10 {
        tokens = grants.refresh(&tokens.refresh_token, plus(now, day * 86_400), &switches).unwrap();
    }
    assert_eq!(grants.grants["g"].retired.len(), 3);
}

#[test]
fn tokens_expire_after_their_lives() {
    let (mut grants, switches, now, tokens) = start();
    assert_eq!(grants.check(&tokens.access_token, plus(now, 3599)).0, Access::Valid);
    assert_eq!(grants.check(&tokens.access_token, plus(now, 3600)).0, Access::Expired);
    assert_eq!(grants.check("none", now).0, Access::Unknown);
    assert_eq!(tokens.refresh_expires_in, 8_726_400);
    assert_eq!(grants.refresh(&tokens.refresh_token, plus(now, 8_726_400), &switches), None);
}

#[test]
fn use_extends_the_refresh_token_up_to_five_years() {
    let (mut grants, switches, now, mut tokens) = start();
    let mut at = now;
    while plus(at, 8_000_000) < plus(now, HARD_SECONDS) {
        at = plus(at, 8_000_000);
        tokens = grants.refresh(&tokens.refresh_token, at, &switches).unwrap();
    }
    assert!(tokens.refresh_expires_in <= tokens.hard_expires_in);
    assert_eq!(grants.refresh(&tokens.refresh_token, plus(now, HARD_SECONDS), &switches), None);
}

#[test]
fn revocation_ends_one_grant_and_leaves_others() {
    let (mut grants, switches, now, tokens) = start();
    let other = grants.ensure("other", now, &switches);
    assert!(grants.revoke(&tokens.refresh_token));
    assert_eq!(grants.check(&tokens.access_token, now).0, Access::Unknown);
    assert_eq!(grants.check(&other.access_token, now).0, Access::Valid);
    assert!(!grants.revoke(&tokens.refresh_token));
}

#[test]
fn code_works_once_for_its_redirect_uri() {
    let (mut grants, switches, now, _) = start();
    let code = grants.authorize("http://127.0.0.1:1/a", ACCOUNTING, None, now);
    assert_eq!(grants.exchange(&code, "http://127.0.0.1:1/b", now, &switches), None);
    let code = grants.authorize("http://127.0.0.1:1/a", ACCOUNTING, None, now);
    assert!(grants.exchange(&code, "http://127.0.0.1:1/a", now, &switches).is_some());
    assert_eq!(grants.exchange(&code, "http://127.0.0.1:1/a", now, &switches), None);
    let late = grants.authorize("http://127.0.0.1:1/a", ACCOUNTING, None, now);
    assert_eq!(grants.exchange(&late, "http://127.0.0.1:1/a", plus(now, 600), &switches), None);
}
