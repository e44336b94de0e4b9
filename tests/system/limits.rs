//! Limits: failed logins, commands, created tasks, unfinished runs and event streams. The client's
//! address is the one that a trusted proxy reports.

use chrono::Duration;
use contracts::Role;
use harness::{
    Answer, Api, Company, MORNING, PASSWORD, Person, System, TestApp, TestEnvironment, at, eventually, send,
};
use kernel::Ambient;
use piecework::config::{Config, Limits};
use piecework::{Application, Options};
use reqwest::Method;
use serde_json::json;

/// The address from which people have logged in before.
const HOME: &str = "127.0.0.1";

/// A company behind a trusted proxy on this machine, with these limits.
async fn company(change: impl Fn(&mut Limits)) -> Company {
    let environment = TestEnvironment::new().await;
    let app = environment.start_with(MORNING, |config| configure(config, &change)).await;
    Company::hire(app).await
}

fn configure(config: &mut Config, change: impl Fn(&mut Limits)) {
    config.http.trusted_proxies = vec!["127.0.0.1".to_owned(), "::1".to_owned()];
    change(&mut config.limits);
}

/// A second process on the same databases and the same clock.
async fn second_process(company: &Company, change: impl Fn(&mut Limits)) -> (Application, Api) {
    let mut config = company.system.environment.config();
    configure(&mut config, change);
    let ambient: Ambient = company.system.ambient.clone();
    let application = Application::build(&config, Options::serve(), ambient).await.unwrap();
    eventually("the databases are open", async || application.status.waiting_for().is_empty().then_some(())).await;
    let api = Api::anonymous(format!("http://{}", application.address().unwrap()));
    (application, api)
}

/// A login by a client at this address.
async fn login(api: &Api, address: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    send(api.request(Method::POST, "/auth/login").header("x-forwarded-for", address).json(&body)).await
}

