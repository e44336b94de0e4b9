//! Hostile requests over a raw connection. What a proxy and this program could read differently is
//! refused, the connection is closed, and nothing behind it takes effect.

use std::time::Duration;

use harness::{Company, send};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Maximum time for an answer.
const DEADLINE: Duration = Duration::from_secs(20);
/// Maximum length of a body, in bytes.
const BODY_MAX: usize = 64 * 1024;
/// A body that would create a task, as it is and as a chunk.
const BODY: &str = r#"{"title":"smuggled"}"#;

/// Sends bytes as they are. Returns everything that the server sends until it closes the
/// connection.
async fn exchange(company: &Company, request: &[u8]) -> String {
    let address = company.system.application.address().unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    // The server may have closed the connection before it has read everything.
    let _refused_early = connection.write_all(request).await;
    let mut answer = Vec::new();
    // The deadline fails if the server does not close the connection.
    let read = tokio::time::timeout(DEADLINE, connection.read_to_end(&mut answer)).await;
    let _closed_or_reset = read.unwrap();
    String::from_utf8(answer).unwrap()
}

/// The access token of the worker.
fn token(company: &Company) -> String {
    let request = company.worker.api.request(Method::GET, "/me").build().unwrap();
    request.headers()["authorization"].to_str().unwrap().to_owned()
}

/// The head of a request that creates a task, without its end.
fn head(company: &Company, version: &str) -> String {
    let token = token(company);
    format!(
        "POST /api/v1/tasks {version}\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\nContent-Type: application/json\r\n"
    )
}

fn chunked(body: &str) -> String {
    format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
}

/// The status and the code of the only answer.
#[track_caller]
fn only_problem(answer: &str) -> (u16, String) {
    assert_eq!(answer.matches("HTTP/1.").count(), 1, "one answer: {answer}");
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let json: Value = serde_json::from_str(&body[body.find('{').unwrap()..=body.rfind('}').unwrap()]).unwrap();
    (status, json["code"].as_str().unwrap().to_owned())
}

async fn assert_no_task(company: &Company) {
    let tasks = company.admin.api.read_all("/tasks", 200).await;
    assert!(tasks.is_empty(), "{tasks:?}");
}

