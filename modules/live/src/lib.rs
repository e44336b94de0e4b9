//! Live: an event stream for each signed-in person. It owns no data.
#![doc = include_str!("../README.md")]

mod domain;
mod feed;
mod http;
mod read;
mod service;
mod store;
mod watch;

use kernel::Module;

pub use service::Live;

impl Live {
    /// The module as the process that hosts it sees it.
    #[must_use]
    pub fn module(&self) -> Module {
        let service = self.clone();
        Module::new("live", move |config| http::routes(config, service.clone()))
    }
}