fn expect_limited(answer: Answer, policy: &str, limit: &str, retry_after: &str) {
    let answer = answer.expect_problem(429, "rate_limited");
    assert_eq!(answer.header("ratelimit-policy"), Some(policy), "{answer:?}");
    assert_eq!(answer.header("ratelimit"), Some(limit), "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some(retry_after), "{answer:?}");
}

#[tokio::test]
async fn wrong_passwords_from_one_address_are_refused_before_they_are_checked() {
    let company = company(|limits| limits.failed_logins_per_address_per_minute = 3).await;
    let (api, email) = (&company.system.api, &company.worker.email);
    for remaining in [2, 1, 0] {
        let wrong = login(api, "203.0.113.7", email, "wrong").await;
        assert_eq!(wrong.header("ratelimit-policy"), Some("\"failed_logins_per_address\";q=3;w=60"));
        let limit = format!("\"failed_logins_per_address\";r={remaining};t={}", (3 - remaining) * 20);
        assert_eq!(wrong.header("ratelimit"), Some(limit.as_str()));
        wrong.expect_problem(401, "identity.wrong_credentials");
    }
    // The right password is not checked either, and neither is that of another person.
    for email in [email, &company.admin.email, "nobody@example.org"] {
        let refused = login(api, "203.0.113.7", email, PASSWORD).await;
        let policy = "\"failed_logins_per_address\";q=3;w=60";
        expect_limited(refused, policy, "\"failed_logins_per_address\";r=0;t=60", "20");
    }
    login(api, "203.0.113.8", email, PASSWORD).await.expect_status(200);
    company.system.ambient.advance(Duration::seconds(20));
    login(api, "203.0.113.7", email, "wrong").await.expect_problem(401, "identity.wrong_credentials");
    login(api, "203.0.113.7", email, PASSWORD).await.expect_problem(429, "rate_limited");
    company.finish().await;
}

#[tokio::test]
async fn logins_on_a_clock_that_was_ahead_keep_nobody_out_on_the_true_clock() {
    let company = company(|limits| limits.failed_logins_per_address_per_minute = 3).await;
    let (api, email, ambient) = (&company.system.api, &company.worker.email, &company.system.ambient);
    let true_time = ambient.now();
    ambient.advance(Duration::days(300));
    for _ in 0..3 {
        login(api, "203.0.113.7", email, "wrong").await.expect_status(401);
    }
    ambient.set(true_time);
    login(api, "203.0.113.7", email, "wrong").await.expect_problem(401, "identity.wrong_credentials");
    let refused = login(api, "203.0.113.7", email, PASSWORD).await;
    let policy = "\"failed_logins_per_address\";q=3;w=60";
    expect_limited(refused, policy, "\"failed_logins_per_address\";r=0;t=60", "20");
    ambient.advance(Duration::seconds(20));
    login(api, "203.0.113.7", email, PASSWORD).await.expect_status(200);
    company.finish().await;
}

#[tokio::test]
async fn a_successful_login_takes_nothing_from_the_limit() {
    let company = company(|limits| {
        limits.failed_logins_per_address_per_minute = 2;
        limits.failed_logins_per_account_per_hour = 2;
    })
    .await;
    for number in 0..6 {
        let address = format!("203.0.113.{number}");
        login(&company.system.api, "203.0.113.7", &company.worker.email, PASSWORD).await.expect_status(200);
        login(&company.system.api, &address, &company.worker.email, PASSWORD).await.expect_status(200);
    }
    company.finish().await;
}

#[tokio::test]
async fn clients_of_one_ipv6_network_share_a_limit() {
    let company = company(|limits| limits.failed_logins_per_address_per_minute = 2).await;
    let (api, email) = (&company.system.api, &company.worker.email);
    for address in ["2001:db8:0:1::1", "[2001:db8:0:1:ffff::2]:4711"] {
        login(api, address, email, "wrong").await.expect_status(401);
    }
    login(api, "2001:db8:0:1:2:3:4:5", email, "wrong").await.expect_status(429);
    login(api, "2001:db8:0:2::1", email, "wrong").await.expect_status(401);
    for _ in 0..2 {
        login(api, "::ffff:203.0.113.7", email, "wrong").await.expect_status(401);
    }
    login(api, "203.0.113.7", email, "wrong").await.expect_status(429);
    company.finish().await;
}

#[tokio::test]
async fn an_attack_on_an_account_from_many_addresses_does_not_keep_its_owner_out() {
    let company = company(|limits| limits.failed_logins_per_account_per_hour = 4).await;
    let api = &company.system.api;
    // An address that no person has is limited in the same way.
    for email in [company.worker.email.as_str(), "nobody@example.org"] {
        for number in 0..4 {
            login(api, &format!("203.0.113.{number}"), email, "wrong").await.expect_status(401);
        }
        let refused = login(api, "198.51.100.1", email, PASSWORD).await;
        let policy = "\"failed_logins_per_account\";q=4;w=3600";
        expect_limited(refused, policy, "\"failed_logins_per_account\";r=0;t=3600", "900");
    }
    login(api, HOME, &company.worker.email, PASSWORD).await.expect_status(200);
    login(api, HOME, &company.worker.email, "wrong").await.expect_status(401);

    // A one-time link makes another address familiar.
    let path = format!("/people/{}/set-password-links", company.worker.id);
    let link = company.admin.api.post_nothing(&path).await.expect_status(201).json;
    let body = json!({ "token": link["set_password_token"], "password": "another good password" });
    let request = api.request(Method::POST, "/auth/set-password").header("x-forwarded-for", "198.51.100.2").json(&body);
    send(request).await.expect_status(200);
    login(api, "198.51.100.2", &company.worker.email, "another good password").await.expect_status(200);
    login(api, "198.51.100.3", &company.worker.email, "another good password").await.expect_status(429);

    // Familiarity ends after three months without a login.
    company.system.ambient.advance(Duration::days(91));
    for number in 0..4 {
        login(api, &format!("203.0.113.{number}"), &company.worker.email, "wrong").await.expect_status(401);
    }
    login(api, HOME, &company.worker.email, "another good password").await.expect_status(429);
    company.finish().await;
}

#[tokio::test]
async fn two_processes_share_the_limits_of_logins_and_of_unfinished_runs() {
    let limit = |limits: &mut Limits| {
        limits.failed_logins_per_address_per_minute = 4;
        limits.unfinished_reassigns_per_person = 1;
    };
    let company = company(limit).await;
    let (other, other_api) = second_process(&company, limit).await;
    for api in [&company.system.api, &other_api, &company.system.api, &other_api] {
        login(api, "203.0.113.7", &company.worker.email, "wrong").await.expect_status(401);
    }
    for api in [&company.system.api, &other_api] {
        login(api, "203.0.113.7", &company.worker.email, PASSWORD).await.expect_problem(429, "rate_limited");
    }

    let run = blocked_run(&company).await;
    let manager = company.manager.api.moved_to(&other_api);
    for api in [&company.manager.api, &manager] {
        let policy = "\"unfinished_reassigns\";q=1;qu=\"concurrent-requests\"";
        expect_limited(api.post_nothing("/reassignments").await, policy, "\"unfinished_reassigns\";r=0", "5");
    }
    company.admin.api.post_nothing("/reassignments").await.expect_status(202);
    unblock(&company, &run).await;
    company.manager.api.post_nothing("/reassignments").await.expect_status(202);
    company.system.finish_runs(&company.manager).await;
    other.stop().await;
    company.finish().await;
}

/// A run that the manager has requested and that cannot be finished, because nobody is assignable.
async fn blocked_run(company: &Company) -> String {
    company.create("Fix the door").await;
    set_active(company, false).await;
    let run = company.manager.api.post_nothing("/reassignments").await.expect_status(202);
    assert_eq!(run.header("ratelimit"), Some("\"unfinished_reassigns\";r=0"), "{run:?}");
    run.id()
}

/// Lets the run finish.
async fn unblock(company: &Company, run: &str) {
    set_active(company, true).await;
    eventually("the run is completed", async || {
        let run = company.manager.api.read(&format!("/reassignments/{run}")).await;
        (run["status"] == "completed").then_some(())
    })
    .await;
}

async fn set_active(company: &Company, active: bool) {
    for person in [&company.worker, &company.accountant] {
        let path = format!("/people/{}", person.id);
        company.admin.api.patch(&path, &json!({ "active": active })).await.expect_status(200);
    }
    company.system.settle().await;
}

#[tokio::test]
async fn a_person_creates_a_limited_number_of_tasks_in_a_minute() {
    let company = company(|limits| limits.created_tasks_per_person_per_minute = 3).await;
    let body = json!({ "title": "Fix the door" });
    for remaining in [2, 1, 0] {
        let created = company.worker.api.post("/tasks", &body).await.expect_status(201);
        assert_eq!(created.header("ratelimit-policy"), Some("\"created_tasks\";q=3;w=60"));
        let limit = format!("\"created_tasks\";r={remaining};t={}", (3 - remaining) * 20);
        assert_eq!(created.header("ratelimit"), Some(limit.as_str()));
    }
    let refused = company.worker.api.post("/tasks", &body).await;
    expect_limited(refused, "\"created_tasks\";q=3;w=60", "\"created_tasks\";r=0;t=60", "20");
    // Other commands, reads and other people are not limited by it.
    company.worker.api.get("/tasks").await.expect_status(200);
    company.manager.api.post("/tasks", &body).await.expect_status(201);
    company.system.ambient.advance(Duration::seconds(20));
    company.worker.api.post("/tasks", &body).await.expect_status(201);
    company.worker.api.post("/tasks", &body).await.expect_problem(429, "rate_limited");
    company.finish().await;
}

#[tokio::test]
async fn a_batch_counts_each_task_that_it_creates_and_its_repetition_counts_none() {
    let company = company(|limits| limits.created_tasks_per_person_per_minute = 3).await;
    let worker = &company.worker.api;
    let batch = |count: usize| json!({ "tasks": vec![json!({ "title": "Fix the door" }); count] });
    worker.post("/tasks/batch", &batch(2)).await.expect_status(201);
    let refused = worker.post("/tasks/batch", &batch(2)).await;
    expect_limited(refused, "\"created_tasks\";q=3;w=60", "\"created_tasks\";r=1;t=40", "20");
    assert_eq!(worker.read_all("/tasks", 200).await.len(), 2);
    // More tasks than the limit need a full bucket and leave a debt.
    company.system.ambient.advance(Duration::seconds(40));
    let created = worker.post_keyed("key", "/tasks/batch", &batch(6)).await.expect_status(201);
    assert_eq!(created.header("ratelimit"), Some("\"created_tasks\";r=0;t=120"));
    worker.post_keyed("key", "/tasks/batch", &batch(6)).await.expect_status(201);
    worker.post("/tasks", &json!({ "title": "Fix the door" })).await.expect_problem(429, "rate_limited");
    company.system.ambient.advance(Duration::seconds(80));
    worker.post("/tasks", &json!({ "title": "Fix the door" })).await.expect_status(201);
    assert_eq!(worker.read_all("/tasks", 200).await.len(), 9);
    company.finish().await;
}

#[tokio::test]
async fn a_person_sends_a_limited_number_of_commands_in_a_minute_and_any_number_of_reads() {
    let company = company(|limits| limits.commands_per_person_per_minute = 6).await;
    company.system.ambient.advance(Duration::minutes(1));
    let path = "/tasks/00000000-0000-7000-8000-000000000000/complete";
    for _ in 0..6 {
        company.worker.api.post_nothing(path).await.expect_status(404);
    }
    let refused = company.worker.api.post_nothing(path).await;
    expect_limited(refused, "\"commands\";q=6;w=60", "\"commands\";r=0;t=60", "10");
    for _ in 0..20 {
        let read = company.worker.api.get("/tasks").await.expect_status(200);
        assert_eq!(read.header("ratelimit"), None);
    }
    company.accountant.api.post_nothing(path).await.expect_status(404);
    company.finish().await;
}

#[tokio::test]
async fn a_person_has_a_limited_number_of_event_streams_open() {
    let company = company(|limits| limits.event_streams_per_person = 2).await;
    let run = blocked_run_without_limit(&company).await;
    let path = format!("/reassignments/{run}/events");
    let open = async |person: &Person| person.api.request(Method::GET, &path).send().await.unwrap();
    let first = open(&company.manager).await;
    let second = open(&company.manager).await;
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (200, 200));
    assert_eq!(second.headers()["ratelimit"], "\"event_streams\";r=0");
    let refused = company.manager.api.get(&path).await;
    expect_limited(refused, "\"event_streams\";q=2;qu=\"concurrent-requests\"", "\"event_streams\";r=0", "5");
    assert_eq!(open(&company.admin).await.status(), 200, "another person has streams of their own");
    drop((first, second));
    // The program notices that a client is gone when it sends the next event.
    set_active(&company, true).await;
    let reopened = async || (open(&company.manager).await.status() == 200).then_some(());
    eventually("a stream that has ended frees its place", reopened).await;
    company.system.finish_runs(&company.manager).await;
    company.finish().await;
}

