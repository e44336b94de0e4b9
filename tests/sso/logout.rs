//! The end of a session, here and at the provider.

use contracts::Role;
use harness::{PASSWORD, PREFIX};
use serde_json::json;

use crate::fixture::Fixture;

#[tokio::test]
async fn a_login_ends_the_session_whose_cookies_it_replaces() {
    let Some(fixture) = Fixture::new(|_| ()).await else { return };
    fixture.hire(Role::Worker, "Wim").await;
    let browser = fixture.browser("wim").await;
    browser.expect_login().await;
    let first = browser.cookie("piecework_access").unwrap();
    browser.login().await.expect_status(303);
    let second = browser.cookie("piecework_access").unwrap();
    assert_ne!(first, second);
    fixture.app.api.with_token(&first).get("/me").await.expect_problem(401, "identity.token_revoked");
    fixture.app.api.with_token(&second).get("/me").await.expect_status(200);
    // A login that fails ends nothing.
    browser.open(&format!("{PREFIX}/auth/sso/callback?state=a&code=b")).await.expect_status(400);
    fixture.app.api.with_token(&second).get("/me").await.expect_status(200);
    fixture.finish().await;
}

#[tokio::test]
async fn a_logout_ends_our_session_and_names_the_address_of_the_one_at_the_provider() {
    let Some(fixture) = Fixture::new(|_| ()).await else { return };
    let wim = fixture.hire(Role::Worker, "Wim").await;
    let browser = fixture.browser("wim").await;
    browser.expect_login().await;
    let access = browser.cookie("piecework_access").unwrap();
    let answer = browser.post("/auth/logout").await.expect_status(200);
    let url = answer.json["end_session_url"].as_str().unwrap().to_owned();
    let (endpoint, query) = url.split_once('?').unwrap();
    assert_eq!(endpoint, format!("{}/session/end", fixture.provider.issuer));
    assert!(query.contains("client_id=confidential"), "{query}");
    assert!(query.contains("post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A"), "{query}");
    assert!(query.ends_with("%2Flogin"), "{query}");
    assert_eq!(browser.cookie("piecework_access"), None);
    let ended = fixture.app.api.with_token(&access).get("/me").await;
    ended.expect_problem(401, "identity.token_revoked");
    // The provider takes the request: it asks the person whether to log out.
    let page = reqwest::Client::builder().no_proxy().build().unwrap().get(&url).send().await.unwrap();
    assert_eq!(page.status(), 200, "{:?}", page.text().await);

    // A session by password has none at the provider.
    let body = json!({ "email": wim.email, "password": PASSWORD });
    let tokens = fixture.app.api.post("/auth/login", &body).await.expect_status(200).json;
    let api = fixture.app.api.with_token(tokens["access_token"].as_str().unwrap());
    api.post_nothing("/auth/logout").await.expect_status(204);
    browser.open(&format!("{PREFIX}/me")).await.expect_problem(401, "not_authenticated");
    fixture.finish().await;
}
