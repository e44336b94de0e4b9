//! What binds a login to the browser that began it, and to one use.

use chrono::Duration;
use contracts::Role;
use harness::{PREFIX, System, create_first_admin};
use kernel::Ambient;
use serde_json::json;

use crate::browser::{Browser, location, set_cookies};
use crate::fixture::{Fixture, set_provider, start_on};
use crate::provider::Provider;

const STATE_INVALID: (u16, &str) = (400, "identity.sso_state_invalid");

#[tokio::test]
async fn a_login_is_completed_by_the_browser_that_began_it_once_and_in_time() {
    let Some(fixture) = Fixture::new(|_| ()).await else { return };
    fixture.hire(Role::Worker, "Wim").await;
    let browser = fixture.browser("wim").await;
    let refuse = async |callback: &str| {
        browser.open(callback).await.expect_problem(STATE_INVALID.0, STATE_INVALID.1);
    };
    // Another browser, with no login and with another one.
    let callback = browser.reach_callback("/").await;
    let other = fixture.browser("wim").await;
    other.open(&callback).await.expect_problem(STATE_INVALID.0, STATE_INVALID.1);
    other.reach_callback("/").await;
    other.open(&callback).await.expect_problem(STATE_INVALID.0, STATE_INVALID.1);
    // Without the state, with another one, without a code.
    let (path, _) = callback.split_once('?').unwrap();
    refuse(path).await;
    refuse(&format!("{path}?code=a")).await;
    refuse(&format!("{path}?code=a&state=b")).await;
    // The cookie was changed, or is another kind of token.
    let login = browser.cookie("piecework_login").unwrap();
    browser.set_cookie("piecework_login", &login.replacen('.', ".A", 1));
    refuse(&callback).await;
    let token = fixture.admin.api.clone();
    let token = token.request(reqwest::Method::GET, "/me").build().unwrap();
    let token = token.headers()["authorization"].to_str().unwrap().trim_start_matches("Bearer ").to_owned();
    browser.set_cookie("piecework_login", &token);
    refuse(&callback).await;
    let as_bearer = fixture.app.api.with_token(&login).get("/me").await;
    as_bearer.expect_problem(401, "identity.token_invalid");
    browser.set_cookie("piecework_login", &login);
    // The answer names another provider (RFC 9207). This uses the state.
    let mixed = callback.replace("iss=http", "iss=https");
    assert_ne!(mixed, callback);
    refuse(&mixed).await;
    refuse(&callback).await;

    // A completed login is not repeated, even with its cookie.
    let callback = browser.reach_callback("/").await;
    let login = browser.cookie("piecework_login").unwrap();
    browser.open(&callback).await.expect_status(303);
    assert_eq!(browser.cookie("piecework_login"), None);
    browser.set_cookie("piecework_login", &login);
    refuse(&callback).await;
    fixture.finish().await;
}

#[tokio::test]
async fn a_login_that_takes_ten_minutes_is_begun_again() {
    let Some(provider) = Provider::start(&[]) else { return };
    let ambient = Ambient::manual(Ambient::system().now(), 7);
    let app = start_on(ambient, |config| set_provider(config, &provider.issuer, "confidential")).await;
    create_first_admin(&app.api, &app.first_admin_token().await).await;
    let browser = Browser::new(app.application.public_url(), &provider.issuer, "ada");
    provider.set_account("ada", json!({ "email": "ada@example.org", "email_verified": true })).await;
    let callback = browser.reach_callback("/").await;
    app.ambient.advance(Duration::minutes(10));
    browser.open(&callback).await.expect_problem(STATE_INVALID.0, STATE_INVALID.1);
    app.stop().await;
}

#[tokio::test]
async fn a_code_is_exchanged_once_and_with_the_verifier_of_its_login() {
    let Some(fixture) = Fixture::new(|_| ()).await else { return };
    fixture.hire(Role::Worker, "Wim").await;
    let browser = fixture.browser("wim").await;
    let parameter = |url: &str, name: &str| {
        let query = url.split_once('?').unwrap().1.to_owned();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(found, _)| *found == name).unwrap().1.to_owned()
    };
    let first = browser.reach_callback("/").await;
    let code = parameter(&first, "code");
    // An attacker puts the code of one login into another one.
    let second = browser.reach_callback("/").await;
    let injected = second.replace(&parameter(&second, "code"), &code);
    browser.open(&injected).await.expect_problem(401, "identity.sso_refused");
    assert_eq!(browser.cookie("piecework_access"), None);
    let third = browser.reach_callback("/").await;
    let used = parameter(&third, "code");
    browser.open(&third).await.expect_status(303);
    let fourth = browser.reach_callback("/").await;
    let replayed = fourth.replace(&parameter(&fourth, "code"), &used);
    browser.open(&replayed).await.expect_problem(401, "identity.sso_refused");
    let fifth = browser.reach_callback("/").await;
    let unknown = fifth.replace(&parameter(&fifth, "code"), "unknown");
    browser.open(&unknown).await.expect_problem(401, "identity.sso_refused");
    fixture.finish().await;
}

