//! Every event, by the module that publishes it.

pub mod accounting;
pub mod identity;
pub mod tasks;
