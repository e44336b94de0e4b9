//! One trace from a request to the booking and the mail, and a collector that is away.

use std::net::TcpListener;

use harness::{Answer, Api, PASSWORD, Proxy, Server, assert_verified, eventually, login, send};
use kernel::Ambient;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use reqwest::Method;
use serde_json::{Value, json};

use crate::collector::{Collector, hex, kind, text};
use crate::data_directory::DataDirectory;

const OTLP_URL: &str = "PIECEWORK__TELEMETRY__OTLP_URL";
/// The log as a collector reads it.
const LOG: [(&str, &str); 2] = [("PIECEWORK__TELEMETRY__FORMAT", "json"), ("PIECEWORK__TELEMETRY__LOG", "info")];
/// The trace of a client, and the client's span.
const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
const CLIENT_SPAN: &str = "b7ad6b7169203331";

/// A POST of a client that records its trace, or does not.
async fn post(api: &Api, path: &str, trace_id: &str, flags: &str, body: &Value) -> Answer {
    let traceparent = format!("00-{trace_id}-{CLIENT_SPAN}-{flags}");
    let request = api.request(Method::POST, path).header("traceparent", traceparent);
    send(if body.is_null() { request } else { request.json(body) }).await
}

/// A worker who is in the pool, and the admin.
async fn people(server: &mut Server) -> (Api, Api) {
    let ada = server.first_admin().await.api;
    let wim = json!({ "email": "wim@example.org", "name": "Wim", "role": "worker", "password": PASSWORD });
    let id = ada.post("/people", &wim).await.expect_status(201).id();
    eventually("the pool has a person", async || {
        ada.post("/tasks", &json!({ "title": "Before" })).await.json.get("id").cloned()
    })
    .await;
    (ada, login(&server.api, &id, "wim@example.org", "Wim").await.api)
}

/// Asserts that the span is a part of a request, and returns it.
#[track_caller]
fn assert_below(span: &Span, parent: &Span, expected: SpanKind) {
    assert_eq!(hex(&span.parent_span_id), hex(&parent.span_id), "{} is not below {}", span.name, parent.name);
    assert_eq!(kind(span), expected, "{}", span.name);
}

/// Waits for the way of an event from its cause, a request or a part of its work, to a subscriber.
async fn assert_delivered(collector: &mut Collector, cause: &Span, event_type: &str, subscriber: &str) {
    let sent = collector.receive_named(TRACE_ID, &format!("send {event_type}")).await;
    assert_below(&sent, cause, SpanKind::Producer);
    let applied = collector.receive_applied(TRACE_ID, subscriber, event_type).await;
    assert_below(&applied, cause, SpanKind::Consumer);
    let id = "messaging.message.id";
    assert_eq!(text(&sent.attributes, id), text(&applied.attributes, id));
    assert!(text(&sent.attributes, id).is_some());
}

