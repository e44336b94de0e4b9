//! The facts of all events, by the module that publishes them.

pub mod accounting;
pub mod audit;
pub mod identity;
pub mod tasks;
