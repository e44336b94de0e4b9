//! The gateway over real connections, with a test module and without databases.

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

use super::{Server, Services, serve};
use crate::config;
use crate::databases::Databases;
use crate::modules::Modules;
use crate::status::Status;

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
    panic!("a panic of a test handler")
}

#[utoipa::path]
#[get("/probe/stream")]
async fn endless(signal: web::Data<kernel::runtime::shutdown::ShutdownSignal>) -> HttpResponse {
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
struct EmptyRequest {}

#[utoipa::path]
#[post("/probe/{name}")]
async fn accept(_body: Body<EmptyRequest>) -> &'static str {
    "accepted"
}

#[utoipa::path]
#[get("/probe/teapot")]
async fn actix_error() -> HttpResponse {
    HttpResponse::BadRequest().body("an error of actix")
}

#[utoipa::path]
#[get("/probe/secret")]
async fn unstorable() -> HttpResponse {
    HttpResponse::Ok().insert_header(("cache-control", "private, No-Store")).body("a secret")
}

#[utoipa::path]
#[get("/probe/trace")]
async fn trace() -> String {
    kernel::http::trace::TraceContext::current().map(|trace| trace.to_string()).unwrap_or_default()
}

/// A module with an endpoint for each kind of answer.
pub fn probe() -> Module {
    Module::new("probe", |api| {
        api.service(slow)
            .service(panic)
            .service(endless)
            .service(actix_error)
            .service(trace)
            .service(unstorable)
            .service(plain)
            .service(accept);
    })
}

fn start() -> Server {
    start_with_timeout(REQUEST_TIMEOUT_MS)
}

fn start_with_timeout(request_timeout_ms: u64) -> Server {
    start_with(vec![probe()], |http| http.request_timeout_ms = request_timeout_ms)
}

/// A server with these modules and changed settings.
pub fn start_with(hosted: Vec<Module>, change: impl FnOnce(&mut config::Http)) -> Server {
    let mut config = load(&[]);
    change(&mut config.http);
    start_configured(hosted, &config)
}

/// A server with these modules and settings from the environment.
pub fn start_with_settings(hosted: Vec<Module>, variables: &[(&str, &str)]) -> Server {
    let mut config = load(variables);
    config.http.request_timeout_ms = REQUEST_TIMEOUT_MS;
    start_configured(hosted, &config)
}

fn load(variables: &[(&str, &str)]) -> config::Config {
    let variables = [("PIECEWORK_PROFILE", "test")].iter().chain(variables);
    let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    config::load_from(&variables, &[]).unwrap().config
}

fn start_configured(hosted: Vec<Module>, config: &config::Config) -> Server {
    let ambient = Ambient::system();
    let databases = Arc::new(Databases::unreachable().unwrap());
    let identity = Modules::new(config, &databases, &ambient, "http://localhost").unwrap().identity;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let bus = Arc::new(crate::bus::Broadcast::new());
    let status = Arc::new(Status::new(databases, bus, Vec::new(), Vec::new(), ambient.clone()));
    let services = Services { status, identity, ambient, audit: crate::runtime::audit_queue::AuditQueue::default() };
    serve(listener, config, hosted, Vec::new(), services).unwrap()
}

/// Sends one request and reads until the server closes the connection.
pub async fn send(server: &Server, request: &str) -> String {
    let mut connection = open(server, request).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), connection.read_to_end(&mut answer)).await;
    read.expect("a response in time").expect("a complete response");
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

/// Asserts that the answer is a problem document with all that each response has.
pub fn assert_problem(answer: &str, status: u16, code: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.contains("content-type: application/problem+json"), "{answer}");
    assert!(answer.contains(&format!("\"code\":\"{code}\"")), "{answer}");
    assert!(answer.contains("x-content-type-options: nosniff"), "{answer}");
    let id = answer.split("x-request-id: ").nth(1).and_then(|rest| rest.split("\r\n").next()).expect("a request id");
    assert!(answer.contains(&format!("\"request_id\":\"{id}\"")), "the document has the id of the header: {answer}");
}