#[tokio::test]
async fn one_trace_leads_from_the_requests_to_the_booking_and_the_mail() {
    let (data, mut collector) = (DataDirectory::new(), Collector::start());
    // Every person who completes a task is paid.
    let prices = [("PIECEWORK__ACCOUNTING__PRICING__FEE_MIN", "1"), ("PIECEWORK__ACCOUNTING__PRICING__FEE_MAX", "1")];
    let settings = [&LOG[..], &prices, &[(OTLP_URL, collector.url.as_str())]].concat();
    let mut server = data.serve_with(&settings).await;
    // The doctor may find fault with a slow machine.
    let doctor = harness::piecework(&data.path(), &["doctor", "--json"]).env(OTLP_URL, &collector.url).finish().await;
    let checks: Value = serde_json::from_str(&doctor.stdout).unwrap();
    let found = |check: &&Value| check["name"].as_str().unwrap().contains(&collector.url);
    assert_eq!(checks.as_array().unwrap().iter().find(found).unwrap()["found"], "takes spans");
    let (ada, wim) = people(&mut server).await;

    let unrecorded = "f".repeat(32);
    post(&ada, "/tasks", &unrecorded, "00", &json!({ "title": "Not recorded" })).await.expect_status(201);
    let id = post(&ada, "/tasks", TRACE_ID, "01", &json!({ "title": "Fix the door" })).await.expect_status(201).id();
    let created = collector.receive_named(TRACE_ID, "POST /api/v1/tasks").await;
    assert_eq!((hex(&created.parent_span_id).as_str(), kind(&created)), (CLIENT_SPAN, SpanKind::Server));
    for (key, expected) in
        [("http.request.method", "POST"), ("http.route", "/api/v1/tasks"), ("http.response.status_code", "201")]
    {
        assert_eq!(text(&created.attributes, key).as_deref(), Some(expected));
    }
    let batch = collector.receive_named(TRACE_ID, "batch tasks").await;
    assert_below(&batch, &created, SpanKind::Internal);
    assert_delivered(&mut collector, &created, "piecework.tasks.created.v1", "accounting").await;
    // What accounting publishes because of the event belongs to the trace as well.
    collector.receive_applied(TRACE_ID, "tasks", "piecework.accounting.priced.v1").await;

    // A run executes after its request was answered.
    post(&ada, "/reassignments", TRACE_ID, "01", &Value::Null).await.expect_status(202);
    let requested = collector.receive_named(TRACE_ID, "POST /api/v1/reassignments").await;
    let chunk = collector.receive_named(TRACE_ID, "reassign").await;
    assert_below(&chunk, &requested, SpanKind::Internal);
    assert_delivered(&mut collector, &chunk, "piecework.tasks.assigned.v1", "accounting").await;

    post(&wim, &format!("/tasks/{id}/complete"), TRACE_ID, "01", &Value::Null).await.expect_status(200);
    let completed = collector.receive_named(TRACE_ID, "POST /api/v1/tasks/{id}/complete").await;
    assert_delivered(&mut collector, &completed, "piecework.tasks.completed.v1", "accounting").await;

    let close = format!("/days/{}/close", Ambient::system().now().date_naive());
    post(&ada, &close, TRACE_ID, "01", &Value::Null).await.expect_status(200);
    let closed = collector.receive_named(TRACE_ID, "POST /api/v1/days/{date}/close").await;
    assert_delivered(&mut collector, &closed, "piecework.accounting.paid.v1", "email").await;
    let mail = collector.receive_named(TRACE_ID, "send mail").await;
    assert_below(&mail, &closed, SpanKind::Client);

    // Spans are sent in the order of their ends.
    assert_eq!(collector.names(&unrecorded), <[&str; 0]>::default());
    let all = format!("{:?}", collector.spans);
    for personal in ["wim@example.org", "Wim", "Fix the door", &id] {
        assert!(!all.contains(personal), "{personal} is in a span");
    }
    assert_logged(&server).await;
    server.stop().await;
    assert_verified(&data.path()).await;
}

/// Asserts that lines of the log name the trace, also that of the mail, which no request has
/// waited for.
async fn assert_logged(server: &Server) {
    let lines_of_trace = || {
        let lines = server.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
        lines.into_iter().filter(|line| line["span"]["trace_id"] == TRACE_ID).collect::<Vec<Value>>()
    };
    // A line may be written after the span of the mail has ended.
    let lines = eventually("the mail is logged", async || {
        Some(lines_of_trace()).filter(|lines| lines.iter().any(|line| line["message"] == "mail sent"))
    })
    .await;
    let answered: Vec<&Value> = lines.iter().filter(|line| line["message"] == "a request was answered").collect();
    assert_eq!(answered.len(), 4, "{lines:#?}");
    assert!(answered.iter().all(|line| line["span"]["request_id"].is_string()), "{answered:#?}");
}

#[tokio::test]
async fn requests_that_are_committed_together_have_whole_traces_each() {
    let (data, mut collector) = (DataDirectory::new(), Collector::start());
    let mut server = data.serve_with(&[(OTLP_URL, collector.url.as_str())]).await;
    let (ada, _) = people(&mut server).await;
    let traces: Vec<String> = (1..=24).map(|number| format!("{number:032x}")).collect();
    let body = json!({ "title": "Fix the door" });
    let create = async |trace: &String| post(&ada, "/tasks", trace, "01", &body).await.expect_status(201);
    futures_util::future::join_all(traces.iter().map(create)).await;
    for trace in &traces {
        collector.receive_applied(trace, "accounting", "piecework.tasks.created.v1").await;
        collector.receive_named(trace, "send piecework.tasks.created.v1").await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_collector_that_is_away_delays_neither_requests_nor_a_stop() {
    // One that refuses connections, and one that takes them and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let refusing = Proxy::cut_to(1).await.instead_of("http://127.0.0.1:1");
    for url in [refusing, format!("http://{}", silent.local_addr().unwrap())] {
        let data = DataDirectory::new();
        let mut server = data.serve_with(&[&LOG[..], &[(OTLP_URL, url.as_str())]].concat()).await;
        let (ada, _) = people(&mut server).await;
        let failed = "the collector of traces takes no spans";
        let is_logged = async || {
            ada.post("/tasks", &json!({ "title": "Fix the door" })).await.expect_status(201);
            server.log().contains(failed).then_some(())
        };
        eventually("the failure is logged", is_logged).await;
        for _ in 0..20 {
            ada.post("/tasks", &json!({ "title": "Fix the door" })).await.expect_status(201);
        }
        // A slow machine may need more than a minute.
        assert!((1..=2).contains(&server.log().matches(failed).count()), "{}", server.log());
        server.stop().await;
    }
}