async fn blocked_run_without_limit(company: &Company) -> String {
    company.create("Fix the door").await;
    set_active(company, false).await;
    company.manager.api.post_nothing("/reassignments").await.expect_status(202).id()
}

#[tokio::test]
async fn the_defaults_let_a_company_work() {
    let environment = TestEnvironment::new().await;
    let settings = piecework::config::load_from(&[].into(), &[]).unwrap().config;
    let app: TestApp = environment.start_with(MORNING, |config| config.limits = settings.limits).await;
    let company = Company::hire(app).await;
    for role in Role::ALL {
        let person = company.system.log_in_again(company.of(role)).await;
        for number in 0..10 {
            person.api.create_task(&format!("Task {number}")).await;
        }
    }
    company.manager.api.post_nothing("/reassignments").await.expect_status(202);
    company.system.finish_runs(&company.manager).await;
    company.manager.api.post_nothing("/reassignments").await.expect_status(202);
    company.system.finish_runs(&company.manager).await;
    assert!(company.system.ambient.now() >= at(MORNING));
    company.finish().await;
}

/// A change of the password by a client at this address.
async fn change_password(api: &Api, address: &str, current: &str, new: &str) -> Answer {
    let body = json!({ "current_password": current, "new_password": new });
    send(api.request(Method::POST, "/me/password").header("x-forwarded-for", address).json(&body)).await
}

