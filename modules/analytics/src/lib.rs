//! Analytics: figures across modules, for admins. It owns no data.
#![doc = include_str!("../README.md")]

mod domain;
mod error;
mod http;
mod service;
mod store;
mod view;

use std::sync::Arc;

use kernel::Module;

pub use service::Analytics;

impl Analytics {
    /// What the hosting process plugs in: routes, and nothing else.
    #[must_use]
    pub fn module(&self) -> Module {
        let analytics = self.clone();
        Module {
            name: "analytics",
            routes: Arc::new(move |config| http::routes(&analytics, config)),
            write: None,
            subscriber: None,
            jobs: Vec::new(),
        }
    }
}
