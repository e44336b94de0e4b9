//! Refresh tokens: their use, their repetition within thirty seconds, their reuse, and the end of
//! sessions that are not used and of those that are.

use chrono::Duration;
use contracts::Role;
use identity::{Identity, Tokens};

use crate::fixture::{Fixture, PASSWORD, code};

/// A logged-in person.
async fn login(fixture: &Fixture) -> Tokens {
    fixture.create_person("ada@example.com", Role::Worker).await;
    fixture.identity.login("ada@example.com", PASSWORD).await.unwrap()
}

/// Uses a refresh token that must be valid.
async fn refresh(identity: &Identity, token: &str) -> Tokens {
    identity.refresh_tokens(token).await.unwrap()
}

#[tokio::test]
async fn a_session_that_is_not_used_for_fourteen_days_ends() {
    let fixture = Fixture::new().await;
    let login = login(&fixture).await;
    fixture.advance(Duration::days(13));
    let first = refresh(&fixture.identity, &login.refresh_token).await;
    assert!(fixture.identity.authenticate(&first.access_token).await.is_ok());
    fixture.advance(Duration::days(14));
    assert_eq!(code(fixture.identity.refresh_tokens(&first.refresh_token).await), "identity.refresh_invalid");
    assert_eq!(code(fixture.identity.refresh_tokens("made up").await), "identity.refresh_invalid");
}

#[tokio::test]
async fn a_session_that_is_used_ends_after_thirty_days() {
    let fixture = Fixture::new().await;
    let login = login(&fixture).await;
    let end = fixture.ambient.now() + Duration::days(30);
    fixture.advance(Duration::days(13));
    let second = refresh(&fixture.identity, &login.refresh_token).await;
    fixture.advance(Duration::days(13));
    let third = refresh(&fixture.identity, &second.refresh_token).await;
    assert_eq!((third.refresh_expires_at, third.refresh_expires_in_s), (end, 4 * 24 * 60 * 60));
    fixture.advance(Duration::days(4) - Duration::minutes(1));
    let last = refresh(&fixture.identity, &third.refresh_token).await;
    assert_eq!((last.access_expires_at, last.refresh_expires_at, last.expires_in_s), (end, end, 60));
    assert!(fixture.identity.authenticate(&last.access_token).await.is_ok());
    fixture.advance(Duration::minutes(1));
    assert_eq!(code(fixture.identity.refresh_tokens(&last.refresh_token).await), "identity.refresh_invalid");
    fixture.advance(Duration::seconds(5));
    assert_eq!(code(fixture.identity.authenticate(&last.access_token).await), "identity.token_expired");
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_stay_logged_in() {
    let fixture = Fixture::new().await;
    let login = login(&fixture).await;
    let other_process = fixture.another_process().await;
    let one = refresh(&fixture.identity, &login.refresh_token).await;
    fixture.advance(Duration::seconds(29));
    let two = refresh(&other_process, &login.refresh_token).await;
    assert_eq!(one.refresh_token, two.refresh_token, "both tabs go on with the same token");
    assert_eq!(one.refresh_expires_at, two.refresh_expires_at);
    for tokens in [&one, &two] {
        assert!(fixture.identity.authenticate(&tokens.access_token).await.is_ok());
    }
    // The next refresh of both tabs is the same again.
    fixture.advance(Duration::minutes(10));
    let one = refresh(&fixture.identity, &one.refresh_token).await;
    let two = refresh(&fixture.identity, &two.refresh_token).await;
    assert_eq!(one.refresh_token, two.refresh_token);
    assert!(fixture.identity.refresh_tokens(&two.refresh_token).await.is_ok());
}

#[tokio::test]
async fn fifty_parallel_refreshes_leave_one_live_branch() {
    let fixture = Fixture::new().await;
    let login = login(&fixture).await;
    let other_process = fixture.another_process().await;
    let uses = (0..50).map(|number| {
        let identity = if number % 2 == 0 { fixture.identity.clone() } else { other_process.clone() };
        let token = login.refresh_token.clone();
        tokio::spawn(async move { identity.refresh_tokens(&token).await })
    });
    let mut tokens = Vec::new();
    for attempt in uses.collect::<Vec<_>>() {
        tokens.push(attempt.await.unwrap().unwrap());
    }
    assert!(tokens.iter().all(|one| one.refresh_token == tokens[0].refresh_token));
    let unused = "select count(*) from identity.refresh_tokens where used_at is null";
    let live: i64 = sqlx::query_scalar(unused).fetch_one(fixture.write.raw()).await.unwrap();
    assert_eq!((live, fixture.count("refresh_tokens").await), (1, 2));
    for one in &tokens {
        assert!(fixture.identity.authenticate(&one.access_token).await.is_ok());
    }
    assert!(fixture.identity.refresh_tokens(&tokens[0].refresh_token).await.is_ok(), "the session continues");
}

#[tokio::test]
async fn a_stolen_token_that_is_used_after_the_grace_ends_the_session() {
    let fixture = Fixture::new().await;
    let stolen = login(&fixture).await;
    let other = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let renewed = refresh(&fixture.identity, &stolen.refresh_token).await;
    fixture.advance(Duration::seconds(30));
    assert_eq!(code(fixture.identity.refresh_tokens(&stolen.refresh_token).await), "identity.refresh_reused");
    assert_eq!(code(fixture.identity.refresh_tokens(&renewed.refresh_token).await), "identity.refresh_invalid");
    assert_eq!(code(fixture.identity.authenticate(&renewed.access_token).await), "identity.token_revoked");
    assert!(fixture.identity.authenticate(&other.access_token).await.is_ok(), "other sessions continue");
}

#[tokio::test]
async fn a_token_older_than_the_predecessor_ends_the_session_also_within_the_grace() {
    let fixture = Fixture::new().await;
    let stolen = login(&fixture).await;
    let second = refresh(&fixture.identity, &stolen.refresh_token).await;
    let third = refresh(&fixture.identity, &second.refresh_token).await;
    assert_eq!(code(fixture.identity.refresh_tokens(&stolen.refresh_token).await), "identity.refresh_reused");
    assert_eq!(code(fixture.identity.refresh_tokens(&third.refresh_token).await), "identity.refresh_invalid");
    assert_eq!(code(fixture.identity.authenticate(&third.access_token).await), "identity.token_revoked");
}

#[tokio::test]
async fn a_thief_who_refreshes_first_is_found_when_the_person_refreshes() {
    let fixture = Fixture::new().await;
    let stolen = login(&fixture).await;
    let thief = refresh(&fixture.identity, &stolen.refresh_token).await;
    fixture.advance(Duration::minutes(10));
    assert_eq!(code(fixture.identity.refresh_tokens(&stolen.refresh_token).await), "identity.refresh_reused");
    assert_eq!(code(fixture.identity.authenticate(&thief.access_token).await), "identity.token_revoked");
}

#[tokio::test]
async fn a_token_that_a_process_of_an_earlier_version_has_rotated_has_no_grace() {
    let fixture = Fixture::new().await;
    let login = login(&fixture).await;
    let rotated = "update identity.refresh_tokens set used_at = $1";
    sqlx::query(rotated).bind(fixture.ambient.now()).execute(fixture.write.raw()).await.unwrap();
    assert_eq!(code(fixture.identity.refresh_tokens(&login.refresh_token).await), "identity.refresh_reused");
}
