//! The analytics routes with PostgreSQL databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue must fail")]

mod figures;
mod refusals;
mod request;
