//! Spans: what a collector of traces shows of a request, a batch, an event or a mail.
//!
//! A process without a collector records no span, and no span of a trace that is not sampled is
//! recorded. Names and attributes contain no personal data, no secret and no text of a client.

use std::future::Future;
use std::sync::OnceLock;

use opentelemetry::Context;
use opentelemetry::global::{BoxedSpan, BoxedTracer};
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer,
};

use crate::http::trace::TraceContext;

pub use opentelemetry::KeyValue;
pub use opentelemetry::trace::SpanKind;

static TRACER: OnceLock<BoxedTracer> = OnceLock::new();

/// Records spans with this tracer until the process ends. Only the first call has an effect.
pub fn record_with(tracer: BoxedTracer) {
    let _kept = TRACER.set(tracer);
}

/// A part of a trace. It ends when it is dropped.
pub struct Span(Option<BoxedSpan>);

impl Span {
    /// The first span of a trace. Whether it is recorded is up to the sampling ratio. `describe`
    /// returns the name and the attributes.
    pub fn root(kind: SpanKind, describe: impl FnOnce() -> (String, Vec<KeyValue>)) -> Self {
        Self::start(kind, Context::new, describe)
    }

    /// A span in the trace of `parent`.
    pub fn child(kind: SpanKind, parent: TraceContext, describe: impl FnOnce() -> (String, Vec<KeyValue>)) -> Self {
        if !parent.is_sampled() {
            return Self(None);
        }
        Self::start(kind, || Context::new().with_remote_span_context(span_context(parent)), describe)
    }

    fn start(
        kind: SpanKind,
        parent: impl FnOnce() -> Context,
        describe: impl FnOnce() -> (String, Vec<KeyValue>),
    ) -> Self {
        let Some(tracer) = TRACER.get() else { return Self(None) };
        let (name, attributes) = describe();
        let builder = SpanBuilder::from_name(name).with_kind(kind).with_attributes(attributes);
        let span = tracer.build_with_context(builder, &parent());
        Self(span.is_recording().then_some(span))
    }

    /// What the spans within this one have as their parent. None if this one is not recorded.
    #[must_use]
    pub fn context(&self) -> Option<TraceContext> {
        let context = self.0.as_ref()?.span_context();
        let (trace_id, span_id, flags) = (context.trace_id(), context.span_id(), context.trace_flags().to_u8());
        TraceContext::from_header(&format!("00-{trace_id}-{span_id}-{flags:02x}"))
    }

    /// Adds an attribute.
    pub fn set(&mut self, key: &'static str, value: impl Into<opentelemetry::Value>) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new(key, value));
        }
    }

    /// Marks the work as failed.
    pub fn fail(&mut self) {
        if let Some(span) = &mut self.0 {
            span.set_status(Status::error(""));
        }
    }
}

/// Runs `work`. If no request has caused it, it is a trace of its own with this name.
pub async fn traced<T>(name: &'static str, work: impl Future<Output = T>) -> T {
    if TraceContext::current().is_some() {
        return work.await;
    }
    let span = Span::root(SpanKind::Internal, || (name.to_owned(), Vec::new()));
    match span.context() {
        Some(context) => context.scope(work).await,
        None => work.await,
    }
}

/// Runs a part of the work of the request `cause`, which has already been answered. The part is in
/// the trace of the request; without a cause it is a trace of its own.
pub async fn continued<T>(name: &'static str, cause: Option<TraceContext>, work: impl Future<Output = T>) -> T {
    let Some(cause) = cause else { return traced(name, work).await };
    let span = Span::child(SpanKind::Internal, cause, || (name.to_owned(), Vec::new()));
    span.context().unwrap_or(cause).scope(work).await
}

fn span_context(context: TraceContext) -> SpanContext {
    let trace_id = TraceId::from_hex(context.trace_id()).unwrap_or(TraceId::INVALID);
    let span_id = SpanId::from_hex(context.parent_id()).unwrap_or(SpanId::INVALID);
    SpanContext::new(trace_id, span_id, TraceFlags::SAMPLED, true, TraceState::NONE)
}
