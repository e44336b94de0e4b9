//! The request that is sent to the other process.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName};
use actix_web::web::Bytes;
use http_body_util::Full;
use hyper::header::HeaderMap;
use hyper::{Method, Request, Uri};
use kernel::Problem;
use kernel::http::problem::request_id;
use kernel::http::trace::TraceContext;

use super::client::with_path;
use super::end_to_end::{CLIENT_HEADER, FORWARDED_HEADER, FORWARDED_HOST_HEADER, relayed};

const FORWARDED_FOR_HEADER: HeaderName = HeaderName::from_static("x-forwarded-for");
const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT_HEADER: HeaderName = HeaderName::from_static("traceparent");

/// A copy of the request for the process at `url`.
///
/// # Errors
/// 500: the address or the method cannot be copied.
pub fn forwarded(
    module: &'static str,
    url: &Uri,
    request: &HttpRequest,
    body: Vec<u8>,
    client: Option<String>,
) -> Result<Request<Full<Bytes>>, Problem> {
    let path_and_query = request.uri().path_and_query().map_or("/", |address| address.as_str());
    let mut forwarded = Request::new(Full::from(body));
    *forwarded.uri_mut() = with_path(url, path_and_query).map_err(|error| Problem::internal(&error))?;
    *forwarded.method_mut() =
        Method::from_bytes(request.method().as_str().as_bytes()).map_err(|error| Problem::internal(&error))?;
    *forwarded.headers_mut() = headers(module, request, client);
    Ok(forwarded)
}

fn headers(module: &'static str, request: &HttpRequest, client: Option<String>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut add = |name: &HeaderName, value: &[u8]| {
        let name = hyper::header::HeaderName::from_bytes(name.as_str().as_bytes());
        // Both libraries accept the same names and values, so nothing is lost here.
        if let (Ok(name), Ok(value)) = (name, hyper::header::HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    };
    let own = [CLIENT_HEADER, FORWARDED_HEADER, FORWARDED_HOST_HEADER, REQUEST_ID_HEADER, TRACEPARENT_HEADER];
    for (name, value) in relayed(request.headers()).filter(|(name, _)| !own.contains(name)) {
        add(name, value.as_bytes());
    }
    add(&FORWARDED_HEADER, module.as_bytes());
    if let Some(host) = request.headers().get(header::HOST) {
        add(&FORWARDED_HOST_HEADER, host.as_bytes());
    }
    add(&REQUEST_ID_HEADER, request_id().as_bytes());
    if let Some(trace) = TraceContext::current() {
        add(&TRACEPARENT_HEADER, trace.to_string().as_bytes());
    }
    if let Some(client) = client {
        add(&CLIENT_HEADER, client.as_bytes());
    }
    // The address is added after those that the client sent. A reader of the header has to know
    // which proxies it trusts.
    if let Some(address) = request.peer_addr() {
        add(&FORWARDED_FOR_HEADER, address.ip().to_string().as_bytes());
    }
    headers
}
