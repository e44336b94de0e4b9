//! The application on databases with replicas, and on databases that are unreachable.
//!
//! There is a real primary with a real streaming replica, and a proxy to each that can be cut.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on must fail")]

mod commands;
mod degraded;
mod doctor;
mod failover;
mod freshness;
mod people;
mod positions;
mod routing;
mod startup;
mod verify;
