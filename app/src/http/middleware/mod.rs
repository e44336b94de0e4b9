//! The middlewares of the gateway, one a file, and the checks of `admission`. `http/mod.rs` defines
//! the order of the middlewares.

pub mod access_log;
pub mod admission;
pub mod client_address;
pub mod conditional;
pub mod consistency;
pub mod cross_origin;
pub mod deadline;
pub mod event_streams;
pub mod forward;
pub mod head;
pub mod headers;
pub mod idempotency;
pub mod identify;
mod not_acceptable;
pub mod problems;
pub mod refusals;
pub mod request_body;
pub mod request_id;
pub mod response_headers;
mod throttle;
mod unknown_query;
