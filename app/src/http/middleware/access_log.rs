//! Writes one log line and one measurement for each request. Both name the route instead of the
//! path. The log line also names the person and the address of the client.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ::metrics::{Counter, Histogram};
use actix_web::Error;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use kernel::http::context::RequestContext;
use kernel::http::trace::TraceContext;
use tracing::Instrument;

use super::request_body::ResponseBody;
use crate::http::route_pattern::route_pattern;

/// Monitoring systems call these routes every few seconds. Their requests are logged at level
/// debug, and have no spans.
pub const QUIET: [&str; 3] = ["/livez", "/readyz", "/metrics"];
/// The name of the route of a request that matches none.
const UNKNOWN_ROUTE: &str = "(unknown)";
/// The name of all methods that are not known.
pub const UNKNOWN_METHOD: &str = "other";

thread_local! {
    /// The time series of the answers of this thread. To find a series by its labels takes longer
    /// than to write to it.
    static SERIES: RefCell<HashMap<Answered, Series>> = RefCell::default();
}

/// What the time series of an answer are labelled with.
#[derive(PartialEq, Eq, Hash)]
struct Answered {
    method: &'static str,
    route: Option<Rc<str>>,
    status: StatusCode,
}

/// The time series of one kind of answers.
struct Series {
    requests: Counter,
    duration: Histogram,
}

/// Logs and measures a request when its response is ready.
pub async fn record(request: ServiceRequest, next: Next<ResponseBody>) -> Result<ServiceResponse<ResponseBody>, Error> {
    let started = Instant::now();
    let method = known_method(request.method().as_str());
    let pattern = route_pattern(&request);
    let (request_id, trace) = (kernel::http::problem::request_id(), TraceContext::current());
    let span = tracing::info_span!("request", request_id, trace_id = trace.as_ref().map(TraceContext::trace_id));
    let response = next.call(request).instrument(span.clone()).await;
    let status = status_of(&response);
    let duration = started.elapsed();
    measure(Answered { method, route: pattern.clone(), status }, duration);
    let route = pattern.as_deref().unwrap_or(UNKNOWN_ROUTE);
    let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let status = status.as_u16();
    let context = RequestContext::current();
    let person_id = context.as_ref().and_then(|context| context.person_id()).map(tracing::field::display);
    let client_address = context.and_then(|context| context.address()).map(tracing::field::display);
    span.in_scope(|| {
        if QUIET.contains(&route) {
            tracing::debug!(method, route, status, duration_ms, person_id, client_address, "a request was answered");
        } else {
            tracing::info!(method, route, status, duration_ms, person_id, client_address, "a request was answered");
        }
    });
    response
}

fn measure(answered: Answered, duration: Duration) {
    SERIES.with_borrow_mut(|all| {
        let series = all.entry(answered).or_insert_with_key(Series::of);
        series.requests.increment(1);
        series.duration.record(duration.as_secs_f64());
    });
}

impl Series {
    fn of(answered: &Answered) -> Self {
        let route = answered.route.as_deref().unwrap_or(UNKNOWN_ROUTE).to_owned();
        let labels =
            [("method", answered.method.to_owned()), ("route", route), ("status", answered.status.as_str().to_owned())];
        Self {
            requests: ::metrics::counter!("piecework_http_requests_total", &labels),
            duration: ::metrics::histogram!("piecework_http_request_duration_seconds", &labels),
        }
    }
}

/// A client can send any text as a method. Unknown methods share one label, because each label is a
/// time series.
pub fn known_method(method: &str) -> &'static str {
    ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or(UNKNOWN_METHOD)
}

/// The status of a response, also of one that is still an error value.
pub fn status_of<B>(response: &Result<ServiceResponse<B>, Error>) -> StatusCode {
    match response {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    }
}