#[tokio::test]
async fn wrong_current_passwords_count_like_failed_logins_from_their_address() {
    let company = company(|limits| limits.failed_logins_per_address_per_minute = 3).await;
    let worker = &company.worker.api;
    // The right one takes nothing, also if the new one is refused.
    for _ in 0..4 {
        let refused = change_password(worker, "203.0.113.7", PASSWORD, "12345678").await;
        refused.expect_problem(422, "invalid_request");
    }
    change_password(worker, "203.0.113.7", PASSWORD, "another good password").await.expect_status(204);
    for _ in 0..2 {
        let wrong = change_password(worker, "203.0.113.7", "wrong", "a third password").await;
        wrong.expect_problem(422, "identity.wrong_password");
    }
    login(&company.system.api, "203.0.113.7", &company.worker.email, "wrong").await.expect_status(401);
    let refused = change_password(worker, "203.0.113.7", "another good password", "a third password").await;
    let policy = "\"failed_logins_per_address\";q=3;w=60";
    expect_limited(refused, policy, "\"failed_logins_per_address\";r=0;t=60", "20");
    change_password(worker, HOME, "another good password", "a third password").await.expect_status(204);
    company.finish().await;
}

#[tokio::test]
async fn wrong_current_passwords_of_a_person_are_limited_from_every_address_and_keep_nobody_from_logging_in() {
    let company = company(|limits| limits.failed_logins_per_account_per_hour = 3).await;
    let worker = &company.worker.api;
    for address in [HOME, "203.0.113.1", "203.0.113.2"] {
        let wrong = change_password(worker, address, "wrong", "another good password").await;
        wrong.expect_problem(422, "identity.wrong_password");
    }
    let refused = change_password(worker, HOME, PASSWORD, "another good password").await;
    let policy = "\"failed_logins_per_account\";q=3;w=3600";
    expect_limited(refused, policy, "\"failed_logins_per_account\";r=0;t=3600", "1200");
    login(&company.system.api, "198.51.100.1", &company.worker.email, PASSWORD).await.expect_status(200);
    let manager = change_password(&company.manager.api, HOME, PASSWORD, "another good password").await;
    manager.expect_status(204);
    company.system.ambient.advance(Duration::minutes(20));
    change_password(worker, HOME, PASSWORD, "another good password").await.expect_status(204);
    company.finish().await;
}

