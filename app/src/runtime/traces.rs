//! Sends spans to a collector of traces, by OTLP over HTTP.
//!
//! Spans wait in a bounded queue for a thread of the library. While the collector does not take
//! them, spans are lost, and no work waits for it.

use std::time::Duration;

use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Uri;
use hyper::header::CONTENT_TYPE;
use kernel::Ambient;
use kernel::runtime::repeated::Repeated;
use kernel::runtime::span;
use opentelemetry::KeyValue;
use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider};
use tokio::runtime::Handle;

use crate::config::{self, Telemetry};
use crate::{Error, http};

/// The name of this program in traces.
const NAME: &str = "piecework";
/// The path for traces below the URL of a collector.
const PATH: &str = "/v1/traces";
/// The media type of a request.
const PROTOBUF: &str = "application/x-protobuf";
/// Maximum number of spans that wait. Further ones are lost.
const QUEUE_SPANS: usize = 8_192;
/// Maximum number of spans in one request to the collector.
const BATCH_SPANS: usize = 512;
/// Maximum time that a span waits for others.
const SEND_INTERVAL: Duration = Duration::from_secs(1);
/// Maximum time for one request to the collector.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum time that a stop of the program waits for the collector.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum size of a response of the collector, which is empty if it has taken all spans.
const RESPONSE_BYTES_MAX: usize = 64 * 1024;

static FAILED: Repeated = Repeated::new();

/// The way of the spans of this process to the collector.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to record spans, if the settings name a collector. Requests to it run on `runtime`.
    ///
    /// # Errors
    /// TLS cannot be set up, or a variable of the environment that the library reads is not valid.
    pub fn start(settings: &Telemetry, runtime: &Handle) -> Result<Option<Self>, Error> {
        let Some(url) = &settings.otlp_url else { return Ok(None) };
        let url = address(url);
        let invalid = |reason: String| config::Error::invalid("telemetry.otlp_url", reason);
        let client = CollectorClient { client: connect(&url)?, runtime: runtime.clone() };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(url)
            .with_timeout(REQUEST_TIMEOUT)
            .build()
            .map_err(|error| invalid(format!("cannot be used: {error}")))?;
        let queue = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE_SPANS)
            .with_max_export_batch_size(BATCH_SPANS)
            .with_scheduled_delay(SEND_INTERVAL)
            .build();
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.trace_sample_ratio)));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(queue).build())
            .with_sampler(sampler)
            .with_resource(resource())
            .build();
        span::record_with(BoxedTracer::new(Box::new(provider.tracer(NAME))));
        Ok(Some(Self(provider)))
    }

    /// Sends the spans that wait, if the collector takes them in time.
    pub fn stop(self) {
        // A failure is in the log already.
        let _sent = self.0.shutdown_with_timeout(STOP_TIMEOUT);
    }
}

/// Sends no spans to the collector at `url`.
///
/// # Errors
/// Why it would not take any.
pub async fn probe(url: &str) -> Result<(), String> {
    let url = address(url);
    let request = Request::post(&url).header(CONTENT_TYPE, PROTOBUF).body(Bytes::new());
    let request = request.map_err(|error| error.to_string())?;
    let client = connect(&url).map_err(|error| error.to_string())?;
    match send(client, request).await {
        Ok(response) if response.status().is_success() => Ok(()),
        Ok(response) => Err(response.status().to_string()),
        Err(error) => Err(http::innermost_cause(&*error)),
    }
}

/// The address for traces of the collector at `url`.
fn address(url: &str) -> String {
    format!("{}{PATH}", url.trim_end_matches('/'))
}

fn connect(url: &str) -> Result<http::Client, Error> {
    http::connect(url.parse::<Uri>().is_ok_and(|url| http::needs_tls(&url)))
}

fn resource() -> Resource {
    let instance = Ambient::system().new_id::<()>().to_string();
    let attributes = [KeyValue::new("service.version", http::VERSION), KeyValue::new("service.instance.id", instance)];
    Resource::builder_empty().with_service_name(NAME).with_attributes(attributes).build()
}

/// Sends requests to the collector.
#[derive(Debug)]
struct CollectorClient {
    client: http::Client,
    /// The thread of the library, which waits for the response, has no runtime.
    runtime: Handle,
}

impl HttpClient for CollectorClient {
    fn send_bytes<'client, 'async_trait>(
        &'client self,
        request: Request<Bytes>,
    ) -> BoxFuture<'async_trait, Result<Response<Bytes>, HttpError>>
    where
        'client: 'async_trait,
        Self: 'async_trait,
    {
        let sent = self.runtime.spawn(send(self.client.clone(), request));
        Box::pin(async move {
            let response = sent.await.map_err(HttpError::from).flatten();
            let failure = match &response {
                Ok(response) if response.status().is_success() => None,
                Ok(response) => Some(response.status().to_string()),
                Err(error) => Some(http::innermost_cause(&**error)),
            };
            if let Some((error, suppressed)) = failure.and_then(|error| Some((error, FAILED.due("")?))) {
                tracing::warn!(error, suppressed, "the collector of traces takes no spans, and some are lost");
            }
            response
        })
    }
}

async fn send(client: http::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let response = async {
        let (head, body) = client.request(request.map(Full::new)).await?.into_parts();
        let body = Limited::new(body, RESPONSE_BYTES_MAX).collect().await?.to_bytes();
        Ok(Response::from_parts(head, body))
    };
    tokio::time::timeout(REQUEST_TIMEOUT, response).await?
}