#[tokio::test]
async fn a_request_whose_end_is_not_certain_is_refused_and_what_follows_is_not_read() {
    let company = Company::new().await;
    let length = format!("Content-Length: {}\r\n", BODY.len());
    let head_11 = head(&company, "HTTP/1.1");
    let behind = format!("{}{length}\r\n{BODY}", head(&company, "HTTP/1.1"));
    let both = format!("{length}Transfer-Encoding: chunked\r\n");
    let mut hostile = vec![
        ("the length and chunks", format!("{head_11}{both}\r\n{}", chunked(BODY))),
        ("chunks and the length", format!("{head_11}Transfer-Encoding: chunked\r\n{length}\r\n{}", chunked(BODY))),
        ("no length and chunks", format!("{head_11}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
        ("two equal lengths", format!("{head_11}{length}{length}\r\n{BODY}")),
        ("two lengths", format!("{head_11}{length}Content-Length: 0\r\n\r\n{BODY}")),
        (
            "chunks of HTTP/1.0",
            format!("{}Transfer-Encoding: chunked\r\n\r\n{}", head(&company, "HTTP/1.0"), chunked(BODY)),
        ),
        ("a folded header", format!("{head_11}{length}X-Folded: a\r\n b\r\n\r\n{BODY}")),
        ("a carriage return in a header", format!("{head_11}{length}X-Return: a\rb\r\n\r\n{BODY}")),
        ("a zero byte in a header", format!("{head_11}{length}X-Zero: a\0b\r\n\r\n{BODY}")),
        ("a space before the colon", format!("{head_11}Content-Length : {}\r\n\r\n{BODY}", BODY.len())),
        ("two hosts", format!("{head_11}{length}Host: evil.example\r\n\r\n{BODY}")),
    ];
    for value in ["+20", "-1", "0x14", "20, 20", "20 20", "1e1", "18446744073709551616"] {
        hostile.push((value, format!("{head_11}Content-Length: {value}\r\n\r\n{BODY}")));
    }
    for value in ["chunked, chunked", "gzip, chunked", "chunked, identity", "xchunked", "identity", "\"chunked\""] {
        hostile.push((value, format!("{head_11}Transfer-Encoding: {value}\r\n\r\n{}", chunked(BODY))));
    }
    for (what, request) in hostile {
        let answer = exchange(&company, format!("{request}{behind}").as_bytes()).await;
        assert_eq!(only_problem(&answer), (400, "malformed_request".to_owned()), "{what}");
        assert!(answer.contains("connection: close\r\n"), "{what}: {answer}");
    }
    assert_no_task(&company).await;
    // The same request with one length is taken.
    let closing = format!("{head_11}{length}Connection: close\r\n\r\n{BODY}");
    let created = exchange(&company, closing.as_bytes()).await;
    assert!(created.starts_with("HTTP/1.1 201 "), "{created}");
    company.finish().await;
}

#[tokio::test]
async fn a_header_that_says_who_or_what_is_sent_once() {
    let company = Company::new().await;
    let (worker, task) = (&company.worker.api, json!({ "title": "smuggled" }));
    let token = token(&company);
    for second in [token.as_str(), "Bearer another", "Basic eDp5", ""] {
        let twice = worker.request(Method::POST, "/tasks").header("authorization", second);
        send(twice.json(&task)).await.expect_problem(401, "not_authenticated");
    }
    for second in ["a", "b", ""] {
        let twice = worker.request(Method::POST, "/tasks").header("Idempotency-Key", "a");
        let twice = twice.header("Idempotency-Key", second);
        send(twice.json(&task)).await.expect_problem(400, "malformed_request");
    }
    assert_no_task(&company).await;
    company.finish().await;
}

#[tokio::test]
async fn a_body_has_at_most_64_kib_however_it_is_sent() {
    let company = Company::new().await;
    let padded = |length: usize| format!("{BODY}{}", " ".repeat(length - BODY.len()));
    let sent =
        async |length: usize| company.worker.api.send_bytes(Method::POST, "/tasks", padded(length).into_bytes()).await;
    sent(BODY_MAX + 1).await.expect_problem(413, "body_too_large");
    let head = format!("{}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n", head(&company, "HTTP/1.1"));
    let answer = exchange(&company, format!("{head}{}", chunked(&padded(BODY_MAX + 1))).as_bytes()).await;
    assert_eq!(only_problem(&answer), (413, "body_too_large".to_owned()));
    assert_no_task(&company).await;
    sent(BODY_MAX).await.expect_status(201);
    let answer = exchange(&company, format!("{head}{}", chunked(&padded(BODY_MAX))).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    company.finish().await;
}

#[tokio::test]
async fn a_body_that_is_nested_deeply_or_names_a_field_twice_is_refused() {
    let company = Company::new().await;
    let deep = |open: &str, close: &str, depth: usize| {
        format!("{{\"title\":{}1{}}}", open.repeat(depth), close.repeat(depth)).into_bytes()
    };
    for body in [
        deep("[", "]", 20_000),
        deep("{\"a\":", "}", 10_000),
        "[".repeat(BODY_MAX).into_bytes(),
        "{\"a\":".repeat(BODY_MAX / 5).into_bytes(),
        br#"{"title":"a","title":"b"}"#.to_vec(),
        br#"{"title":"a"}{"title":"b"}"#.to_vec(),
        b"{\"title\":\"a\xff\"}".to_vec(),
        b"\xef\xbb\xbf{\"title\":\"a\"}".to_vec(),
    ] {
        let answer = company.worker.api.send_bytes(Method::POST, "/tasks", body).await;
        answer.expect_problem(400, "malformed_request");
    }
    assert_no_task(&company).await;
    company.finish().await;
}
