//! The proxy: it forwards requests for remote modules to the processes that host them.
//!
//! The other process does all that a gateway does: it identifies the caller, authorizes, limits and
//! logs. This process reads only the address of the request. It sends each request exactly once: a
//! repeated command could take effect twice, so only the client may repeat it.

mod client;
mod end_to_end;
mod request;
mod response;
mod target;
#[cfg(test)]
mod tests;

use actix_web::{HttpRequest, HttpResponse};
use kernel::Problem;
use kernel::runtime::shutdown::ShutdownSignal;

use crate::Error;

pub use self::client::{Client, connect, fetch_hosted_modules, innermost_cause, needs_tls};
pub use self::end_to_end::{CLIENT_HEADER, FORWARDED_HEADER, FORWARDED_HOST_HEADER};
pub use self::target::RemoteModule;

/// Sends requests to the processes that host the remote modules.
pub struct Proxy {
    client: Client,
    remote: Vec<RemoteModule>,
}

impl Proxy {
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(remote: Vec<RemoteModule>) -> Result<Self, Error> {
        let need_tls = remote.iter().filter_map(|remote| remote.url.as_ref()).any(needs_tls);
        Ok(Self { client: connect(need_tls)?, remote })
    }

    /// Whether another process hosts any module.
    #[must_use]
    pub fn has_remote_modules(&self) -> bool {
        !self.remote.is_empty()
    }

    /// The name of the module, if another process hosts it.
    #[must_use]
    pub fn remote_module(&self, name: &str) -> Option<&'static str> {
        self.remote.iter().map(|remote| remote.module.name).find(|remote| *remote == name)
    }

    /// The URL of the process that hosts a remote module, if it is configured.
    #[must_use]
    pub fn url_of(&self, module: &str) -> Option<String> {
        target::url_of(&self.remote, module).map(|url| url.to_string().trim_end_matches('/').to_owned())
    }

    /// Forwards a request and returns its response as soon as the head of the response has arrived.
    /// `client` is a token that tells the other process the address of the client.
    ///
    /// # Errors
    /// 503: the URL of the module is not configured, or its process does not answer.
    pub async fn forward(
        &self,
        module: &'static str,
        request: &HttpRequest,
        body: Vec<u8>,
        client: Option<String>,
        shutdown: ShutdownSignal,
    ) -> Result<HttpResponse, Problem> {
        let url = target::choose(&self.remote, module, request.headers())?;
        let forwarded = request::forwarded(module, url, request, body, client)?;
        let result = self.client.request(forwarded).await;
        let label = if result.is_ok() { "answered" } else { "failed" };
        metrics::counter!("piecework_http_forwarded_total", "module" => module, "outcome" => label).increment(1);
        let response = result.map_err(|error| response::unanswered(module, &error))?;
        response::relayed(module, response, shutdown)
    }
}
