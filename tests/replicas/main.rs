//! Databases with replicas, and databases that are away: a real primary, a real streaming replica, and ways to them that can be cut.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on must fail")]

#[path = "../system/api.rs"]
#[expect(dead_code, reason = "it is shared with the tests of the whole system, which ask more")]
mod api;
mod degraded;
mod positions;
mod routing;
mod starting;
mod support;