#[tokio::test]
async fn a_login_asks_for_a_code_with_pkce_and_keeps_its_secrets_in_one_cookie() {
    let Some(fixture) = Fixture::new(|_| ()).await else { return };
    let browser = fixture.browser("wim").await;
    let answer = browser.open(&format!("{PREFIX}/auth/sso/login")).await.expect_status(302);
    let url = location(&answer.headers);
    for part in [
        "response_type=code",
        "code_challenge_method=S256",
        "code_challenge=",
        "nonce=",
        "state=",
        "client_id=confidential",
    ] {
        assert!(url.contains(part), "{url} has no {part}");
    }
    assert!(url.contains("scope=openid+profile+email"), "{url}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let cookies = set_cookies(&answer.headers);
    assert_eq!(cookies.len(), 1);
    assert_eq!(cookies[0].name, "piecework_login");
    assert_eq!(cookies[0].attributes, "Path=/; Max-Age=600; HttpOnly; SameSite=Lax");
    let host = ("host", "piecework.example.org");
    let answer = browser.open_as(&format!("{PREFIX}/auth/sso/login"), &[host]).await.expect_status(302);
    let cookies = set_cookies(&answer.headers);
    assert_eq!(cookies[0].name, "__Host-piecework_login");
    assert_eq!(cookies[0].attributes, "Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax");
    fixture.finish().await;
}

#[tokio::test]
async fn a_login_returns_to_no_other_host() {
    let Some(fixture) = Fixture::new(|_| ()).await else { return };
    let browser = fixture.browser("wim").await;
    for foreign in [
        "https://evil.example/",
        "//evil.example",
        "/%5Cevil.example",
        "/%09/evil.example",
        "%2F%2Fevil.example",
        "tasks",
    ] {
        let answer = browser.open(&format!("{PREFIX}/auth/sso/login?return_to={foreign}")).await;
        let answer = answer.expect_problem(400, "malformed_request");
        assert_eq!(answer.json["errors"][0]["pointer"], "?return_to", "{foreign}");
        assert!(set_cookies(&answer.headers).is_empty());
    }
    browser.open(&format!("{PREFIX}/auth/sso/login?next=/")).await.expect_problem(400, "malformed_request");
    fixture.finish().await;
}

#[tokio::test]
async fn a_page_of_another_origin_begins_no_login() {
    let Some(fixture) = Fixture::new(|_| ()).await else { return };
    let browser = fixture.browser("wim").await;
    let path = format!("{PREFIX}/auth/sso/login?return_to=/tasks");
    for site in ["cross-site", "same-site"] {
        let refused = browser.open_as(&path, &[("sec-fetch-site", site)]).await;
        let refused = refused.expect_problem(403, "csrf_refused");
        assert!(set_cookies(&refused.headers).is_empty(), "{site}");
        let page = browser.open_as(&path, &[("sec-fetch-site", site), ("accept", "text/html")]).await;
        assert_eq!(location(&page.expect_status(303).headers), "/login?sso_error=csrf_refused");
    }
    for site in ["same-origin", "none"] {
        browser.open_as(&path, &[("sec-fetch-site", site)]).await.expect_status(302);
    }
    fixture.finish().await;
}

#[tokio::test]
async fn a_failed_login_is_recorded_and_counts_like_a_wrong_password() {
    let limited = |config: &mut piecework::config::Config| config.limits.failed_logins_per_address_per_minute = 3;
    let Some(fixture) = Fixture::new(limited).await else { return };
    fixture.hire(Role::Worker, "Wim").await;
    let browser = fixture.browser("wim").await;
    // A login that succeeds takes nothing.
    for _ in 0..4 {
        browser.expect_login().await;
    }
    let unknown = fixture.browser("grace").await;
    unknown.login().await.expect_problem(403, "identity.sso_person_unknown");
    let cancelled = Browser::new(fixture.app.application.public_url(), &fixture.provider.issuer, "nobody");
    cancelled.login().await.expect_problem(403, "identity.sso_denied");
    let unbegun = cancelled.open(&format!("{PREFIX}/auth/sso/callback?state=a&code=b")).await;
    unbegun.expect_problem(STATE_INVALID.0, STATE_INVALID.1);
    let limited = browser.login().await.expect_problem(429, "rate_limited");
    assert!(limited.header("ratelimit").unwrap().starts_with("\"failed_logins_per_address\";r=0"), "{limited:?}");

    fixture.app.settle().await;
    let failed = fixture.admin.api.read_all("/admin/audit?action=login_failed", 200).await;
    let mut reasons: Vec<&str> = failed.iter().map(|record| record["details"]["reason"].as_str().unwrap()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    for (reason, part) in
        reasons.iter().zip(["the login was cancelled", "there is no person", "this login was not begun"])
    {
        assert!(reason.starts_with(part), "{reason}");
    }
    assert!(failed.iter().all(|record| record["details"]["login_method"] == "sso"), "{failed:?}");
    assert!(failed.iter().all(|record| record["actor"]["kind"] == "anonymous" && record["address"] == "127.0.0.1"));
    fixture.finish().await;
}
