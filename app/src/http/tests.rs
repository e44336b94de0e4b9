//! The gateway over a real connection, in front of a module that misbehaves; no database is needed.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, Bytes};
use actix_web::{HttpResponse, get, post};
use futures_util::stream;
use kernel::http::Body;
use kernel::module::Module;
use kernel::{Ambient, Problem};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Served, Server, serve};
use crate::config;
use crate::databases::Databases;
use crate::modules::Modules;
use crate::state::State;

const REQUEST_TIMEOUT_MS: u64 = 300;

#[utoipa::path]
#[get("/probe/slow")]
async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(60)).await;
    "too late"
}

#[utoipa::path]
#[get("/probe/panic")]
async fn panic() -> &'static str {
    panic!("a handler of the tests")
}

#[utoipa::path]
#[get("/probe/stream")]
async fn endless(signal: web::Data<kernel::shutdown::ShutdownSignal>) -> HttpResponse {
    let signal = signal.get_ref().clone();
    let ticks = stream::unfold((signal, true), |(mut signal, first)| async move {
        if !first {
            signal.triggered().await;
            return None;
        }
        Some((Ok::<_, Problem>(Bytes::from_static(b"data: tick\n\n")), (signal, false)))
    });
    HttpResponse::Ok().content_type("text/event-stream").streaming(ticks)
}

#[utoipa::path]
#[get("/probe/{name}")]
async fn plain(name: web::Path<String>) -> String {
    name.repeat(1000)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {}

#[utoipa::path]
#[post("/probe/{name}")]
async fn take(_body: Body<Given>) -> &'static str {
    "taken"
}

#[utoipa::path]
#[get("/probe/teapot")]
async fn plain_error() -> HttpResponse {
    HttpResponse::BadRequest().body("an error of actix")
}

fn probe() -> Module {
    Module {
        name: "probe",
        routes: Arc::new(|api| {
            api.service(slow).service(panic).service(endless).service(plain_error).service(plain).service(take);
        }),
        write: None,
        subscriber: None,
        jobs: Vec::new(),
    }
}

fn start() -> Server {
    start_with_timeout(REQUEST_TIMEOUT_MS)
}

fn start_with_timeout(request_timeout_ms: u64) -> Server {
    let settings = config::load_from(&[("PIECEWORK_PROFILE".to_owned(), "test".to_owned())].into(), &[]).unwrap();
    let mut config = settings.config;
    config.http.request_timeout_ms = request_timeout_ms;
    let ambient = Ambient::system();
    let databases = Arc::new(Databases::nowhere().unwrap());
    let identity = Modules::new(&config, &databases, &ambient, "http://localhost").unwrap().identity;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let state = Arc::new(State::new(databases, Arc::new(crate::bus::Broadcast::new()), Vec::new()));
    let served = Served { hosted: vec![probe()], elsewhere: Vec::new() };
    serve(listener, &config.http, served, state, identity, ambient).unwrap()
}

/// Sends one request and reads until the server closes.
async fn send(server: &Server, request: &str) -> String {
    let mut connection = open(server, request).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), connection.read_to_end(&mut answer)).await;
    read.expect("an answer in time").expect("a whole answer");
    String::from_utf8_lossy(&answer).into_owned()
}

async fn open(server: &Server, request: &str) -> TcpStream {
    let mut connection = TcpStream::connect(server.address()).await.unwrap();
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let head = head.replace('\n', "\r\n");
    let length = body.len();
    let request = format!("{head}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    connection.write_all(request.as_bytes()).await.unwrap();
    connection
}

fn assert_problem(answer: &str, status: u16, code: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.contains("content-type: application/problem+json"), "{answer}");
    assert!(answer.contains(&format!("\"code\":\"{code}\"")), "{answer}");
    assert!(answer.contains("x-content-type-options: nosniff"), "{answer}");
    let id = answer.split("x-request-id: ").nth(1).and_then(|rest| rest.split("\r\n").next()).expect("a request id");
    assert!(answer.contains(&format!("\"request_id\":\"{id}\"")), "the document has the id of the header: {answer}");
}

