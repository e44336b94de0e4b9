//! Login, tokens, refresh, logout, revocation.

use chrono::Duration;
use contracts::Role;
use identity::{Identity, PersonChange, Settings};
use kernel::shutdown::Shutdown;

use crate::company::{Company, PASSWORD, code};

#[tokio::test]
async fn a_login_gives_a_token_that_says_who_is_there() {
    let company = Company::new().await;
    let ada = company.add("Ada@Example.com", Role::Accountant).await;
    let tokens = company.identity.login(" ada@example.COM ", PASSWORD).await.unwrap();
    let caller = company.identity.authenticate(&tokens.access_token).await.unwrap();
    assert_eq!((caller.person_id, caller.role), (ada.id, Role::Accountant));
    assert_eq!(tokens.expires_in_s, 600);
    assert_eq!(tokens.refresh_expires_at, company.ambient.now() + Duration::days(30));
}

#[tokio::test]
async fn a_wrong_password_an_unknown_address_and_a_deactivated_person_get_one_answer() {
    let company = Company::new().await;
    let ada = company.add("ada@example.com", Role::Worker).await;
    company.identity.add_person(crate::company::new_person("new@example.com", Role::Worker), None).await.unwrap();
    let off = PersonChange { active: Some(false), ..PersonChange::default() };
    let mut answers = Vec::new();
    for (email, password) in [
        ("ada@example.com", "correct horse "),
        ("ada@example.com", ""),
        ("nobody@example.com", PASSWORD),
        ("not an address\u{0}", PASSWORD),
        ("new@example.com", PASSWORD),
    ] {
        answers.push(company.identity.login(email, password).await.unwrap_err());
    }
    company.identity.change_person(ada.id, off).await.unwrap();
    answers.push(company.identity.login("ada@example.com", PASSWORD).await.unwrap_err());
    for answer in answers {
        let problem = kernel::Problem::from(answer);
        assert_eq!(
            (problem.code(), problem.detail()),
            ("identity.wrong_credentials", "the e-mail address or the password is wrong")
        );
    }
    assert_eq!(company.count("sessions").await, 0);
}

#[tokio::test]
async fn an_access_token_expires_by_our_clock() {
    let company = Company::new().await;
    company.add("ada@example.com", Role::Worker).await;
    let tokens = company.identity.login("ada@example.com", PASSWORD).await.unwrap();
    company.advance(Duration::seconds(604));
    assert!(company.identity.authenticate(&tokens.access_token).await.is_ok());
    company.advance(Duration::seconds(1));
    assert_eq!(code(company.identity.authenticate(&tokens.access_token).await), "identity.token_expired");
    company.advance(-Duration::hours(1));
    assert_eq!(code(company.identity.authenticate(&tokens.access_token).await), "identity.token_invalid");
}

#[tokio::test]
async fn signing_keys_survive_a_crash_and_are_shared() {
    let company = Company::new().await;
    company.add("ada@example.com", Role::Worker).await;
    let tokens = company.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let (first, second) = tokio::join!(company.another_process(), company.another_process());
    for process in [&first, &second] {
        assert!(process.authenticate(&tokens.access_token).await.is_ok());
        assert_eq!(process.jwks(), company.identity.jwks());
    }
    company.identity.prepare().await.unwrap();
    assert_eq!(company.count("signing_keys").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_first_starts_at_once_make_one_key() {
    let company = Company::new().await;
    sqlx::query("delete from identity.signing_keys").execute(company.write.raw()).await.unwrap();
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let process = company.unprepared_process();
            tokio::spawn(async move { process.prepare().await.map(|()| process.jwks()) })
        })
        .collect();
    let mut seen = Vec::new();
    for start in starts {
        seen.push(start.await.unwrap().unwrap());
    }
    assert_eq!(company.count("signing_keys").await, 1);
    assert!(seen.iter().all(|jwks| *jwks == seen[0]));
}

