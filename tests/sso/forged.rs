//! ID tokens that are not what the login asked for, and keys that the provider has replaced.

use chrono::Duration;
use contracts::Role;
use harness::create_first_admin;
use kernel::Ambient;
use serde_json::json;

use crate::browser::Browser;
use crate::fixture::{Fixture, set_provider, start_on};
use crate::provider::Provider;

#[tokio::test]
async fn an_id_token_of_another_login_program_provider_or_signer_is_refused() {
    let Some(fixture) = Fixture::new(|_| ()).await else { return };
    fixture.hire(Role::Worker, "Wim").await;
    let browser = fixture.browser("wim").await;
    let now = Ambient::system().now().timestamp();
    for (claims, sign) in [
        (json!({ "nonce": "another" }), "key"),
        (json!({ "nonce": null }), "key"),
        (json!({ "aud": "another" }), "key"),
        (json!({ "aud": ["confidential", "another"] }), "key"),
        (json!({ "azp": "another" }), "key"),
        (json!({ "iss": "http://127.0.0.1:1" }), "key"),
        (json!({ "exp": now - 120 }), "key"),
        (json!({ "iat": now + 600 }), "key"),
        (json!({ "iat": now - 1200 }), "key"),
        (json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }), "key"),
        (json!({ "sub": "" }), "key"),
        (json!({ "sub": "a".repeat(256) }), "key"),
        (json!({}), "another"),
        (json!({}), "secret"),
        (json!({}), "none"),
    ] {
        fixture.provider.forge(claims.clone(), sign).await;
        let answer = browser.login().await;
        assert_eq!((answer.status, answer.code()), (401, "identity.sso_token_invalid"), "{claims} {sign}");
    }
    // The same way through, without a change.
    fixture.provider.forge(json!({}), "key").await;
    browser.expect_login().await;
    fixture.finish().await;
}

#[tokio::test]
async fn a_new_key_of_the_provider_is_found_at_most_every_ten_seconds() {
    let Some(provider) = Provider::start(&[]) else { return };
    let begin = Ambient::system().now();
    let app =
        start_on(Ambient::manual(begin, 7), |config| set_provider(config, &provider.issuer, "confidential")).await;
    create_first_admin(&app.api, &app.first_admin_token().await).await;
    provider.set_account("ada", json!({ "email": "ada@example.org", "email_verified": true })).await;
    let browser = Browser::new(app.application.public_url(), &provider.issuer, "ada");
    app.ambient.set(Ambient::system().now());
    browser.expect_login().await;
    provider.rotate_keys().await;
    // By the application's clock, the keys were loaded at this moment.
    browser.login().await.expect_problem(401, "identity.sso_token_invalid");
    app.ambient.set((app.ambient.now() + Duration::seconds(10)).max(Ambient::system().now()));
    browser.expect_login().await;
    app.stop().await;
}
