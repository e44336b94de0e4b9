//! The HTTP client of the proxy.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::http::uri::InvalidUri;
use hyper::{Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;

use crate::Error;

/// A process that does not accept a connection within this time counts as unreachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// An idle connection is closed after this time. It is shorter than the keep-alive timeout of the
/// server, so that the client does not send a request on a connection that the server is closing.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// A pool of connections to the other processes.
pub type Client = HyperClient<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Makes a client. Connections are opened on demand.
pub fn connect(needs_tls: bool) -> Result<Client, Error> {
    let mut tcp = HttpConnector::new();
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_nodelay(true);
    // The scheme of the URL decides on TLS.
    tcp.enforce_http(false);
    let failed = |error: &dyn Display| Error::Failed(format!("TLS is not available: {error}"));
    let provider = rustls::crypto::ring::default_provider();
    let tls = if needs_tls {
        HttpsConnectorBuilder::new().with_provider_and_native_roots(provider).map_err(|error| failed(&error))?
    } else {
        // Without TLS, the machine needs no root certificates.
        let config = ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions();
        let config = config.map_err(|error| failed(&error))?.with_root_certificates(RootCertStore::empty());
        HttpsConnectorBuilder::new().with_tls_config(config.with_no_client_auth())
    };
    let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
    Ok(HyperClient::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_timer(TokioTimer::new())
        .build(connector))
}

/// Whether a URL needs TLS.
pub fn needs_tls(url: &Uri) -> bool {
    url.scheme_str() == Some("https")
}

/// Asks the process at `url` which modules it hosts.
///
/// # Errors
/// The reason why the process gives no answer.
pub async fn fetch_hosted_modules(url: &Uri) -> Result<Vec<String>, String> {
    #[derive(Deserialize)]
    struct Readiness {
        modules: Vec<String>,
    }
    let ask = async {
        let url_of_readiness = with_path(url, "/readyz").map_err(|error| error.to_string())?;
        let request = Request::get(url_of_readiness).body(Full::default()).map_err(|error| error.to_string())?;
        let client = connect(needs_tls(url)).map_err(|error| error.to_string())?;
        let response = client.request(request).await.map_err(|error| innermost_cause(&error))?;
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        serde_json::from_slice::<Readiness>(&body).map_err(|_| "another program answers at this address".to_owned())
    };
    let readiness = tokio::time::timeout(2 * CONNECT_TIMEOUT, ask).await.map_err(|_| "does not answer".to_owned())?;
    readiness.map(|readiness| readiness.modules)
}

/// The same URL with another path and query.
pub fn with_path(url: &Uri, path_and_query: &str) -> Result<Uri, hyper::http::Error> {
    let mut parts = url.clone().into_parts();
    parts.path_and_query = Some(path_and_query.parse().map_err(|error: InvalidUri| hyper::http::Error::from(error))?);
    Ok(Uri::from_parts(parts)?)
}

/// The outer errors only say that the request failed. The innermost one names the cause.
pub fn innermost_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
