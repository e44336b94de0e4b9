//! What malformed requests, slow clients and many clients get, over raw connections.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::web::Bytes;
use actix_web::{get, post};
use kernel::http::NoBody;
use kernel::module::Module;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::http::Server;
use crate::http::tests::{assert_problem, start_with};

/// Longer than any buffer of the operating system for a connection.
const HUGE: usize = 64 * 1024 * 1024;
/// Maximum time for what must happen.
const DEADLINE: Duration = Duration::from_secs(20);
/// The deadlines of the server.
const TIMEOUT_MS: u64 = 1000;

#[utoipa::path]
#[get("/probe/huge")]
async fn huge() -> Bytes {
    static ZEROS: [u8; HUGE] = [0; HUGE];
    Bytes::from_static(&ZEROS)
}

#[utoipa::path]
#[post("/probe/body")]
async fn read_body(_body: NoBody) -> &'static str {
    "read"
}

#[utoipa::path]
#[get("/probe/number")]
async fn next_number() -> String {
    static NUMBERS: AtomicU64 = AtomicU64::new(1);
    format!("number {};", NUMBERS.fetch_add(1, Ordering::SeqCst))
}

fn start() -> Server {
    start_with_connections(100)
}

fn start_with_connections(max_connections: usize) -> Server {
    let probe = Module::new("probe", |api| {
        api.service(huge).service(read_body).service(next_number);
    });
    start_with(vec![probe], |http| {
        http.workers = 1;
        http.request_timeout_ms = TIMEOUT_MS;
        http.client_timeout_ms = TIMEOUT_MS;
        http.max_connections = max_connections;
        // A stop waits for each connection, here for ten minutes.
        http.shutdown_timeout_ms = 600_000;
    })
}

async fn open(server: &Server, sent: impl AsRef<[u8]>) -> TcpStream {
    let mut connection = TcpStream::connect(server.address()).await.unwrap();
    connection.write_all(sent.as_ref()).await.unwrap();
    connection
}

/// Everything that the server sends until it closes the connection.
async fn rest(mut connection: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(DEADLINE, connection.read_to_end(&mut answer)).await;
    read.expect("the server closes the connection").unwrap();
    String::from_utf8(answer).unwrap()
}

/// Reads until the body of the answer ends with `end`. The head may contain it, too.
async fn read_until(connection: &mut TcpStream, end: &str) -> String {
    let mut answer = Vec::new();
    let is_complete = |answer: &[u8]| {
        let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        head.is_some_and(|head| answer[head..].ends_with(end.as_bytes()))
    };
    while !is_complete(&answer) {
        let read = tokio::time::timeout(DEADLINE, connection.read_buf(&mut answer)).await;
        let count = read.expect("an answer in time").unwrap();
        assert!(count > 0, "the answer ended early: {}", String::from_utf8_lossy(&answer));
    }
    String::from_utf8(answer).unwrap()
}

/// Sends a byte now and then, as long as the server takes it.
fn drip(mut connection: tokio::net::tcp::OwnedWriteHalf, drop: &'static [u8]) -> JoinHandle<()> {
    tokio::spawn(async move {
        while connection.write_all(drop).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(TIMEOUT_MS / 8)).await;
        }
    })
}

