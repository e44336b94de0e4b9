//! The analytics routes against real databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod asking;
mod figures;
mod refusals;