#[tokio::test]
async fn a_process_that_only_checks_tokens_reads_keys_and_makes_none() {
    let company = Company::new().await;
    company.add("ada@example.com", Role::Worker).await;
    let tokens = company.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let checker = company.unprepared_process();
    checker.prepare_to_check().await.unwrap();
    assert!(checker.authenticate(&tokens.access_token).await.is_ok());
    let caller = company.identity.authenticate(&tokens.access_token).await.unwrap();
    company.identity.logout(caller).await.unwrap();
    checker.refresh_revocations().await.unwrap();
    assert_eq!(code(checker.authenticate(&tokens.access_token).await), "identity.token_revoked");

    sqlx::query("delete from identity.signing_keys").execute(company.write.raw()).await.unwrap();
    let early = company.unprepared_process();
    assert!(matches!(early.prepare_to_check().await, Err(identity::Error::NotReady)));
    assert_eq!(company.count("signing_keys").await, 0);
}

#[tokio::test]
async fn another_installation_s_token_is_refused() {
    let company = Company::new().await;
    company.add("ada@example.com", Role::Worker).await;
    let tokens = company.identity.login("ada@example.com", PASSWORD).await.unwrap();
    for settings in [
        Settings { issuer: "elsewhere".to_owned(), ..Settings::default() },
        Settings { audience: "elsewhere".to_owned(), ..Settings::default() },
    ] {
        let other = Identity::new(company.write.clone(), company.database.read_pool(), settings).unwrap();
        assert_eq!(code(other.authenticate(&tokens.access_token).await), "database_unavailable");
        other.prepare().await.unwrap();
        assert_eq!(code(other.authenticate(&tokens.access_token).await), "identity.token_invalid");
    }
    assert_eq!(code(company.identity.authenticate("").await), "identity.token_invalid");
}