#[tokio::test]
async fn whatever_goes_wrong_is_a_problem_document_with_the_request_id() {
    let server = start();
    for (request, status, code) in [
        ("GET /api/v1/probe/slow HTTP/1.1", 504, "deadline_exceeded"),
        ("GET /api/v1/probe/panic HTTP/1.1", 500, "internal_error"),
        ("GET /api/v1/probe/teapot HTTP/1.1", 400, "malformed_request"),
        ("GET /nowhere HTTP/1.1", 404, "no_such_route"),
        ("GET /api/v1/nowhere HTTP/1.1", 404, "no_such_route"),
        ("DELETE /api/v1/probe/x HTTP/1.1", 405, "method_not_allowed"),
        ("POST /livez HTTP/1.1", 405, "method_not_allowed"),
        ("GET /livez HTTP/1.1\nAccept-Encoding: br, *;q=0", 406, "not_acceptable"),
        ("POST /api/v1/probe/x HTTP/1.1\nContent-Type: text/plain\n\n{}", 415, "unsupported_media_type"),
        ("POST /api/v1/probe/x HTTP/1.1\nContent-Type: application/json\n\n{", 400, "malformed_request"),
    ] {
        assert_problem(&send(&server, request).await, status, code);
    }
    let too_large =
        format!("POST /api/v1/probe/x HTTP/1.1\nContent-Type: application/json\n\n{}", " ".repeat(65 * 1024));
    assert_problem(&send(&server, &too_large).await, 413, "body_too_large");
    server.stop().await;
}

#[tokio::test]
async fn the_wrong_method_is_told_the_right_ones() {
    let server = start();
    let answer = send(&server, "DELETE /api/v1/probe/x HTTP/1.1").await;
    assert!(answer.contains("allow: GET, POST\r\n"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_request_keeps_the_id_it_came_with_if_that_is_sane() {
    let server = start();
    let answer = send(&server, "GET /livez HTTP/1.1\nX-Request-Id: from-the-proxy").await;
    assert!(answer.contains("x-request-id: from-the-proxy\r\n"), "{answer}");
    let long = "x".repeat(65);
    let answer = send(&server, &format!("GET /livez HTTP/1.1\nX-Request-Id: {long}")).await;
    assert!(answer.contains("x-request-id: ") && !answer.contains(&long), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn answers_are_compressed_and_streams_are_not() {
    let server = start();
    let answer = send(&server, "GET /api/v1/probe/x HTTP/1.1\nAccept-Encoding: gzip").await;
    assert!(answer.contains("content-encoding: gzip"), "{answer}");
    let mut stream = open(&server, "GET /api/v1/probe/stream HTTP/1.1\nAccept-Encoding: gzip").await;
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("data: tick") {
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_buf(&mut answer)).await;
        assert!(read.expect("the tick in time").unwrap() > 0, "the stream ended");
    }
    // It outlives the deadline of requests, and ends with the server.
    let early = tokio::time::timeout(Duration::from_millis(2 * REQUEST_TIMEOUT_MS), stream.read_buf(&mut answer)).await;
    assert!(early.is_err(), "the stream ended early");
    let rest = tokio::spawn(async move { stream.read_to_end(&mut Vec::new()).await });
    tokio::time::timeout(Duration::from_secs(2), server.stop()).await.expect("a stream does not hold up the stop");
    rest.await.unwrap().unwrap();
}

#[tokio::test]
async fn without_databases_the_process_is_alive_and_not_ready() {
    let server = start_with_timeout(10_000);
    assert!(send(&server, "GET /livez HTTP/1.1").await.starts_with("HTTP/1.1 200 "));
    let readiness = send(&server, "GET /readyz HTTP/1.1").await;
    assert!(readiness.starts_with("HTTP/1.1 503 "), "{readiness}");
    assert!(readiness.contains("\"reads\":false") && readiness.contains("\"accounting\""), "{readiness}");
    server.stop().await;
}

#[tokio::test]
async fn the_entry_leads_to_a_page_that_needs_no_other_server() {
    let server = start();
    assert!(send(&server, "GET / HTTP/1.1").await.contains("location: /api/v1/docs\r\n"));
    let page = send(&server, "GET /api/v1/docs HTTP/1.1").await;
    assert!(page.contains("<base href=\"/api/v1/docs/\">") && !page.contains("https://"), "{page}");
    let script = send(&server, "GET /api/v1/docs/swagger-initializer.js HTTP/1.1").await;
    assert!(script.contains("/api/v1/openapi.json"), "{script}");
    server.stop().await;
}
