//! Invitations and links to set a forgotten password, as they are published for the mail.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use chrono::Duration;
use contracts::Role;
use contracts::events::identity::{LinkPurpose, PasswordLinkCreated};
use identity::{PersonUpdate, SetPassword};
use kernel::runtime::jobs::Outcome;
use sqlx::Row;

use crate::fixture::{Fixture, PASSWORD, code, new_person};

/// The links in the outbox, oldest first.
async fn published_links(fixture: &Fixture) -> Vec<PasswordLinkCreated> {
    fixture.database.outbox_facts("identity").await
}

async fn answer_requests(fixture: &Fixture) {
    let jobs = fixture.identity.module().jobs;
    let job = jobs.iter().find(|job| job.name == "identity.password_resets").unwrap();
    while (job.run)().await.unwrap() == Outcome::More {}
}

async fn set_password(fixture: &Fixture, token: &str, password: &str) -> String {
    let (token, password) = (token.to_owned(), password.to_owned());
    code(fixture.identity.set_password(SetPassword { token, password, name: None, email: None }).await)
}

#[tokio::test]
async fn a_request_stores_the_same_for_every_address_and_only_an_active_person_gets_a_link() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let gone = fixture.create_person("gone@example.com", Role::Worker).await;
    let left = PersonUpdate { active: Some(false), ..PersonUpdate::default() };
    fixture.identity.update_person(gone.id, left).await.unwrap();
    let tables = ["people", "links", "link_mails", "sessions", "outbox"];
    for email in [" ADA@example.com", "gone@example.com", "unknown@example.com"] {
        let mut before = Vec::new();
        for table in tables {
            before.push(fixture.count(table).await);
        }
        fixture.identity.request_password_reset(email).await.unwrap();
        for (table, before) in tables.into_iter().zip(before) {
            assert_eq!(fixture.count(table).await, before, "{email} changes {table}");
        }
    }
    let rows = sqlx::query("select email_key, requested_at from identity.password_reset_requests order by email_key")
        .fetch_all(fixture.write.raw())
        .await
        .unwrap();
    let keys: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(keys, ["ada@example.com", "gone@example.com", "unknown@example.com"]);

    answer_requests(&fixture).await;
    assert_eq!(fixture.count("password_reset_requests").await, 0);
    let links = published_links(&fixture).await;
    assert_eq!(links.len(), 1);
    let link = &links[0];
    assert_eq!((link.person_id, link.purpose, &*link.email), (ada.id, LinkPurpose::PasswordReset, "ada@example.com"));
    assert_eq!(link.expires_at, fixture.ambient.now() + Duration::hours(1));
    assert_eq!(code(fixture.identity.request_password_reset("nobody").await), "invalid_request");
}

#[tokio::test]
async fn a_reset_link_sets_the_password_once_and_ends_every_session() {
    let fixture = Fixture::new().await;
    fixture.create_person("ada@example.com", Role::Worker).await;
    fixture.create_person("bob@example.com", Role::Worker).await;
    let ada = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let bob = fixture.identity.login("bob@example.com", PASSWORD).await.unwrap();
    fixture.identity.request_password_reset("ada@example.com").await.unwrap();
    answer_requests(&fixture).await;
    let token = published_links(&fixture).await.remove(0).token.0;
    assert!(fixture.identity.authenticate(&ada.access_token).await.is_ok(), "a request changes nothing");
    assert_eq!(set_password(&fixture, &token, "password").await, "invalid_request");
    assert_eq!(set_password(&fixture, &token, "a new password").await, "");
    assert_eq!(set_password(&fixture, &token, "another password").await, "identity.link_used");
    assert_eq!(code(fixture.identity.authenticate(&ada.access_token).await), "identity.token_revoked");
    assert_eq!(code(fixture.identity.refresh_tokens(&ada.refresh_token).await), "identity.refresh_invalid");
    assert!(fixture.identity.authenticate(&bob.access_token).await.is_ok(), "nobody else is logged out");
    assert!(fixture.identity.login("ada@example.com", "a new password").await.is_ok());
}

