//! Analytics: figures across modules, for admins. It owns no data.
#![doc = include_str!("../README.md")]

mod domain;
mod error;
mod http;
mod read;
mod service;
mod store;

use kernel::Module;

pub use error::PROBLEM_CODES;
pub use service::Analytics;

impl Analytics {
    /// The module as the process that hosts it sees it.
    #[must_use]
    pub fn module(&self) -> Module {
        let service = self.clone();
        Module::new("analytics", move |config| http::routes(config, service.clone()))
    }
}
