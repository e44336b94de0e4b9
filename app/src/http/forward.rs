//! Requests for modules that another process hosts: passed on as they are, once, and answered as they are.
//!
//! The other process does all that a gateway does: it finds out who is asking, decides, limits, records. Here nothing is looked at
//! but the address. Nothing is ever sent a second time by us: whether to repeat a command is for who gave it to decide.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, EitherBody, MessageBody, SizedStream};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::http::uri::InvalidUri;
use hyper::{Method, Request, Response, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, Error as ClientError, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kernel::Problem;
use kernel::module::Module;
use kernel::shutdown::ShutdownSignal;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Gateway;

/// Says that a request has been passed on already, and as what.
const FORWARDED_HEADER: HeaderName = HeaderName::from_static("x-piecework-forwarded");
const FORWARDED_FOR_HEADER: HeaderName = HeaderName::from_static("x-forwarded-for");
const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// What is between two neighbours only (RFC 9110, 7.6.1), or is said anew for the next one.
const NOT_PASSED_ON: [HeaderName; 13] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::DATE,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];
/// A machine that takes longer to answer at all is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Less than `KEEP_ALIVE`: so a connection is not used in the moment in which the other side closes it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// A page of parked events, each with all that it carries.
const ANSWER_LIMIT_BYTES: usize = 128 * 1024 * 1024;

/// A module that another process hosts.
pub struct Elsewhere {
    pub module: Module,
    /// None: nobody has said where.
    pub url: Option<Uri>,
}

type Connections = Client<HttpsConnector<HttpConnector>, Full<web::Bytes>>;

/// The way to the other processes.
pub struct Forwarder {
    connections: Connections,
    places: BTreeMap<&'static str, Option<Uri>>,
}

fn connections(needs_tls: bool) -> Result<Connections, crate::Error> {
    let mut tcp = HttpConnector::new();
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_nodelay(true);
    // Whether it is TLS is said by the URL.
    tcp.enforce_http(false);
    let failed = |error: &dyn std::fmt::Display| crate::Error::Failed(format!("there is no TLS to be had: {error}"));
    let provider = rustls::crypto::ring::default_provider();
    let tls = if needs_tls {
        HttpsConnectorBuilder::new().with_provider_and_native_roots(provider).map_err(|error| failed(&error))?
    } else {
        // A machine without certificates will do.
        let config = ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions();
        let config = config.map_err(|error| failed(&error))?.with_root_certificates(RootCertStore::empty());
        HttpsConnectorBuilder::new().with_tls_config(config.with_no_client_auth())
    };
    let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_timer(TokioTimer::new())
        .build(connector))
}

fn needs_tls(url: &Uri) -> bool {
    url.scheme_str() == Some("https")
}

/// The modules that the process at `url` says to host.
///
/// # Errors
/// Why it does not say.
pub async fn modules_at(url: &Uri) -> Result<Vec<String>, String> {
    #[derive(Deserialize)]
    struct Readiness {
        modules: Vec<String>,
    }
    let ask = async {
        let request = Request::get(at(url, "/readyz")?).body(Full::default()).map_err(|error| error.to_string())?;
        let connections = connections(needs_tls(url)).map_err(|error| error.to_string())?;
        let response = connections.request(request).await.map_err(|error| reason(&error))?;
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        serde_json::from_slice::<Readiness>(&body).map_err(|_| "somebody else answers there".to_owned())
    };
    let readiness = tokio::time::timeout(2 * CONNECT_TIMEOUT, ask).await.map_err(|_| "does not answer".to_owned())?;
    readiness.map(|readiness| readiness.modules)
}

/// Another path at the same place.
fn at(url: &Uri, path_and_query: &str) -> Result<Uri, String> {
    let mut parts = url.clone().into_parts();
    parts.path_and_query = Some(path_and_query.parse().map_err(|error: InvalidUri| error.to_string())?);
    Uri::from_parts(parts).map_err(|error| error.to_string())
}