#[tokio::test]
async fn requests_for_a_mail_with_a_link_are_limited_by_their_address() {
    let company = company(|limits| limits.password_resets_per_address_per_hour = 3).await;
    let reset = async |address: &str, email: &str| {
        let request = company.system.api.request(Method::POST, "/auth/password-reset");
        send(request.header("x-forwarded-for", address).json(&json!({ "email": email }))).await
    };
    for email in [&company.worker.email, "unknown@example.org", &company.worker.email] {
        reset("203.0.113.7", "no address").await.expect_problem(422, "invalid_request");
        reset("203.0.113.7", email).await.expect_status(202);
    }
    let policy = "\"password_resets_per_address\";q=3;w=3600";
    for email in [&company.worker.email, "unknown@example.org"] {
        let refused = reset("203.0.113.7", email).await;
        expect_limited(refused, policy, "\"password_resets_per_address\";r=0;t=3600", "1200");
    }
    // Logins have a limit of their own.
    login(&company.system.api, "203.0.113.7", &company.worker.email, PASSWORD).await.expect_status(200);
    reset("203.0.113.8", &company.worker.email).await.expect_status(202);
    company.system.ambient.advance(Duration::minutes(20));
    reset("203.0.113.7", &company.worker.email).await.expect_status(202);
    company.finish().await;
}
