//! The section `modules`: which of them this process hosts, and where the others are.

use std::collections::BTreeMap;

use reqwest::Url;
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
    pub fn url_of(&self, module: &str) -> Result<Option<Url>, String> {
        let Some(text) = self.places.get(module).and_then(|place| place.url.as_deref()) else { return Ok(None) };
        let example = "such as http://tasks1:8080";
        let url = Url::parse(text).map_err(|error| format!("is no URL ({error}); it looks like http://tasks1:8080"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(format!("begins with http:// or https:// and names a host, {example}"));
        }
        let has_more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
        if has_more || !url.username().is_empty() || url.password().is_some() {
            return Err(format!("is a host and a port and nothing else, {example}"));
        }
        Ok(Some(url))
    }
}