#[tokio::test]
async fn a_reset_link_expires_and_a_newer_one_replaces_it_but_not_the_link_of_an_admin() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let admins = fixture.identity.create_set_password_link(ada.id).await.unwrap();
    for _ in 0..2 {
        fixture.identity.request_password_reset("ada@example.com").await.unwrap();
        answer_requests(&fixture).await;
    }
    let links = published_links(&fixture).await;
    assert_eq!(set_password(&fixture, &links[0].token.0, "a new password").await, "identity.link_unknown");
    fixture.advance(Duration::hours(1));
    assert_eq!(set_password(&fixture, &links[1].token.0, "a new password").await, "identity.link_expired");
    assert_eq!(set_password(&fixture, &admins, "a new password").await, "");
}

#[tokio::test]
async fn the_mails_of_an_hour_are_limited_without_a_different_answer() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    for _ in 0..5 {
        fixture.identity.request_password_reset("ada@example.com").await.unwrap();
        answer_requests(&fixture).await;
    }
    assert_eq!((published_links(&fixture).await.len(), fixture.count("link_mails").await), (3, 3));
    assert_eq!(code(fixture.identity.create_invitation(ada.id).await), "identity.too_many_mails");
    fixture.advance(Duration::minutes(61));
    fixture.identity.request_password_reset("ada@example.com").await.unwrap();
    answer_requests(&fixture).await;
    assert_eq!(published_links(&fixture).await.len(), 4);
    (fixture.identity.module().jobs.pop().unwrap().run)().await.unwrap();
    assert_eq!(fixture.count("link_mails").await, 1, "old mails are pruned");
}

#[tokio::test]
async fn mails_of_a_clock_that_was_ahead_do_not_count() {
    let fixture = Fixture::new().await;
    let true_time = fixture.ambient.now();
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    fixture.advance(Duration::days(300));
    for _ in 0..3 {
        fixture.identity.create_invitation(ada.id).await.unwrap();
    }
    assert_eq!(code(fixture.identity.create_invitation(ada.id).await), "identity.too_many_mails");
    fixture.ambient.set(true_time);
    for _ in 0..3 {
        fixture.identity.create_invitation(ada.id).await.unwrap();
    }
    assert_eq!(code(fixture.identity.create_invitation(ada.id).await), "identity.too_many_mails");
}

#[tokio::test]
async fn many_requests_at_the_same_time_send_no_more_mails_than_allowed() {
    let fixture = Fixture::new().await;
    fixture.create_person("ada@example.com", Role::Worker).await;
    let other = fixture.another_process().await;
    for _ in 0..4 {
        let requests = (0..4).map(|_| fixture.identity.request_password_reset("ada@example.com"));
        futures_util::future::try_join_all(requests).await.unwrap();
        let job = |identity: &identity::Identity| identity.module().jobs[0].run.clone();
        let (mine, theirs) = (job(&fixture.identity), job(&other));
        let (mine, theirs) = tokio::join!(mine(), theirs());
        mine.unwrap();
        theirs.unwrap();
    }
    assert_eq!(published_links(&fixture).await.len(), 3);
}

#[tokio::test]
async fn an_invited_person_has_no_password_and_gets_a_link() {
    let fixture = Fixture::new().await;
    let ada = fixture.identity.invite_new_person(new_person("ada@example.com", Role::Worker)).await.unwrap();
    assert_eq!(code(fixture.identity.login("ada@example.com", PASSWORD).await), "identity.wrong_credentials");
    fixture.identity.create_invitation(ada.id).await.unwrap();
    let links = published_links(&fixture).await;
    assert_eq!(links.len(), 2);
    assert!(links.iter().all(|link| link.purpose == LinkPurpose::Invitation && link.person_id == ada.id));
    assert_eq!(links[1].expires_at, fixture.ambient.now() + Duration::hours(72));
    assert_eq!(set_password(&fixture, &links[0].token.0, PASSWORD).await, "identity.link_unknown", "it was replaced");
    assert_eq!(set_password(&fixture, &links[1].token.0, PASSWORD).await, "");
    assert!(fixture.identity.login("ada@example.com", PASSWORD).await.is_ok());

    let left = PersonUpdate { active: Some(false), ..PersonUpdate::default() };
    fixture.identity.update_person(ada.id, left).await.unwrap();
    assert_eq!(code(fixture.identity.create_invitation(ada.id).await), "identity.person_inactive");
    let twin = fixture.identity.invite_new_person(new_person("ADA@example.com", Role::Admin)).await;
    assert_eq!(code(twin), "identity.email_taken");
    assert_eq!(published_links(&fixture).await.len(), 2);
}
