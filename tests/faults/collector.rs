//! A collector of traces in the test: it takes spans by OTLP over HTTP.

use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Maximum time for a span to arrive.
const DEADLINE: Duration = Duration::from_secs(60);
/// Maximum size of a request.
const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A collector, and the spans that it has taken.
pub struct Collector {
    pub url: String,
    arriving: UnboundedReceiver<Span>,
    pub spans: Vec<Span>,
}

impl Collector {
    pub fn start() -> Self {
        let (sender, arriving) = unbounded_channel();
        let app = move || {
            let limit = web::PayloadConfig::new(REQUEST_BYTES_MAX);
            App::new()
                .app_data(web::Data::new(sender.clone()))
                .app_data(limit)
                .route("/v1/traces", web::post().to(take))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, arriving, spans: Vec::new() }
    }

    /// Waits for a span in this trace that `is_wanted`.
    pub async fn receive(&mut self, trace_id: &str, what: &str, is_wanted: impl Fn(&Span) -> bool) -> Span {
        let is_found = |span: &&Span| hex(&span.trace_id) == trace_id && is_wanted(span);
        loop {
            if let Some(span) = self.spans.iter().find(is_found) {
                return span.clone();
            }
            let Ok(Some(span)) = tokio::time::timeout(DEADLINE, self.arriving.recv()).await else {
                panic!("no span of {trace_id}: {what}; there are {:#?}", self.names(trace_id));
            };
            self.spans.push(span);
        }
    }

    /// Waits for a span with this name.
    pub async fn receive_named(&mut self, trace_id: &str, name: &str) -> Span {
        self.receive(trace_id, name, |span| span.name == name).await
    }

    /// Waits until the subscriber has applied an event of this type.
    pub async fn receive_applied(&mut self, trace_id: &str, subscriber: &str, event_type: &str) -> Span {
        let name = format!("process {event_type}");
        let is_wanted = |span: &Span| {
            span.name == name && text(&span.attributes, "messaging.consumer.group.name").as_deref() == Some(subscriber)
        };
        self.receive(trace_id, &format!("{name} by {subscriber}"), is_wanted).await
    }

    /// The names of the spans that have arrived in a trace.
    pub fn names(&self, trace_id: &str) -> Vec<&str> {
        self.spans.iter().filter(|span| hex(&span.trace_id) == trace_id).map(|span| span.name.as_str()).collect()
    }
}

async fn take(sender: web::Data<UnboundedSender<Span>>, body: web::Bytes) -> HttpResponse {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    for of_process in request.resource_spans {
        let resource = of_process.resource.unwrap();
        assert_eq!(text(&resource.attributes, "service.name").as_deref(), Some("piecework"));
        let spans = of_process.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans);
        // The test may have ended.
        spans.for_each(|span| drop(sender.send(span)));
    }
    HttpResponse::Ok().content_type("application/x-protobuf").finish()
}

/// The bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An attribute as a text.
pub fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{key} is {other:?}"),
    }
}

/// The kind of a span.
pub fn kind(span: &Span) -> SpanKind {
    SpanKind::try_from(span.kind).unwrap()
}