async fn dripping(server: &Server, sent: &str, drop: &'static [u8]) -> String {
    let (mut read, write) = open(server, sent).await.into_split();
    let dripping = drip(write, drop);
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(DEADLINE, read.read_to_end(&mut answer)).await;
    dripping.abort();
    // A client that goes on sending may find the connection reset.
    let _closed_or_reset = ended.expect("the server closes the connection");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_request_that_is_no_http_gets_a_problem_document() {
    let server = start();
    let many_headers: String = (0..97).map(|number| format!("X-{number}: 1\r\n")).collect();
    let large = "x".repeat(140 * 1024);
    for (request, status, code) in [
        ("GARBAGE\r\n\r\n".to_owned(), 400, "malformed_request"),
        ("GET /livez HTTP/1.1\r\n\r\n".to_owned(), 400, "malformed_request"),
        ("GET /livez HTTP/9.9\r\nHost: a\r\n\r\n".to_owned(), 400, "malformed_request"),
        ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, "malformed_request"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 400, "malformed_request"),
        ("\u{16}\u{3}\u{1}\0\u{5}hello\r\n\r\n".to_owned(), 400, "malformed_request"),
        ("GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(), 400, "malformed_request"),
        ("GET /livez HTTP/1.1\r\nHost: a\r\nb ad: c\r\n\r\n".to_owned(), 400, "malformed_request"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n".to_owned(), 400, "malformed_request"),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n".to_owned(), 400, "malformed_request"),
        (format!("GET /livez HTTP/1.1\r\nHost: a\r\n{many_headers}\r\n"), 431, "head_too_large"),
        (format!("GET /livez HTTP/1.1\r\nHost: a\r\nX: {large}\r\n\r\n"), 431, "head_too_large"),
        (format!("GET /{large} HTTP/1.1\r\nHost: a\r\n\r\n"), 414, "address_too_long"),
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", &large[..70_000]), 414, "address_too_long"),
        ("GET /livez HTTP/1.1\r\nHost: a\r\n".to_owned(), 408, "request_timeout"),
        (String::new(), 408, "request_timeout"),
    ] {
        let answer = rest(open(&server, &request).await).await;
        assert_problem(&answer, status, code);
        assert!(answer.contains("connection: close\r\n") && answer.contains("\r\ndate: "), "{answer}");
        assert_eq!(answer.matches("HTTP/1.").count(), 1, "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_malformed_request_behind_a_valid_one_gets_an_answer_of_its_own() {
    let server = start();
    let answer = rest(open(&server, "GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n").await).await;
    let (first, second) = answer.split_at(answer.rfind("HTTP/1.1 ").unwrap());
    assert!(first.starts_with("HTTP/1.1 200 ") && first.ends_with("{\"alive\":true}"), "{answer}");
    assert_problem(second, 400, "malformed_request");
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_breaks_off_in_a_chunk_gets_one_answer() {
    let server = start();
    let head = "POST /api/v1/probe/body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for broken in ["1\r\n \r\nnot a length\r\n", "zz\r\n", "ffffffffffffffffffff\r\n", "1\r\n XX\r\n0\r\n\r\n"] {
        let answer = rest(open(&server, format!("{head}{broken}")).await).await;
        assert_problem(&answer, 400, "malformed_request");
        assert_eq!(answer.matches("HTTP/1.").count(), 1, "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_arrive_in_time_is_a_408_and_the_connection_is_closed() {
    let server = start();
    let head = "POST /api/v1/probe/body HTTP/1.1\r\nHost: a\r\n";
    for sent in [
        format!("{head}Content-Length: 10\r\n\r\n"),
        format!("{head}Content-Length: 10\r\n\r\n{{"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n"),
    ] {
        let answer = rest(open(&server, &sent).await).await;
        assert_problem(&answer, 408, "request_timeout");
        assert!(answer.contains("connection: close\r\n"), "{answer}");
    }
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    assert_problem(&dripping(&server, &chunked, b"1\r\n \r\n").await, 408, "request_timeout");
    let measured = format!("{head}Content-Length: 60000\r\n\r\n");
    assert_problem(&dripping(&server, &measured, b" ").await, 408, "request_timeout");
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_is_not_read_does_not_keep_the_connection() {
    let server = start();
    // The response does not need the body, so it comes at once.
    for (path, status, code) in [("/nowhere", 404, "no_such_route"), ("/livez", 405, "method_not_allowed")] {
        let chunked = format!("POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert_problem(&rest(open(&server, &chunked).await).await, status, code);
        assert_problem(&dripping(&server, &chunked, b"1\r\n \r\n").await, status, code);
    }
    // A body that has arrived is discarded, and the connection stays open.
    let whole = "POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
    let mut connection = open(&server, whole).await;
    let answer = read_until(&mut connection, "\"}").await;
    assert!(answer.starts_with("HTTP/1.1 405 ") && !answer.contains("connection: close"), "{answer}");
    connection.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert!(read_until(&mut connection, "{\"alive\":true}").await.starts_with("HTTP/1.1 200 "));
    server.stop().await;
}

#[tokio::test]
async fn the_head_of_a_later_request_has_a_deadline_too() {
    let server = start();
    let answer = dripping(&server, "GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGET /livez HTTP/1.1\r\nX: ", b"x").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.matches("HTTP/1.").count() == 1, "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn the_connection_of_a_client_that_does_not_read_is_closed() {
    let server = start();
    let request = "GET /api/v1/probe/huge HTTP/1.1\r\nHost: a\r\n\r\n".repeat(16);
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = open(&server, &request).await;
        let mut first = [0; 12];
        client.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        clients.push(client);
    }
    tokio::time::timeout(DEADLINE, server.stop()).await.expect("no client holds its connection");
    for mut client in clients {
        let mut received = Vec::new();
        let _closed_or_reset = client.read_to_end(&mut received).await;
        assert!(received.len() < HUGE, "the response is cut off");
    }
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_the_whole_response() {
    let server = start();
    let request = "GET /api/v1/probe/huge HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let mut client = open(&server, request).await;
    let (mut received, mut part) = (0, vec![0; HUGE / 16]);
    loop {
        let count = tokio::time::timeout(DEADLINE, client.read(&mut part)).await.unwrap().unwrap();
        if count == 0 {
            break;
        }
        received += count;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(received > HUGE);
    server.stop().await;
}

async fn number(connection: &mut TcpStream) -> u64 {
    let answer = read_until(connection, ";").await;
    answer.rsplit_once("number ").unwrap().1.trim_end_matches(';').parse().unwrap()
}

#[tokio::test]
async fn a_connection_over_the_limit_waits_until_another_one_is_closed() {
    let server = start_with_connections(2);
    let request = "GET /api/v1/probe/number HTTP/1.1\r\nHost: a\r\n\r\n";
    let (mut first, mut second) = (open(&server, request).await, open(&server, request).await);
    number(&mut first).await;
    number(&mut second).await;
    let mut third = open(&server, request).await;
    // A third connection that was served would get its number before most of these.
    let mut last = 0;
    for _ in 0..200 {
        second.write_all(request.as_bytes()).await.unwrap();
        last = number(&mut second).await;
    }
    drop(first);
    assert!(number(&mut third).await > last, "the third connection was served beside two others");
    server.stop().await;
}
