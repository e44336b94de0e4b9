//! The section `modules`: which of them this process hosts, and where the others are.

use std::collections::BTreeMap;

use hyper::Uri;
use serde::Deserialize;

use crate::hosting::Hosting;

#[derive(Debug, Clone, Deserialize)]
pub struct Modules {
    hosted: Vec<String>,
    #[serde(flatten)]
    places: BTreeMap<String, Place>,
}

/// One module's.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    url: Option<String>,
}

impl Modules {
    /// What this process hosts.
    ///
    /// # Errors
    /// What is wrong with `modules.hosted`.
    pub fn hosting(&self) -> Result<Hosting, String> {
        Hosting::of(&self.hosted).map_err(|unknown| {
            format!("names `{unknown}`, and there is no such module; there are {}", Hosting::all().names().join(", "))
        })
    }

    /// Where the process is that hosts a module; none if that is not said.
    ///
    /// # Errors
    /// What is wrong with `modules.<name>.url`.
    pub fn url_of(&self, module: &str) -> Result<Option<Uri>, String> {
        let Some(text) = self.places.get(module).and_then(|place| place.url.as_deref()) else { return Ok(None) };
        let example = "such as http://tasks1:8080";
        let url: Uri = text.parse().map_err(|error| format!("is no URL ({error}); it is to be {example}"))?;
        let is_http = matches!(url.scheme_str(), Some("http" | "https"));
        let Some(authority) = url.authority().filter(|authority| is_http && !authority.host().is_empty()) else {
            return Err(format!("begins with http:// or https:// and names a host, {example}"));
        };
        let port = authority.as_str().strip_prefix(authority.host());
        let is_place = port.is_some_and(|port| {
            port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
        });
        if url.path() != "/" || url.query().is_some() || !is_place {
            return Err(format!("is a host and a port and nothing else, {example}"));
        }
        Ok(Some(url))
    }
}
