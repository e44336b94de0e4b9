//! The whole system in one process, as people use it: over HTTP, on a clock that the tests move.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets what it did not expect must fail, and say where"
)]

mod acts;
mod api;
mod bad_input;
mod days;
mod figures;
mod ledger;
mod load;
mod methods;
mod paging;
mod people;
mod permissions;
mod problems;
mod sessions;
mod stage;
mod stopping;
mod story;
mod support;
mod tasks;