/// The innermost cause: the outer ones only say that it was asked.
fn reason(error: &ClientError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

impl Forwarder {
    /// # Errors
    /// There is no TLS to be had.
    pub fn new(elsewhere: &[Elsewhere]) -> Result<Self, crate::Error> {
        let places = elsewhere.iter().map(|elsewhere| (elsewhere.module.name, elsewhere.url.clone())).collect();
        let needs_tls = elsewhere.iter().filter_map(|elsewhere| elsewhere.url.as_ref()).any(needs_tls);
        Ok(Self { connections: connections(needs_tls)?, places })
    }

    /// Passes a request on, and returns as soon as the head of the answer is there.
    async fn forward(
        &self,
        module: &'static str,
        request: &HttpRequest,
        body: Vec<u8>,
        shutdown: ShutdownSignal,
    ) -> Result<HttpResponse, Problem> {
        if request.headers().contains_key(FORWARDED_HEADER) {
            let detail = format!(
                "this process was taken for one that hosts {module}, and is not: \
                 modules.{module}.url of the process that was asked first leads to the wrong place"
            );
            return Err(Problem::new(503, "module_not_there", detail));
        }
        let Some(Some(url)) = self.places.get(module) else {
            let detail = format!(
                "the module {module} is not hosted here, and this process was not told where it is: set modules.{module}.url"
            );
            return Err(Problem::new(503, "module_not_here", detail));
        };
        let outcome = self.send(url, request, request_headers(module, request), body).await?;
        let label = if outcome.is_ok() { "answered" } else { "failed" };
        metrics::counter!("piecework_http_forwarded_total", "module" => module, "outcome" => label).increment(1);
        let response = outcome.map_err(|error| unanswered(module, &error))?;
        answer(module, response, shutdown)
    }

    async fn send(
        &self,
        url: &Uri,
        request: &HttpRequest,
        headers: hyper::HeaderMap,
        body: Vec<u8>,
    ) -> Result<Result<Response<Incoming>, ClientError>, Problem> {
        let path_and_query = request.uri().path_and_query().map_or("/", |address| address.as_str());
        let url = at(url, path_and_query).map_err(|error| Problem::internal(&error))?;
        let mut passed_on = Request::new(Full::from(body));
        *passed_on.uri_mut() = url;
        *passed_on.method_mut() =
            Method::from_bytes(request.method().as_str().as_bytes()).map_err(|error| Problem::internal(&error))?;
        *passed_on.headers_mut() = headers;
        Ok(self.connections.request(passed_on).await)
    }

    /// Asks every other process the same, once, for what each can only say of its own modules. A request that comes from
    /// another process is answered by this one alone.
    pub async fn ask_others<T: DeserializeOwned>(&self, request: &HttpRequest, body: &[u8]) -> Others<T> {
        let mut others = Others { answers: Vec::new(), silent: Vec::new() };
        if request.headers().contains_key(FORWARDED_HEADER) {
            return others;
        }
        let mut places: BTreeMap<String, (&Uri, Vec<&'static str>)> = BTreeMap::new();
        for (module, url) in &self.places {
            match url {
                Some(url) => places.entry(url.to_string()).or_insert((url, Vec::new())).1.push(module),
                None => others.silent.push(module),
            }
        }
        let asked = places.into_values().map(async |(url, modules)| {
            let answer = self.ask(url, modules[0], request, body.to_vec()).await;
            (modules, answer)
        });
        for (modules, answer) in join_all(asked).await {
            match answer {
                Ok(answer) => others.answers.extend(answer),
                Err(reason) => {
                    tracing::warn!(
                        request_id = kernel::problem::request_id(),
                        ?modules,
                        reason,
                        "a process said nothing"
                    );
                    others.silent.extend(modules);
                }
            }
        }
        others
    }

    /// None: it knows nothing of what was asked for.
    async fn ask<T: DeserializeOwned>(
        &self,
        url: &Uri,
        module: &'static str,
        request: &HttpRequest,
        body: Vec<u8>,
    ) -> Result<Option<T>, String> {
        let mut headers = request_headers(module, request);
        // Whatever the client can read, this is read here.
        headers.remove(hyper::header::ACCEPT_ENCODING);
        let sent = self.send(url, request, headers, body).await.map_err(|problem| problem.to_string())?;
        let response = sent.map_err(|error| reason(&error))?;
        let status = response.status();
        let is_command = request.method() != actix_web::http::Method::GET;
        if status == hyper::StatusCode::NOT_FOUND && is_command {
            return Ok(None);
        }
        // Every process has the lists: whoever has not is none of ours.
        if !status.is_success() {
            return Err(format!("it answered with {status}"));
        }
        let bytes = Limited::new(response.into_body(), ANSWER_LIMIT_BYTES).collect().await;
        let bytes = bytes.map_err(|error| error.to_string())?.to_bytes();
        serde_json::from_slice(&bytes).map(Some).map_err(|_| format!("it answered with {status}"))
    }
}

/// What the other processes say.
pub struct Others<T> {
    pub answers: Vec<T>,
    /// The modules of those who say nothing.
    pub silent: Vec<&'static str>,
}

impl<T> Others<T> {
    /// For an answer that would be wrong without them.
    ///
    /// # Errors
    /// 503: somebody has said nothing.
    pub fn everybody(self) -> Result<Vec<T>, Problem> {
        if self.silent.is_empty() {
            return Ok(self.answers);
        }
        let silent = self.silent.join(", ");
        let detail = format!("this concerns every module, and what {silent} has to say cannot be had right now");
        Err(Problem::unavailable("module_unreachable", detail))
    }
}

pub async fn pass_on<B: MessageBody + 'static>(
    gateway: web::Data<Gateway>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let places = &gateway.forwarder.places;
    let find = || gateway.routes.module(request.method().as_str(), request.path());
    let elsewhere = (!places.is_empty()).then(find).flatten().filter(|module| places.contains_key(module));
    let Some(module) = elsewhere else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    let payload = request.take_payload();
    let body = kernel::http::read(request.request(), payload).await?;
    let answer = gateway.forwarder.forward(module, request.request(), body, gateway.streams.clone()).await?;
    Ok(request.into_response(answer).map_into_right_body())
}

fn request_headers(module: &'static str, request: &HttpRequest) -> hyper::header::HeaderMap {
    let mut headers = hyper::header::HeaderMap::new();
    let mut add = |name: &HeaderName, value: &[u8]| {
        let name = hyper::header::HeaderName::from_bytes(name.as_str().as_bytes());
        // Both sides hold the same names and values to be good.
        if let (Ok(name), Ok(value)) = (name, hyper::header::HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    };
    let own = [FORWARDED_HEADER, REQUEST_ID_HEADER];
    for (name, value) in passed_on(request.headers()).filter(|(name, _)| !own.contains(name)) {
        add(name, value.as_bytes());
    }
    add(&FORWARDED_HEADER, module.as_bytes());
    add(&REQUEST_ID_HEADER, kernel::problem::request_id().as_bytes());
    // Behind what is there already: who reads it has to know whom to believe.
    if let Some(address) = request.peer_addr() {
        add(&FORWARDED_FOR_HEADER, address.ip().to_string().as_bytes());
    }
    headers
}

/// All but what is between neighbours, the headers that `Connection` names among it.
fn passed_on(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    headers
        .iter()
        .filter(move |(name, _)| !NOT_PASSED_ON.contains(name) && !named.iter().any(|named| named == name.as_str()))
}

fn unanswered(module: &'static str, error: &ClientError) -> Problem {
    tracing::warn!(request_id = kernel::problem::request_id(), module, ?error, "a request could not be passed on");
    if error.is_connect() {
        let detail = format!("the process that hosts {module} cannot be reached right now; nothing was done");
        return Problem::unavailable("module_unreachable", detail);
    }
    let detail = format!(
        "the process that hosts {module} has gone away without an answer; look whether it was done before you send it again"
    );
    Problem::unavailable("module_gone", detail)
}

/// The answer as it comes; a stream of events ends when we do.
fn answer(
    module: &'static str,
    response: Response<Incoming>,
    mut shutdown: ShutdownSignal,
) -> Result<HttpResponse, Problem> {
    let status = StatusCode::from_u16(response.status().as_u16()).map_err(|error| Problem::internal(&error))?;
    let mut headers = HeaderMap::new();
    for (name, value) in response.headers() {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            headers.append(name, value);
        }
    }
    let is_type = |kind: &str| {
        headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(kind.as_bytes()))
    };
    if status.is_server_error() && !is_type("application/problem+json") {
        // Not ours: a balancer between us that has nobody behind it.
        tracing::warn!(request_id = kernel::problem::request_id(), module, %status, "a request was answered on the way");
        let detail = format!(
            "nobody who hosts {module} can be reached right now; look whether it was done before you send it again"
        );
        return Err(Problem::unavailable("module_gone", detail));
    }
    let is_stream = is_type("text/event-stream");
    let mut answer = HttpResponse::build(status);
    for (name, value) in passed_on(&headers) {
        answer.append_header((name, value));
    }
    let body = response.into_body();
    let length = body.size_hint().exact();
    let chunks = body.into_data_stream();
    Ok(match length {
        _ if is_stream => {
            let end = async move { shutdown.triggered().await };
            answer.streaming(chunks.take_until(Box::pin(end)))
        }
        Some(length) => answer.body(SizedStream::new(length, chunks)),
        None => answer.streaming(chunks),
    })
}

#[cfg(test)]
mod tests;
