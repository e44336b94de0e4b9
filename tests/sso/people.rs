//! Roles that the provider decides, and people who were deactivated.

use contracts::Role;
use harness::{PREFIX, System};
use serde_json::json;

use crate::fixture::{Fixture, map_roles};

#[tokio::test]
async fn the_role_follows_the_claim_at_each_login_and_revokes_older_tokens() {
    let Some(fixture) = Fixture::new(map_roles).await else { return };
    let wim = fixture.hire(Role::Worker, "Wim").await;
    let browser = fixture.browser_with("wim", json!({ "groups": ["staff", "chiefs"] })).await;
    browser.expect_login().await;
    let role = async || browser.open(&format!("{PREFIX}/me")).await.expect_status(200).json["role"].clone();
    assert_eq!(role().await, "manager");
    // Other modules receive the change by an event: a manager's task gets another assignee (T7).
    wim.api.get("/me").await.expect_problem(401, "identity.token_revoked");
    fixture.app.settle().await;

    fixture.set_claims("wim", json!({ "groups": "books" })).await;
    browser.expect_login().await;
    assert_eq!(role().await, "accountant");

    // Without a role the person is refused, and keeps what an admin sees.
    let before = browser.cookie("piecework_access");
    fixture.set_claims("wim", json!({ "groups": ["others"] })).await;
    browser.login().await.expect_problem(403, "identity.sso_role_missing");
    fixture.set_claims("wim", json!({})).await;
    browser.login().await.expect_problem(403, "identity.sso_role_missing");
    assert_eq!(browser.cookie("piecework_access"), before, "no session has begun");
    fixture.finish().await;
}

#[tokio::test]
async fn a_person_without_a_mapped_role_gets_the_default_role() {
    let Some(fixture) = Fixture::new(|config| {
        map_roles(config);
        config.sso.default_role = Some(Role::Worker);
    })
    .await
    else {
        return;
    };
    fixture.hire(Role::Manager, "Max").await;
    let browser = fixture.browser_with("max", json!({ "groups": [] })).await;
    browser.expect_login().await;
    let me = browser.open(&format!("{PREFIX}/me")).await.expect_status(200).json;
    assert_eq!(me["role"], "worker");
    fixture.finish().await;
}

#[tokio::test]
async fn the_last_admin_keeps_the_role_and_is_refused() {
    let Some(fixture) = Fixture::new(map_roles).await else { return };
    let browser = fixture.browser_with("ada", json!({ "groups": ["staff"] })).await;
    browser.login().await.expect_problem(409, "identity.last_admin");
    assert_eq!(fixture.admin.api.read("/me").await["role"], "admin");
    fixture.finish().await;
}

#[tokio::test]
async fn a_deactivated_person_is_refused_before_and_after_the_first_login() {
    let Some(fixture) = Fixture::new(map_roles).await else { return };
    let (wim, max) = (fixture.hire(Role::Worker, "Wim").await, fixture.hire(Role::Worker, "Max").await);
    let known = fixture.browser_with("wim", json!({ "groups": "staff" })).await;
    known.expect_login().await;
    for person in [&wim, &max] {
        let path = format!("/people/{}", person.id);
        fixture.admin.api.patch(&path, &json!({ "active": false })).await.expect_status(200);
    }
    fixture.set_claims("wim", json!({ "groups": "chiefs" })).await;
    known.login().await.expect_problem(403, "identity.sso_person_inactive");
    let new = fixture.browser_with("max", json!({ "groups": "chiefs" })).await;
    new.login().await.expect_problem(403, "identity.sso_person_inactive");
    let person = fixture.admin.api.read(&format!("/people/{}", wim.id)).await;
    assert_eq!((&person["role"], &person["active"]), (&json!("worker"), &json!(false)), "the role stays, too");
    fixture.finish().await;
}
