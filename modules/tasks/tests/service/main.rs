//! The tasks module on a real database: its use cases, the events that it publishes, and the events
//! that it subscribes to.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail, and say why")]

mod complete;
mod create;
mod fixture;
mod import;
mod inbox_retention;
mod list;
mod pool;
mod publishing;
mod reassign;
