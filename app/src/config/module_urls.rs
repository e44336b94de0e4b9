//! The section `modules`: which modules the process hosts, and where the other modules are.

use std::collections::BTreeMap;

use hyper::Uri;
use serde::Deserialize;

use super::error::Error;

/// A URL that is allowed, for messages.
const EXAMPLE: &str = "such as http://tasks1:8080";

/// The section `modules`.
#[derive(Debug, Clone, Deserialize)]
pub struct Modules {
    /// The names of the modules that the process hosts. Empty: it hosts all modules.
    pub hosted: Vec<String>,
    #[serde(flatten)]
    remote: BTreeMap<String, Remote>,
}

/// The settings of one module.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remote {
    url: Option<String>,
}

impl Modules {
    /// The URL of a process that hosts the module. `None` if it is not set.
    ///
    /// # Errors
    /// `modules.<name>.url` is not the URL of a process.
    pub fn url_of(&self, module: &str) -> Result<Option<Uri>, Error> {
        let Some(text) = self.remote.get(module).and_then(|remote| remote.url.as_deref()) else { return Ok(None) };
        let url = parse(text).map_err(|reason| Error::invalid(format!("modules.{module}.url"), reason))?;
        Ok(Some(url))
    }

    /// # Errors
    /// One of the URLs is not the URL of a process.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.remote.keys().try_for_each(|module| self.url_of(module).map(drop))
    }
}

fn parse(text: &str) -> Result<Uri, String> {
    let url: Uri = text.parse().map_err(|error| format!("is no URL ({error}); it is to be {EXAMPLE}"))?;
    let is_http = matches!(url.scheme_str(), Some("http" | "https"));
    let Some(authority) = url.authority().filter(|authority| is_http && !authority.host().is_empty()) else {
        return Err(format!("begins with http:// or https:// and names a host, {EXAMPLE}"));
    };
    // A user before the host is refused as well: what follows the host is then not at the front.
    let port = authority.as_str().strip_prefix(authority.host());
    let is_host_and_port = port
        .is_some_and(|port| port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()));
    if url.path() != "/" || url.query().is_some() || !is_host_and_port {
        return Err(format!("is a host and a port and nothing else, {EXAMPLE}"));
    }
    Ok(url)
}
