//! Revocations of access tokens, in the process that makes them and in others.

use contracts::Role;
use identity::PersonUpdate;
use kernel::runtime::shutdown::Shutdown;

use crate::fixture::{Fixture, PASSWORD, code};

#[tokio::test]
async fn a_logout_revokes_the_access_token_at_once_and_in_other_processes_after_a_refresh() {
    let fixture = Fixture::new().await;
    fixture.create_person("ada@example.com", Role::Worker).await;
    let other = fixture.another_process().await;
    let tokens = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let caller = other.authenticate(&tokens.access_token).await.unwrap();
    fixture.identity.logout(caller).await.unwrap();
    assert_eq!(code(fixture.identity.authenticate(&tokens.access_token).await), "identity.token_revoked");
    assert_eq!(code(fixture.identity.refresh_tokens(&tokens.refresh_token).await), "identity.refresh_invalid");
    assert!(other.authenticate(&tokens.access_token).await.is_ok());
    other.refresh_revocations().await.unwrap();
    assert_eq!(code(other.authenticate(&tokens.access_token).await), "identity.token_revoked");
    let restarted = fixture.another_process().await;
    assert_eq!(code(restarted.authenticate(&tokens.access_token).await), "identity.token_revoked");
    fixture.identity.logout(caller).await.unwrap();
}

#[tokio::test]
async fn a_new_role_revokes_the_access_token_and_a_refresh_gives_one_with_the_new_role() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let other = fixture.another_process().await;
    let tokens = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let manager = PersonUpdate { role: Some(Role::Manager), ..PersonUpdate::default() };
    fixture.identity.update_person(ada.id, manager).await.unwrap();
    assert_eq!(code(fixture.identity.authenticate(&tokens.access_token).await), "identity.token_revoked");
    other.refresh_revocations().await.unwrap();
    assert_eq!(code(other.authenticate(&tokens.access_token).await), "identity.token_revoked");
    let renewed = fixture.identity.refresh_tokens(&tokens.refresh_token).await.unwrap();
    for process in [&fixture.identity, &other] {
        assert_eq!(process.authenticate(&renewed.access_token).await.unwrap().role, Role::Manager);
    }
}

#[tokio::test]
async fn a_new_name_does_not_revoke_the_access_token() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let tokens = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let renamed = PersonUpdate { name: Some("Ada L.".to_owned()), ..PersonUpdate::default() };
    fixture.identity.update_person(ada.id, renamed).await.unwrap();
    assert!(fixture.identity.authenticate(&tokens.access_token).await.is_ok());
}

#[tokio::test]
async fn a_deactivated_person_stays_logged_out_after_a_reactivation() {
    let fixture = Fixture::new().await;
    let ada = fixture.create_person("ada@example.com", Role::Worker).await;
    let tokens = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    for active in [false, true] {
        let update = PersonUpdate { active: Some(active), ..PersonUpdate::default() };
        fixture.identity.update_person(ada.id, update).await.unwrap();
        assert_eq!(code(fixture.identity.authenticate(&tokens.access_token).await), "identity.token_revoked");
        assert_eq!(code(fixture.identity.refresh_tokens(&tokens.refresh_token).await), "identity.refresh_invalid");
    }
    assert!(fixture.identity.login("ada@example.com", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn revocations_are_polled_until_the_shutdown() {
    let fixture = Fixture::new().await;
    fixture.create_person("ada@example.com", Role::Worker).await;
    let other = fixture.another_process().await;
    let shutdown = Shutdown::default();
    let polling = tokio::spawn(other.clone().run_revocations(shutdown.signal()));
    let tokens = fixture.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let caller = fixture.identity.authenticate(&tokens.access_token).await.unwrap();
    fixture.identity.logout(caller).await.unwrap();
    harness::eventually("the logout reaches the other process", async || {
        other.authenticate(&tokens.access_token).await.err()
    })
    .await;
    shutdown.trigger();
    tokio::time::timeout(std::time::Duration::from_secs(5), polling).await.unwrap().unwrap();
}
