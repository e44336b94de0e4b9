//! The proxy between two gateways over real connections, without databases.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse, get, post};
use futures_util::{StreamExt, stream};
use kernel::http::idempotency::IdempotencyKey;
use kernel::module::Module;
use kernel::runtime::shutdown::ShutdownSignal;
use kernel::{Ambient, Problem};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::RemoteModule;
use crate::config;
use crate::databases::Databases;
use crate::http::{Server, Services, serve};
use crate::modules::Modules;
use crate::status::Status;

const REQUEST_TIMEOUT_MS: u64 = 400;

/// Answers with the request that arrived.
#[utoipa::path(params(IdempotencyKey), request_body = String)]
#[post("/probe/{name}/echo")]
async fn echo(request: HttpRequest, body: String) -> HttpResponse {
    let headers = request.headers().iter();
    let headers: Vec<_> = headers.map(|(name, value)| json!([name.as_str(), value.to_str().unwrap()])).collect();
    HttpResponse::Created()
        .append_header((header::LOCATION, "/api/v1/probe/1"))
        .append_header((header::SET_COOKIE, "a=1"))
        .append_header((header::SET_COOKIE, "b=2"))
        .append_header(("x-piecework-stale", "true"))
        .append_header((header::RETRY_AFTER, "7"))
        .append_header(("keep-alive", "timeout=1"))
        .json(json!({
            "path": request.path(), "query": request.query_string(), "headers": headers,
            "body": body,
        }))
}

#[utoipa::path]
#[get("/probe/slow")]
async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(60)).await;
    "too late"
}

#[utoipa::path]
#[get("/probe/refuse")]
async fn refuse() -> Result<HttpResponse, Problem> {
    Err(Problem::new(409, "probe.refused", "no").with_retry_after(3))
}

