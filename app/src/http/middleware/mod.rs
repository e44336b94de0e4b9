//! The middlewares of the gateway, one a file. `http/mod.rs` defines their order.

pub mod access_log;
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
pub mod not_acceptable;
pub mod panics;
pub mod problems;
pub mod refusals;
pub mod request_body;
pub mod request_id;
pub mod security_headers;
pub mod split_bodies;
pub mod throttle;
pub mod uncompressed;
pub mod unknown_query;
pub mod version;
