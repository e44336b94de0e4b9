//! The HTTP client of the provider: with a deadline, without redirects, and with a limit on what it
//! reads.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use openidconnect::url::Url;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls::{ClientConfig, RootCertStore};

use super::addresses::Addresses;
use crate::error::Error;

/// A provider that does not accept a connection within this time is unavailable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum time for one request, from connecting to the last byte of the response.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(4);
/// Maximum size of a response. Documents of large providers have some tens of kilobytes.
const RESPONSE_BYTES_MAX: usize = 512 * 1024;

/// Why a request to the provider has no response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("the provider names the address {0}, which is neither https nor on this machine")]
    AddressRefused(String),
    #[error("the provider does not answer in time")]
    TimedOut,
    #[error("the provider cannot be reached: {0}")]
    Unreachable(String),
    #[error("the response of the provider cannot be read: {0}")]
    Response(String),
}

/// Sends requests to the provider. It follows no redirect, so the provider cannot make this program
/// call an address that was not checked.
pub(crate) struct HttpClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    addresses: Addresses,
}

impl HttpClient {
    /// A client that calls these addresses. It opens connections on demand.
    pub fn new(addresses: Addresses) -> Result<Self, Error> {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        // The scheme of the URL decides on TLS.
        tcp.enforce_http(false);
        let provider = rustls::crypto::ring::default_provider();
        let tls = match addresses {
            Addresses::Https => {
                HttpsConnectorBuilder::new().with_provider_and_native_roots(provider).map_err(|error| {
                    Error::Internal(format!("the certificates of this machine cannot be read: {error}"))
                })?
            }
            // Without TLS, the machine needs no root certificates.
            Addresses::HttpsOrLoopback => {
                let config = ClientConfig::builder_with_provider(Arc::new(provider))
                    .with_safe_default_protocol_versions()
                    .map_err(|error| Error::Internal(error.to_string()))?
                    .with_root_certificates(RootCertStore::empty());
                HttpsConnectorBuilder::new().with_tls_config(config.with_no_client_auth())
            }
        };
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        // Logins are rare, so no connection is kept: an idle one is closed by the provider.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { client, addresses })
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, RequestError> {
        let uri = request.uri().to_string();
        if !uri.parse::<Url>().is_ok_and(|url| self.addresses.allow(&url)) {
            return Err(RequestError::AddressRefused(uri));
        }
        let request = request.map(|body| Full::new(Bytes::from(body)));
        let response = async {
            let response = self.client.request(request).await;
            let (parts, body) =
                response.map_err(|error| RequestError::Unreachable(innermost_cause(&error)))?.into_parts();
            let body = Limited::new(body, RESPONSE_BYTES_MAX).collect().await;
            let body = body.map_err(|error| RequestError::Response(innermost_cause(&*error)))?.to_bytes();
            Ok::<_, RequestError>(HttpResponse::from_parts(parts, body.to_vec()))
        };
        tokio::time::timeout(REQUEST_TIMEOUT, response).await.map_err(|_| RequestError::TimedOut)?
    }
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = RequestError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, RequestError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// The outer errors only say that the request failed. The innermost one names the cause.
fn innermost_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
