//! Strict extractors: input that is not understood is an error that names its place.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use tracing::Instrument;

use super::context::{self, RequestContext};
use super::idempotency;
use super::problem::{Problem, REQUEST_ID, request_id};
use super::trace::{self, TraceContext};
use crate::db::consistency;

/// Maximum size of a request body, unless the route has another limit.
pub const BODY_LIMIT_BYTES: usize = 64 * 1024;

/// A JSON body of at most `LIMIT` bytes. Every request type is declared with `deny_unknown_fields`,
/// so unknown fields are refused. A route with another limit than the usual one declares it as
/// `x-body-limit-bytes` in the API document.
pub struct Body<T, const LIMIT: usize = BODY_LIMIT_BYTES>(pub T);

/// A JSON body that may be missing.
pub struct OptionalBody<T>(pub Option<T>);

/// No body or an empty JSON object, for a request whose path says everything.
pub struct NoBody;

/// The query parameters.
pub struct Query<T>(pub T);

/// The path parameters.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + 'static, const LIMIT: usize> FromRequest for Body<T, LIMIT> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = read(&request, payload, LIMIT).await?;
            require_json(&request)?;
            parse(&bytes).map(Self)
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = read(&request, payload, BODY_LIMIT_BYTES).await?;
            if bytes.is_empty() {
                return Ok(Self(None));
            }
            require_json(&request)?;
            parse(&bytes).map(|body| Self(Some(body)))
        })
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl FromRequest for NoBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = read(&request, payload, BODY_LIMIT_BYTES).await?;
            if !bytes.is_empty() {
                require_json(&request)?;
                let Nothing {} = parse(&bytes)?;
            }
            Ok(Self)
        })
    }
}

/// Reads a whole body without decoding it.
///
/// # Errors
/// 413: the body is longer than `limit` bytes. 400: the connection broke off.
pub async fn read(request: &HttpRequest, mut payload: Payload, limit: usize) -> Result<Vec<u8>, Problem> {
    let too_large = || Problem::new(413, "body_too_large", format!("a body is at most {limit} bytes"));
    let announced =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Problem::malformed("", format!("the body broke off: {error}")))?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn require_json(request: &HttpRequest) -> Result<(), Problem> {
    let content_type =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Problem::new(415, "unsupported_media_type", "send the body as `Content-Type: application/json`"))
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // serde would accept an array as an object, with its items as the fields in order.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::malformed("", "a body is a JSON object, this is an array"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| Problem::malformed(json_pointer(error.path()), error.inner().to_string()))?;
    deserializer.end().map_err(|error| Problem::malformed("", error.to_string()))?;
    Ok(value)
}

fn json_pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                format!("/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Segment::Unknown => String::new(),
        })
        .collect()
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        std::future::ready(parse_query(request.query_string()).map(Self))
    }
}

/// Parses query parameters.
///
/// # Errors
/// 400: a parameter is unknown, sent twice, or has no valid value.
pub(super) fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    serde_path_to_error::deserialize(serde_html_form::Deserializer::from_bytes(query.as_bytes())).map_err(|error| {
        let path = error.path().to_string();
        let pointer = if path == "." { "?".to_owned() } else { format!("?{path}") };
        Problem::malformed(pointer, error.inner().to_string())
    })
}

impl<T: DeserializeOwned> FromRequest for Path<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let path = actix_web::web::Path::<T>::from_request(request, payload).into_inner();
        std::future::ready(
            path.map(|path| Self(path.into_inner())).map_err(|error| Problem::malformed("{path}", error.to_string())),
        )
    }
}

/// Runs work that changes state to its end, even if the client hangs up or the request times out.
///
/// # Errors
/// The error of the work; 500 if it panicked.
pub async fn shielded<T, E>(work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, Problem>
where
    T: Send + 'static,
    E: Into<Problem> + Send + 'static,
{
    // A spawned task has none of the request's task-local values and not its span, so they are
    // passed on. Without the span, a line of the log would not name its request.
    // It is on the heap, because each scope would hold the whole future once more on the stack.
    let work = Box::pin(async move { work.await.map_err(Into::into) });
    let work = REQUEST_ID.scope(request_id(), work).in_current_span();
    let work = trace::scope(TraceContext::current(), work);
    let work = context::scope(RequestContext::current(), work);
    let work = idempotency::continue_command(work);
    let shielded = match consistency::current() {
        Some(request) => tokio::spawn(consistency::scope(request, work)),
        None => tokio::spawn(work),
    };
    match shielded.await {
        Ok(result) => result,
        Err(error) => Err(Problem::internal(&error)),
    }
}