#[utoipa::path]
#[get("/probe/stream")]
async fn endless(signal: web::Data<ShutdownSignal>) -> HttpResponse {
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

fn probe() -> Module {
    Module::new("probe", |api| {
        api.service(echo).service(slow).service(refuse).service(endless).service(client_of_request);
    })
}

/// A signing key that both processes of a test have.
const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJRSJX+CFcBadM0bM3k/eic1ziyh+GQbtVdqvD2wTdSW\n-----END PRIVATE KEY-----\n";

fn start(hosted: Vec<Module>, remote: Vec<RemoteModule>) -> Server {
    start_with(hosted, remote, |_| {})
}

fn start_with(hosted: Vec<Module>, remote: Vec<RemoteModule>, change: impl FnOnce(&mut config::Config)) -> Server {
    let settings = config::load_from(&[("PIECEWORK_PROFILE".to_owned(), "test".to_owned())].into(), &[]).unwrap();
    let mut config = settings.config;
    config.http.request_timeout_ms = REQUEST_TIMEOUT_MS;
    config.http.workers = 1;
    config.auth.keys = vec![PRIVATE_KEY.to_owned()];
    change(&mut config);
    let ambient = Ambient::system();
    let databases = Arc::new(Databases::unreachable().unwrap());
    let identity = Modules::new(&config, &databases, &ambient, "http://localhost").unwrap().identity;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let bus = Arc::new(crate::bus::Broadcast::new());
    let status = Arc::new(Status::new(databases, bus, Vec::new(), Vec::new(), ambient.clone()));
    let services = Services { status, identity, ambient, audit: crate::runtime::audit_queue::AuditQueue::default() };
    serve(listener, &config, hosted, remote, services).unwrap()
}

/// Answers with the address of the client.
#[utoipa::path]
#[get("/probe/client")]
async fn client_of_request() -> String {
    kernel::http::context::client_address().map(|address| address.to_string()).unwrap_or_default()
}

/// A process that hosts the module.
fn host() -> Server {
    start(vec![probe()], Vec::new())
}

/// A process with the setting that another process hosts the module at `url`.
fn front(url: Option<String>) -> Server {
    let url = url.map(|url| url.parse().unwrap());
    start(Vec::new(), vec![RemoteModule { module: probe(), url }])
}

fn front_of(server: &Server) -> Server {
    front(Some(format!("http://{}", server.address())))
}

async fn get(server: &Server, path: &str) -> reqwest::Response {
    client().get(format!("http://{}/api/v1{path}", server.address())).send().await.unwrap()
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn assert_problem(response: reqwest::Response, status: u16, code: &str) -> Value {
    assert_eq!(response.status(), status, "{response:?}");
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let problem: Value = response.json().await.unwrap();
    assert_eq!((&problem["code"], &problem["request_id"]), (&json!(code), &json!(id)), "{problem}");
    problem
}

#[tokio::test]
async fn a_request_and_its_response_arrive_unchanged() {
    let host = host();
    let front = front_of(&host);
    let request = client()
        .post(format!("http://{}/api/v1/probe/a%2Fb%20c/echo?x=%C3%A4&consistency=strong", front.address()))
        .header("authorization", "Bearer abc")
        .header("cookie", "piecework_position=tracker=0/1")
        .header("idempotency-key", "k")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .header("x-piecework-position", "tracker=0/1")
        .header("x-request-id", "mine")
        .header("x-forwarded-for", "203.0.113.7")
        .header("connection", "close, x-private")
        .header("x-private", "between us")
        .header("te", "trailers")
        .body("{\"é\": 1}");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 201);
    let headers = response.headers().clone();
    assert_eq!(headers["location"], "/api/v1/probe/1");
    assert_eq!(headers.get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
    assert_eq!(
        (&headers["x-piecework-stale"], &headers["retry-after"]),
        (&"true".parse().unwrap(), &"7".parse().unwrap())
    );
    assert_eq!(headers["x-request-id"], "mine");
    assert!(!headers.contains_key("keep-alive"), "a header of one connection is not relayed");
    assert_eq!(headers.get_all("x-content-type-options").iter().count(), 1);
    let seen: Value = response.json().await.unwrap();
    assert_eq!(seen["path"], "/api/v1/probe/a%2Fb%20c/echo");
    assert_eq!((&seen["query"], &seen["body"]), (&json!("x=%C3%A4&consistency=strong"), &json!("{\"é\": 1}")));
    let of = |name: &str| -> Vec<&str> {
        let headers = seen["headers"].as_array().unwrap().iter();
        headers.filter(|header| header[0] == name).map(|header| header[1].as_str().unwrap()).collect()
    };
    assert_eq!(of("authorization"), ["Bearer abc"]);
    assert_eq!(of("cookie"), ["piecework_position=tracker=0/1"]);
    assert_eq!(of("idempotency-key"), ["k"]);
    assert_eq!(of("traceparent"), ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]);
    assert_eq!(of("x-piecework-position"), ["tracker=0/1"]);
    assert_eq!(of("x-request-id"), ["mine"]);
    assert_eq!(of("x-forwarded-for"), ["203.0.113.7", "127.0.0.1"]);
    assert_eq!(of("host"), [host.address().to_string()]);
    assert_eq!(of("x-private").len() + of("te").len(), 0);
    front.stop().await;
    host.stop().await;
}

#[tokio::test]
async fn an_error_of_either_process_is_a_problem() {
    let host = host();
    let front = front_of(&host);
    let refused = get(&front, "/probe/refuse").await;
    assert_eq!(refused.headers()["retry-after"], "3");
    assert_problem(refused, 409, "probe.refused").await;
    assert_problem(get(&front, "/probe/slow").await, 504, "deadline_exceeded").await;
    assert_problem(get(&front, "/probe/refuse/nowhere").await, 404, "no_such_route").await;
    assert_problem(get(&front, "/probe/x/echo").await, 405, "method_not_allowed").await;
    let url = format!("http://{}/api/v1/probe/x/echo", front.address());
    let too_large = client().post(url).body(" ".repeat(65 * 1024)).send().await.unwrap();
    assert_problem(too_large, 413, "body_too_large").await;
    front.stop().await;
    host.stop().await;
}

#[tokio::test]
async fn without_a_url_or_with_a_wrong_one_the_problem_names_the_setting() {
    let nowhere = front(None);
    let problem = assert_problem(get(&nowhere, "/probe/refuse").await, 503, "module_not_here").await;
    assert!(problem["detail"].as_str().unwrap().contains("modules.probe.url"), "{problem}");
    // Neither process hosts the module, and the URL of the first one leads to the second one.
    let misled = front_of(&nowhere);
    let problem = assert_problem(get(&misled, "/probe/refuse").await, 503, "module_not_there").await;
    assert!(problem["detail"].as_str().unwrap().contains("modules.probe.url"), "{problem}");
    nowhere.stop().await;
    let gone = get(&misled, "/probe/refuse").await;
    assert_eq!(gone.headers()["retry-after"], "2");
    assert_problem(gone, 503, "module_unreachable").await;
    misled.stop().await;
}

#[tokio::test]
async fn a_request_to_operate_a_module_goes_to_the_process_that_hosts_it() {
    for path in ["/admin/modules/probe", "/admin/modules/probe/parked-events"] {
        let nowhere = front(None);
        assert_problem(get(&nowhere, path).await, 503, "module_not_here").await;
        let misled = front_of(&nowhere);
        assert_problem(get(&misled, path).await, 503, "module_not_there").await;
        // The gateway itself serves these. It refuses a caller without a token.
        for path in ["/admin/modules", "/admin/modules/unknown", "/admin/modules/unknown/parked-events"] {
            assert_problem(get(&nowhere, path).await, 401, "not_authenticated").await;
        }
        nowhere.stop().await;
        assert_problem(get(&misled, path).await, 503, "module_unreachable").await;
        misled.stop().await;
    }
}

/// A server that counts requests and answers each with `answer`, or closes the connection if it is
/// empty.
async fn impostor(answer: &'static str) -> (String, Arc<AtomicUsize>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    let answering = tokio::spawn(async move {
        loop {
            let mut connection = listener.accept().await.unwrap().0;
            let mut request = Vec::new();
            while !request.ends_with(b"{}") && connection.read_buf(&mut request).await.unwrap() > 0 {}
            counted.fetch_add(1, Ordering::SeqCst);
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, requests, answering)
}

#[tokio::test]
async fn a_process_that_gives_no_answer_gets_the_request_only_once() {
    for answer in ["", "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nnope"] {
        let (url, requests, answering) = impostor(answer).await;
        let front = front(Some(url));
        let url = format!("http://{}/api/v1/probe/x/echo", front.address());
        let response = client().post(url).body("{}").send().await.unwrap();
        let problem = assert_problem(response, 503, "module_gone").await;
        assert!(problem["detail"].as_str().unwrap().contains("check whether the request took effect"), "{problem}");
        assert_eq!(requests.load(Ordering::SeqCst), 1);
        front.stop().await;
        answering.abort();
    }
}

#[tokio::test]
async fn an_event_stream_outlives_the_deadline_and_ends_cleanly_with_either_process() {
    for stops_first in ["front", "host"] {
        let host = host();
        let front = front_of(&host);
        let response = get(&front, "/probe/stream").await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut chunks = response.bytes_stream();
        assert_eq!(chunks.next().await.unwrap().unwrap(), "data: tick\n\n", "the first event arrives immediately");
        let early = tokio::time::timeout(Duration::from_millis(2 * REQUEST_TIMEOUT_MS), chunks.next()).await;
        assert!(early.is_err(), "the stream ended early");
        let rest = tokio::spawn(async move { chunks.next().await.is_none() });
        let (first, second) = if stops_first == "front" { (front, host) } else { (host, front) };
        tokio::time::timeout(Duration::from_secs(10), first.stop())
            .await
            .expect("an event stream does not delay the stop");
        assert!(rest.await.unwrap(), "{stops_first}: the stream ends without an error");
        second.stop().await;
    }
}

/// Sends the request for the client's address with these headers.
async fn client_seen_by(server: &Server, headers: &[(&str, &str)]) -> String {
    let request = client().get(format!("http://{}/api/v1/probe/client", server.address()));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn the_address_of_the_client_arrives_at_the_other_process_and_cannot_be_forged() {
    let host = host();
    let url = format!("http://{}", host.address()).parse().unwrap();
    let trust_proxy = |config: &mut config::Config| config.http.trusted_proxies = vec!["127.0.0.1".to_owned()];
    let front = start_with(Vec::new(), vec![RemoteModule { module: probe(), url: Some(url) }], trust_proxy);
    let through_proxy = [("x-forwarded-for", "192.0.2.66, 203.0.113.7")];
    assert_eq!(client_seen_by(&front, &through_proxy).await, "203.0.113.7");
    assert_eq!(client_seen_by(&front, &[("forwarded", "for=203.0.113.7")]).await, "203.0.113.7");
    // An outsider who reaches the process directly.
    assert_eq!(client_seen_by(&host, &through_proxy).await, "127.0.0.1");
    for forged in ["203.0.113.7", "eyJhbGciOiJub25lIn0.e30.", ""] {
        assert_eq!(client_seen_by(&host, &[("x-piecework-client", forged)]).await, "127.0.0.1");
        assert_eq!(client_seen_by(&front, &[("x-piecework-client", forged)]).await, "127.0.0.1");
    }
    front.stop().await;
    host.stop().await;
}
