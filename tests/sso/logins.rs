//! A login from beginning to end, and who is created or found by it.

use contracts::Role;
use harness::{PREFIX, System};
use serde_json::{Value, json};

use crate::browser::{location, set_cookies};
use crate::fixture::{Fixture, create_people, map_roles, start};

/// What a browser says of a navigation.
const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

#[tokio::test]
async fn the_first_login_creates_a_person_who_then_has_a_session_of_cookies() {
    let Some(fixture) = Fixture::new(create_people).await else { return };
    let browser = fixture.browser("grace").await;
    let callback = browser.reach_callback("/tasks?status=open").await;
    let answer = browser.open(&callback).await.expect_status(303);
    assert_eq!(location(&answer.headers), "/tasks?status=open");
    let cookies = set_cookies(&answer.headers);
    let session: Vec<(&str, &str)> = cookies
        .iter()
        .filter(|cookie| cookie.name != "piecework_position")
        .map(|cookie| (&*cookie.name, &*cookie.attributes))
        .collect();
    let attributes = |max_age| format!("Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax");
    assert_eq!(
        session,
        [
            ("piecework_access", &*attributes(86_400)),
            ("piecework_refresh", &*attributes(14 * 86_400)),
            ("piecework_login", &*attributes(0)),
        ]
    );
    let me = browser.open(&format!("{PREFIX}/me")).await.expect_status(200).json;
    assert_eq!(
        (&me["email"], &me["name"], &me["role"]),
        (&json!("grace@example.org"), &json!("GRACE"), &json!("worker"))
    );
    let sessions = browser.open(&format!("{PREFIX}/sessions")).await.expect_status(200).json;
    let session = &sessions["items"][0];
    assert_eq!((&session["login_method"], &session["carrier"]), (&json!("sso"), &json!("cookie")));
    browser.post("/auth/refresh").await.expect_status(200);

    // The second login finds the person, also with another address.
    fixture.set_claims("grace", json!({ "email": "other@example.org", "email_verified": false })).await;
    browser.expect_login().await;
    let again = browser.open(&format!("{PREFIX}/me")).await.expect_status(200).json;
    assert_eq!(again["id"], me["id"]);
    assert_eq!(fixture.people().await.len(), 2, "the admin and the person");
    fixture.finish().await;
}

#[tokio::test]
async fn a_known_person_is_found_by_a_verified_address_only_and_an_unknown_one_is_refused() {
    let Some(fixture) = Fixture::new(|_| ()).await else { return };
    let wim = fixture.hire(Role::Manager, "Wim").await;
    let unknown = fixture.browser("grace").await;
    unknown.login().await.expect_problem(403, "identity.sso_person_unknown");
    let browser = fixture.browser_with("wim", json!({ "email_verified": false })).await;
    browser.login().await.expect_problem(403, "identity.sso_email_unverified");
    fixture.set_claims("wim", json!({ "email_verified": null })).await;
    browser.login().await.expect_problem(403, "identity.sso_email_unverified");
    fixture.set_claims("wim", json!({ "email": "no address" })).await;
    browser.login().await.expect_problem(403, "identity.sso_email_unverified");
    assert_eq!(browser.cookie("piecework_access"), None);
    fixture.set_claims("wim", json!({ "email": "WIM@Example.org" })).await;
    browser.expect_login().await;
    let me = browser.open(&format!("{PREFIX}/me")).await.expect_status(200).json;
    assert_eq!((&me["id"], &me["role"]), (&json!(wim.id), &json!("manager")), "no role is mapped, so it stays");

    // Another account with the same address does not get the person.
    let thief = fixture.browser_with("thief", json!({ "email": "wim@example.org" })).await;
    thief.login().await.expect_problem(409, "identity.sso_email_taken");
    assert_eq!(fixture.people().await.len(), 2);
    fixture.finish().await;
}

#[tokio::test]
async fn a_public_client_reads_the_claims_at_the_user_info_endpoint() {
    let settings = |config: &mut piecework::config::Config| {
        create_people(config);
        map_roles(config);
    };
    let Some(fixture) = Fixture::with(&["user-info"], "public", settings).await else { return };
    let browser = fixture.browser_with("grace", json!({ "groups": ["books", "others"] })).await;
    browser.expect_login().await;
    let me = browser.open(&format!("{PREFIX}/me")).await.expect_status(200).json;
    assert_eq!((&me["email"], &me["role"]), (&json!("grace@example.org"), &json!("accountant")));
    fixture.finish().await;
}

#[tokio::test]
async fn a_sign_in_page_learns_whether_there_is_single_sign_on() {
    let off = start(|_| ()).await;
    assert_eq!(off.api.read("/auth/sso").await, json!({ "enabled": false, "name": null }));
    for path in ["/auth/sso/login", "/auth/sso/callback"] {
        off.api.get(path).await.expect_problem(404, "identity.sso_off");
    }
    off.stop().await;
    let Some(fixture) = Fixture::new(|config| config.sso.name = "Example Login".to_owned()).await else { return };
    assert_eq!(fixture.app.api.read("/auth/sso").await, json!({ "enabled": true, "name": "Example Login" }));
    fixture.finish().await;
}

#[tokio::test]
async fn until_there_is_an_admin_only_an_admin_is_created() {
    let Some(provider) = crate::provider::Provider::start(&[]) else { return };
    let app = start(|config| {
        crate::fixture::set_provider(config, &provider.issuer, "confidential");
        create_people(config);
        map_roles(config);
    })
    .await;
    let link = app.first_admin_token().await;
    let claims = |groups: Value| json!({ "email": "grace@example.org", "email_verified": true, "groups": groups });
    provider.set_account("grace", claims(json!(["staff"]))).await;
    let browser = crate::browser::Browser::new(app.application.public_url(), &provider.issuer, "grace");
    browser.login().await.expect_problem(403, "identity.sso_person_unknown");
    provider.set_account("grace", claims(json!(["staff", "it"]))).await;
    browser.expect_login().await;
    let me = browser.open(&format!("{PREFIX}/me")).await.expect_status(200).json;
    assert_eq!((&me["role"], &me["name"]), (&json!("admin"), &json!("grace@example.org")), "the account has no name");
    let body = json!({ "token": link, "email": "ada@example.org", "name": "Ada", "password": harness::PASSWORD });
    app.api.post("/auth/set-password", &body).await.expect_problem(409, "identity.already_set_up");
    app.settle().await;
    app.stop().await;
}

#[tokio::test]
async fn a_login_that_fails_leads_a_browser_to_the_sign_in_page() {
    let Some(fixture) = Fixture::new(|_| ()).await else { return };
    // The person cancels at the provider.
    let browser =
        crate::browser::Browser::new(fixture.app.application.public_url(), &fixture.provider.issuer, "nobody");
    let callback = browser.reach_callback("/").await;
    browser.open(&callback).await.expect_problem(403, "identity.sso_denied");
    let callback = browser.reach_callback("/").await;
    let answer = browser.open_as(&callback, &[HTML]).await.expect_status(303);
    assert_eq!(location(&answer.headers), "/login?sso_error=identity.sso_denied");
    let answer = browser.open_as(&format!("{PREFIX}/auth/sso/callback"), &[HTML]).await.expect_status(303);
    assert_eq!(location(&answer.headers), "/login?sso_error=identity.sso_state_invalid");
    fixture.finish().await;
}
