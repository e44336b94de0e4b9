//! The response that the client gets for a forwarded request.

use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use futures_util::StreamExt;
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::{Body, Incoming};
use hyper_util::client::legacy::Error as ClientError;
use kernel::Problem;
use kernel::http::problem::request_id;
use kernel::runtime::repeated::Repeated;
use kernel::runtime::shutdown::ShutdownSignal;

use super::end_to_end;

static UNANSWERED: Repeated = Repeated::new();
static ANSWERED_BY_OTHERS: Repeated = Repeated::new();

/// The problem for a request that got no response.
pub fn unanswered(module: &'static str, error: &ClientError) -> Problem {
    if let Some(suppressed) = UNANSWERED.due(module) {
        tracing::warn!(request_id = request_id(), module, ?error, suppressed, "a forwarded request got no response");
    }
    if error.is_connect() {
        let detail = format!("the process that hosts the module {module} cannot be reached; the request had no effect");
        return Problem::unavailable("module_unreachable", detail);
    }
    let detail = format!(
        "the process that hosts the module {module} closed the connection without a response; \
         check whether the request took effect before you send it again"
    );
    Problem::unavailable("module_gone", detail)
}

/// Relays a response unchanged. An event stream also ends when this process shuts down.
///
/// # Errors
/// 503: the response does not come from a Piecework process.
pub fn relayed(
    module: &'static str,
    response: Response<Incoming>,
    mut shutdown: ShutdownSignal,
) -> Result<HttpResponse, Problem> {
    let status = StatusCode::from_u16(response.status().as_u16()).map_err(|error| Problem::internal(&error))?;
    let headers = headers(&response);
    let is_type = |kind: &str| {
        headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(kind.as_bytes()))
    };
    if status.is_server_error() && !is_type("application/problem+json") {
        // A load balancer without a reachable process answers like this.
        if let Some(suppressed) = ANSWERED_BY_OTHERS.due(module) {
            tracing::warn!(
                request_id = request_id(),
                module,
                %status,
                suppressed,
                "a forwarded request was answered by another program than Piecework"
            );
        }
        let detail = format!(
            "no process that hosts the module {module} can be reached; \
             check whether the request took effect before you send it again"
        );
        return Err(Problem::unavailable("module_gone", detail));
    }
    let is_stream = is_type("text/event-stream");
    let mut relayed = HttpResponse::build(status);
    for (name, value) in end_to_end::relayed(&headers) {
        relayed.append_header((name, value));
    }
    let body = response.into_body();
    let length = body.size_hint().exact();
    let chunks = body.into_data_stream();
    Ok(match length {
        _ if is_stream => {
            let end = async move { shutdown.triggered().await };
            relayed.streaming(chunks.take_until(Box::pin(end)))
        }
        Some(length) => relayed.body(SizedStream::new(length, chunks)),
        None => relayed.streaming(chunks),
    })
}

fn headers(response: &Response<Incoming>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in response.headers() {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            headers.append(name, value);
        }
    }
    headers
}