#[tokio::test]
async fn a_refresh_token_is_used_up_by_its_use() {
    let company = Company::new().await;
    company.add("ada@example.com", Role::Worker).await;
    let login = company.identity.login("ada@example.com", PASSWORD).await.unwrap();
    company.advance(Duration::days(29));
    let first = company.identity.refresh(&login.refresh_token).await.unwrap();
    company.advance(Duration::days(29));
    let second = company.identity.refresh(&first.refresh_token).await.unwrap();
    assert!(company.identity.authenticate(&second.access_token).await.is_ok());
    company.advance(Duration::days(30));
    assert_eq!(code(company.identity.refresh(&second.refresh_token).await), "identity.refresh_invalid", "expired");
    assert_eq!(code(company.identity.refresh("made up").await), "identity.refresh_invalid");
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_the_session() {
    let company = Company::new().await;
    company.add("ada@example.com", Role::Worker).await;
    let login = company.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let elsewhere = company.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let renewed = company.identity.refresh(&login.refresh_token).await.unwrap();
    assert_eq!(code(company.identity.refresh(&login.refresh_token).await), "identity.refresh_reused");
    assert_eq!(code(company.identity.refresh(&renewed.refresh_token).await), "identity.refresh_invalid");
    assert_eq!(code(company.identity.authenticate(&renewed.access_token).await), "identity.token_revoked");
    assert!(company.identity.authenticate(&elsewhere.access_token).await.is_ok(), "other sessions go on");
}

#[tokio::test]
async fn of_many_uses_of_a_refresh_token_at_once_one_wins_and_the_session_ends() {
    let company = Company::new().await;
    company.add("ada@example.com", Role::Worker).await;
    let login = company.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let uses = (0..8).map(|_| {
        let (identity, token) = (company.identity.clone(), login.refresh_token.clone());
        tokio::spawn(async move { identity.refresh(&token).await })
    });
    let mut won = Vec::new();
    for one in uses.collect::<Vec<_>>() {
        won.extend(one.await.unwrap().ok());
    }
    assert_eq!(won.len(), 1);
    assert_eq!(code(company.identity.authenticate(&won[0].access_token).await), "identity.token_revoked");
}

#[tokio::test]
async fn a_logout_refuses_the_access_token_here_at_once_and_elsewhere_by_the_poll() {
    let company = Company::new().await;
    company.add("ada@example.com", Role::Worker).await;
    let elsewhere = company.another_process().await;
    let tokens = company.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let caller = elsewhere.authenticate(&tokens.access_token).await.unwrap();
    company.identity.logout(caller).await.unwrap();
    assert_eq!(code(company.identity.authenticate(&tokens.access_token).await), "identity.token_revoked");
    assert_eq!(code(company.identity.refresh(&tokens.refresh_token).await), "identity.refresh_invalid");
    assert!(elsewhere.authenticate(&tokens.access_token).await.is_ok());
    elsewhere.refresh_revocations().await.unwrap();
    assert_eq!(code(elsewhere.authenticate(&tokens.access_token).await), "identity.token_revoked");
    let restarted = company.another_process().await;
    assert_eq!(code(restarted.authenticate(&tokens.access_token).await), "identity.token_revoked");
    company.identity.logout(caller).await.unwrap();
}

#[tokio::test]
async fn a_new_role_refuses_the_old_token_and_a_refresh_gives_the_new_role() {
    let company = Company::new().await;
    let ada = company.add("ada@example.com", Role::Worker).await;
    let elsewhere = company.another_process().await;
    let tokens = company.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let manager = PersonChange { role: Some(Role::Manager), ..PersonChange::default() };
    company.identity.change_person(ada.id, manager).await.unwrap();
    assert_eq!(code(company.identity.authenticate(&tokens.access_token).await), "identity.token_revoked");
    elsewhere.refresh_revocations().await.unwrap();
    assert_eq!(code(elsewhere.authenticate(&tokens.access_token).await), "identity.token_revoked");
    let renewed = company.identity.refresh(&tokens.refresh_token).await.unwrap();
    for process in [&company.identity, &elsewhere] {
        assert_eq!(process.authenticate(&renewed.access_token).await.unwrap().role, Role::Manager);
    }
}

#[tokio::test]
async fn a_new_name_leaves_the_token_good() {
    let company = Company::new().await;
    let ada = company.add("ada@example.com", Role::Worker).await;
    let tokens = company.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let renamed = PersonChange { name: Some("Ada L.".to_owned()), ..PersonChange::default() };
    company.identity.change_person(ada.id, renamed).await.unwrap();
    assert!(company.identity.authenticate(&tokens.access_token).await.is_ok());
}

#[tokio::test]
async fn a_deactivated_person_is_logged_out_for_good() {
    let company = Company::new().await;
    let ada = company.add("ada@example.com", Role::Worker).await;
    let tokens = company.identity.login("ada@example.com", PASSWORD).await.unwrap();
    for active in [false, true] {
        let change = PersonChange { active: Some(active), ..PersonChange::default() };
        company.identity.change_person(ada.id, change).await.unwrap();
        assert_eq!(code(company.identity.authenticate(&tokens.access_token).await), "identity.token_revoked");
        assert_eq!(code(company.identity.refresh(&tokens.refresh_token).await), "identity.refresh_invalid");
    }
    assert!(company.identity.login("ada@example.com", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn revocations_are_polled_until_the_shutdown() {
    let company = Company::new().await;
    company.add("ada@example.com", Role::Worker).await;
    let elsewhere = company.another_process().await;
    let shutdown = Shutdown::default();
    let polling = tokio::spawn(elsewhere.clone().run_revocations(shutdown.signal()));
    let tokens = company.identity.login("ada@example.com", PASSWORD).await.unwrap();
    let caller = company.identity.authenticate(&tokens.access_token).await.unwrap();
    company.identity.logout(caller).await.unwrap();
    harness::eventually("the logout is felt elsewhere", async || {
        elsewhere.authenticate(&tokens.access_token).await.err()
    })
    .await;
    shutdown.trigger();
    tokio::time::timeout(std::time::Duration::from_secs(5), polling).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_has_expired_is_forgotten() {
    let company = Company::new().await;
    company.add("ada@example.com", Role::Worker).await;
    let login = company.identity.login("ada@example.com", PASSWORD).await.unwrap();
    company.advance(Duration::days(20));
    let renewed = company.identity.refresh(&login.refresh_token).await.unwrap();
    let job = company.identity.module().jobs.pop().unwrap();
    company.advance(Duration::days(11));
    assert_eq!((job.run)().await.unwrap(), kernel::jobs::Outcome::Idle);
    assert_eq!((company.count("sessions").await, company.count("refresh_tokens").await), (1, 1));
    assert!(company.identity.refresh(&renewed.refresh_token).await.is_ok());
    company.advance(Duration::days(31));
    (job.run)().await.unwrap();
    assert_eq!((company.count("sessions").await, company.count("refresh_tokens").await), (0, 0));
}
