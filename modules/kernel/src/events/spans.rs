//! The spans of events that are published or applied: one for each event in each trace that the
//! event belongs to.

use std::future::Future;

use contracts::Event;
use tracing::Instrument;

use crate::http::trace::{self, TraceContext, causes_of};
use crate::runtime::span::{KeyValue, Span, SpanKind};

/// The value of `messaging.system`: modules know neither the bus nor the broker.
const SYSTEM: &str = "piecework";

/// The spans of a set of events.
pub(super) struct EventSpans(Vec<(Span, TraceContext)>);

impl EventSpans {
    /// Events that are being published.
    pub fn send(events: &[Event]) -> Self {
        Self::start(&SpanKind::Producer, "send", events, None)
    }

    /// Events that are being applied by a subscriber.
    pub fn process(events: &[Event], subscriber: &'static str) -> Self {
        Self::start(&SpanKind::Consumer, "process", events, Some(subscriber))
    }

    fn start(kind: &SpanKind, operation: &'static str, events: &[Event], subscriber: Option<&'static str>) -> Self {
        let describe = |event: &Event| {
            let mut attributes = vec![
                KeyValue::new("messaging.system", SYSTEM),
                KeyValue::new("messaging.operation.name", operation),
                KeyValue::new("messaging.operation.type", operation),
                KeyValue::new("messaging.destination.name", event.kind.clone()),
                KeyValue::new("messaging.message.id", event.id.to_string()),
            ];
            attributes.extend(subscriber.map(|group| KeyValue::new("messaging.consumer.group.name", group)));
            (format!("{operation} {}", event.kind), attributes)
        };
        let span = |event, cause| (Span::child(kind.clone(), cause, || describe(event)), cause);
        let spans = events.iter().flat_map(|event| causes_of(event).map(move |cause| (event, cause)));
        Self(spans.map(|(event, cause)| span(event, cause)).collect())
    }

    /// Runs the work that the spans are about, as work for the requests that caused the events.
    pub async fn during<T, E>(mut self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let requests: Vec<TraceContext> = self.0.iter().map(|(span, cause)| span.context().unwrap_or(*cause)).collect();
        let result = trace::scope_all(requests.iter().copied(), work).await;
        if result.is_err() {
            self.0.iter_mut().for_each(|(span, _)| span.fail());
        }
        result
    }
}

/// Runs work on events. Its log lines name the trace of the first event, and the subscriber.
pub(super) async fn logged<T>(events: &[Event], subscriber: &'static str, work: impl Future<Output = T>) -> T {
    let cause = events.iter().find_map(|event| causes_of(event).next());
    let trace_id = cause.as_ref().map(TraceContext::trace_id);
    work.instrument(tracing::info_span!("delivery", subscriber, trace_id)).await
}
