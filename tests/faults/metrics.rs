//! `/metrics`, and the log during an outage.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;

use harness::{Proxy, Server, eventually, send};
use reqwest::Method;
use serde_json::json;
use sqlx::Executor;

use crate::data_directory::DataDirectory;

/// The address of the metrics for a process of these tests.
const OWN_ADDRESS: (&str, &str) = ("PIECEWORK__TELEMETRY__METRICS_LISTEN", "127.0.0.1:0");

/// The text at a URL, with its status.
async fn get(url: &str) -> (u16, String) {
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The values by their names with labels.
fn values(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let parsed = lines.map(|line| line.rsplit_once(' ').unwrap());
    parsed.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
}

async fn metrics(server: &Server) -> BTreeMap<String, f64> {
    let (status, text) = get(server.greeting["metrics"].as_str().unwrap()).await;
    assert_eq!(status, 200);
    values(&text)
}

/// The names that the comments of this kind are about.
fn names<'a>(text: &'a str, comment: &str) -> BTreeSet<&'a str> {
    text.lines().filter_map(|line| line.strip_prefix(comment)?.split(' ').next()).collect()
}

#[tokio::test]
async fn metrics_have_an_address_of_their_own_and_each_is_explained() {
    let data = DataDirectory::new();
    let mut server = data.serve_with(&[OWN_ADDRESS]).await;
    server.first_admin().await;
    let url = server.greeting["metrics"].as_str().unwrap().to_owned();
    assert!(url.ends_with("/metrics"), "{url}");
    let (status, text) = eventually("the state of the modules was read", async || {
        let found = get(&url).await;
        found.1.contains("piecework_state_read_timestamp_seconds ").then_some(found)
    })
    .await;
    assert_eq!(status, 200);
    assert_eq!(names(&text, "# TYPE "), names(&text, "# HELP "), "a metric has no text: {text}");
    let found = values(&text);
    for (name, expected) in [
        (concat!("piecework_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1.0),
        ("piecework_primary_up{database=\"tracker\"}", 1.0),
        ("piecework_primary_up{database=\"accounting\"}", 1.0),
        ("piecework_outbox_oldest_seconds{module=\"tasks\"}", 0.0),
        ("piecework_inbox_oldest_seconds{module=\"accounting\"}", 0.0),
        ("piecework_mail_oldest_seconds", 0.0),
        ("piecework_close_overdue_seconds", 0.0),
        ("piecework_password_hashing_waiting", 0.0),
        ("piecework_pool_connections_max{database=\"tracker\",module=\"tasks\",pool=\"write\"}", 10.0),
        ("piecework_pool_waiting{database=\"accounting\",module=\"email\",pool=\"read\"}", 0.0),
        ("piecework_pool_connections_max{database=\"tracker\",module=\"jobs\",pool=\"jobs\"}", 5.0),
    ] {
        assert_eq!(found.get(name), Some(&expected), "{name}: {text}");
    }
    let (now, end) = ("piecework_state_read_timestamp_seconds", "piecework_open_day_end_timestamp_seconds");
    assert!(found[end] > found[now] && found[end] <= found[now] + 86_400.0, "{text}");
    for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds"] {
        assert!(found[name] > 0.0, "{name}: {text}");
    }
    assert!(found["process_start_time_seconds"] <= found[now], "{text}");

    // There is nothing else, and the metrics are nowhere else.
    let (status, _) = get(&url.replace("/metrics", "/readyz")).await;
    assert_eq!(status, 404);
    send(server.api.request_outside(Method::GET, "/metrics")).await.expect_problem(404, "no_such_route");
    assert_eq!(reqwest::Client::new().post(&url).send().await.unwrap().status(), 405);
    server.stop().await;
    assert!(reqwest::get(&url).await.is_err(), "the address is free after a stop");
}

/// What the server answers to these bytes, until it closes the connection.
fn answer_to(address: &str, sent: &[u8]) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(sent).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn the_address_of_the_metrics_answers_head_and_errors_as_the_api_does() {
    let data = DataDirectory::new();
    let server = data.serve_with(&[OWN_ADDRESS, ("PIECEWORK__HTTP__CLIENT_TIMEOUT_MS", "500")]).await;
    let url = server.greeting["metrics"].as_str().unwrap().to_owned();
    let head = reqwest::Client::new().head(&url).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert!(head.headers()["content-length"].to_str().unwrap().parse::<u64>().unwrap() > 1_000);
    assert_eq!(head.text().await.unwrap(), "");
    let options = reqwest::Client::new().request(Method::OPTIONS, &url).send().await.unwrap();
    assert_eq!((options.status().as_u16(), options.headers()["allow"].to_str().unwrap()), (204, "GET, HEAD, OPTIONS"));

    let address = url.trim_start_matches("http://").trim_end_matches("/metrics").to_owned();
    for (sent, status, code) in [
        ("GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404, "no_such_route"),
        ("POST /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405, "method_not_allowed"),
        ("GARBAGE\r\n\r\n", 400, "malformed_request"),
        // The head never ends.
        ("GET /metrics HTTP/1.1\r\n", 408, "request_timeout"),
    ] {
        let address = address.clone();
        let answer = tokio::task::spawn_blocking(move || answer_to(&address, sent.as_bytes())).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        for part in [
            "content-type: application/problem+json",
            "x-content-type-options: nosniff",
            "x-request-id: ",
            &format!("\"code\":\"{code}\""),
        ] {
            assert!(answer.contains(part), "{part} is missing: {answer}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn an_address_of_the_metrics_that_is_taken_is_named() {
    let data = DataDirectory::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = harness::piecework(&data.path(), &["serve"]).env(OWN_ADDRESS.0, &address);
    let errors = run.finish().await.failed(1);
    assert!(errors.contains(&format!("cannot listen on {address}")), "{errors}");
}

#[tokio::test]
async fn an_outage_is_measured_and_logged_once_and_so_is_what_waits() {
    let data = DataDirectory::new();
    let (tracker, accounting) = tokio::join!(harness::tracker(), harness::accounting());
    let mut proxy = Proxy::to(accounting.options().get_port()).await;
    let settings = [
        OWN_ADDRESS,
        ("PIECEWORK__DATABASES__TRACKER__WRITE_URL", &*tracker.url()),
        ("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", &*proxy.instead_of(&accounting.url())),
    ];
    let mut server = data.serve_with(&settings).await;
    let ada = server.first_admin().await.api;
    let wim = json!({ "email": "wim@example.org", "name": "Wim", "role": "worker" });
    ada.post("/people", &wim).await.expect_status(201);
    eventually("the pool has a person", async || {
        ada.post("/tasks", &json!({ "title": "Before" })).await.json.get("id").cloned()
    })
    .await;
    // A mail that waits for an hour, and a day that is long over. No job closes 300 days.
    let mut database = accounting.connect().await;
    database
        .execute(
            "insert into email.mails
                 (id, kind, person_id, business_day, event_id, data, message_id, state, next_attempt_at, created_at)
             values (gen_random_uuid(), 'payout_statement', gen_random_uuid(), current_date, gen_random_uuid(), '{}',
                 '<a@example.org>', 'queued', now() + interval '5 minutes', now() - interval '1 hour');
             update accounting.days set business_day = business_day - 300 where closed_at is null",
        )
        .await
        .unwrap();
    let day = 86_400.0;
    eventually("what waits is measured", async || {
        let found = metrics(&server).await;
        let is_measured = found.get("piecework_mail_oldest_seconds").is_some_and(|age| *age >= 3_600.0)
            && found["piecework_mails_waiting{state=\"queued\"}"] >= 1.0
            && found["piecework_close_overdue_seconds"] > 298.0 * day;
        is_measured.then_some(())
    })
    .await;

    proxy.cut().await;
    ada.post("/tasks", &json!({ "title": "Not booked" })).await.expect_status(201);
    eventually("the primary is down", async || {
        ada.get("/wallets/me").await;
        (metrics(&server).await["piecework_primary_up{database=\"accounting\"}"] == 0.0).then_some(())
    })
    .await;
    for _ in 0..100 {
        ada.get("/wallets/me").await.expect_problem(503, "database_unavailable");
    }
    let oldest = "piecework_outbox_oldest_seconds{module=\"tasks\"}";
    let waiting = async || (metrics(&server).await[oldest] > 0.0).then_some(());
    eventually("the age of the event is measured", waiting).await;
    let log = server.log();
    for line in ["the database is unavailable", "events could not be delivered", "the primary is unreachable"] {
        let times = log.matches(line).count();
        // A slow machine may need more than a minute, and other outboxes wait too.
        assert!((1..=6).contains(&times), "{line}: {times} times in {log}");
    }
    assert!(log.len() < 30_000, "{} bytes: {log}", log.len());

    proxy.restore().await;
    eventually("the event is delivered", async || (metrics(&server).await[oldest] == 0.0).then_some(())).await;
    server.stop().await;
}