#[tokio::test]
async fn a_request_belongs_to_the_trace_it_names_or_begins_one() {
    let server = start();
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let answer = send(&server, &format!("GET /api/v1/probe/trace HTTP/1.1\ntraceparent: {traceparent}")).await;
    assert!(answer.ends_with(traceparent), "{answer}");
    for header in ["", "\ntraceparent: 00-invalid"] {
        let answer = send(&server, &format!("GET /api/v1/probe/trace HTTP/1.1{header}")).await;
        let begun = answer.rsplit("\r\n").next().unwrap();
        assert!(kernel::http::trace::TraceContext::from_header(begun).is_some(), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn every_error_response_is_a_problem_document_with_the_request_id() {
    let server = start();
    for (request, status, code) in [
        ("GET /api/v1/probe/slow HTTP/1.1", 504, "deadline_exceeded"),
        ("GET /api/v1/probe/panic HTTP/1.1", 500, "internal_error"),
        ("GET /api/v1/probe/teapot HTTP/1.1", 400, "malformed_request"),
        ("GET /nowhere HTTP/1.1", 404, "no_such_route"),
        ("GET /api/v1/nowhere HTTP/1.1", 404, "no_such_route"),
        ("DELETE /api/v1/probe/x HTTP/1.1", 405, "method_not_allowed"),
        ("POST /livez HTTP/1.1", 405, "method_not_allowed"),
        ("OPTIONS * HTTP/1.1", 404, "no_such_route"),
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
async fn a_wrong_method_is_answered_with_all_methods_of_the_path() {
    let server = start();
    for (request, allow) in [
        ("DELETE /api/v1/probe/x", "GET, HEAD, POST, OPTIONS"),
        // A POST to this path matches `/probe/{name}`, so its methods are those of both patterns.
        ("DELETE /api/v1/probe/teapot", "GET, HEAD, POST, OPTIONS"),
        ("OPTIONS /api/v1/probe/teapot", "GET, HEAD, POST, OPTIONS"),
        ("POST /api/v1/docs/index.html", "GET, HEAD, OPTIONS"),
        ("OPTIONS /api/v1/docs/index.html", "GET, HEAD, OPTIONS"),
        ("POST /api/v1/admin/modules/probe", "GET, HEAD, OPTIONS"),
        ("POST /", "GET, HEAD, OPTIONS"),
        ("OPTIONS /livez", "GET, HEAD, OPTIONS"),
    ] {
        let answer = send(&server, &format!("{request} HTTP/1.1")).await;
        let status = if request.starts_with("OPTIONS") { "204" } else { "405" };
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        assert!(answer.contains(&format!("allow: {allow}\r\n")), "{request}: {answer}");
    }
    let accepted = "POST /api/v1/probe/teapot HTTP/1.1\nContent-Type: application/json\n\n{}";
    assert!(send(&server, accepted).await.contains("accepted"), "the pattern with the parameter takes the POST");
    for unknown in ["/api/v1/probe/", "/api/v1/probe/a/b/c", "/api/v1", "/api/v1/", "/x"] {
        let answer = send(&server, &format!("GET {unknown} HTTP/1.1")).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{unknown}: {answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    let server = start();
    for path in ["/livez", "/api/v1/probe/x", "/api/v1/probe/stream", "/api/v1/probe/teapot", "/nowhere"] {
        // The stream of the GET would not end.
        let get =
            if path.ends_with("stream") { String::new() } else { send(&server, &format!("GET {path} HTTP/1.1")).await };
        let head = send(&server, &format!("HEAD {path} HTTP/1.1")).await;
        assert!(head.ends_with("\r\n\r\n") && head.matches("\r\n\r\n").count() == 1, "no body: {head}");
        let part = |answer: &str, start: &str| answer.lines().find(|line| line.starts_with(start)).map(str::to_owned);
        for start in ["HTTP/1.1 ", "content-length: ", "content-type: "] {
            assert!(get.is_empty() || part(&get, start) == part(&head, start), "{path}: {get}\n{head}");
        }
        assert!(head.contains("x-request-id: ") && head.contains("x-content-type-options: nosniff"), "{head}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_request_keeps_its_id_if_the_id_is_valid() {
    let server = start();
    let answer = send(&server, "GET /livez HTTP/1.1\nX-Request-Id: from-the-proxy").await;
    assert!(answer.contains("x-request-id: from-the-proxy\r\n"), "{answer}");
    let long = "x".repeat(65);
    let answer = send(&server, &format!("GET /livez HTTP/1.1\nX-Request-Id: {long}")).await;
    assert!(answer.contains("x-request-id: ") && !answer.contains(&long), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn responses_are_compressed_and_event_streams_are_not() {
    let server = start();
    let answer = send(&server, "GET /api/v1/probe/x HTTP/1.1\nAccept-Encoding: gzip").await;
    assert!(answer.contains("content-encoding: gzip"), "{answer}");
    let mut stream = open(&server, "GET /api/v1/probe/stream HTTP/1.1\nAccept-Encoding: gzip").await;
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("data: tick") {
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_buf(&mut answer)).await;
        assert!(read.expect("the tick in time").unwrap() > 0, "the stream ended");
    }
    // The stream outlives the deadline of requests and ends when the server stops.
    let early = tokio::time::timeout(Duration::from_millis(2 * REQUEST_TIMEOUT_MS), stream.read_buf(&mut answer)).await;
    assert!(early.is_err(), "the stream ended early");
    let rest = tokio::spawn(async move { stream.read_to_end(&mut Vec::new()).await });
    tokio::time::timeout(Duration::from_secs(2), server.stop()).await.expect("an event stream does not delay the stop");
    rest.await.unwrap().unwrap();
}

#[tokio::test]
async fn without_databases_the_process_is_alive_but_not_ready() {
    let server = start_with_timeout(10_000);
    assert!(send(&server, "GET /livez HTTP/1.1").await.starts_with("HTTP/1.1 200 "));
    let readiness = send(&server, "GET /readyz HTTP/1.1").await;
    assert!(readiness.starts_with("HTTP/1.1 503 "), "{readiness}");
    assert!(readiness.contains("\"reads\":false") && readiness.contains("\"accounting\""), "{readiness}");
    server.stop().await;
}

#[tokio::test]
async fn the_documentation_is_a_page_that_uses_no_other_server() {
    let server = start();
    let page = send(&server, "GET /api/v1/docs HTTP/1.1").await;
    assert!(!page.contains("https://") && !page.contains("<base"), "{page}");
    let policy = page.split("content-security-policy: ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap();
    for directive in ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
        assert!(policy.split("; ").any(|found| found == directive), "{directive} in {policy}");
    }
    assert!(!page.contains("=\"./") && !page.contains("=\"index.css"), "{page}");
    let files: Vec<&str> = page.split('"').filter(|text| text.starts_with("/api/v1/docs/")).collect();
    assert_eq!(files.len(), 7, "{files:?}");
    for file in files {
        let answer = send(&server, &format!("GET {file} HTTP/1.1")).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{file}");
    }
    let script = send(&server, "GET /api/v1/docs/swagger-initializer.js HTTP/1.1").await;
    assert!(script.contains("/api/v1/openapi.json"), "{script}");
    server.stop().await;
}

#[tokio::test]
async fn an_answer_that_no_cache_may_store_stays_so_and_has_no_tag() {
    let server = start();
    let secret = send(&server, "GET /api/v1/probe/secret HTTP/1.1\nIf-None-Match: *").await;
    assert!(secret.starts_with("HTTP/1.1 200 "), "{secret}");
    assert_eq!(secret.matches("cache-control: private, No-Store\r\n").count(), 1, "{secret}");
    assert_eq!((secret.matches("cache-control:").count(), secret.contains("etag:")), (1, false), "{secret}");
    let other = send(&server, "GET /api/v1/probe/x HTTP/1.1").await;
    assert!(other.contains("cache-control: private, no-cache\r\n") && other.contains("etag: W/"), "{other}");
    server.stop().await;
}
