//! The email module against a real database and a real mail server of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod files;
mod fixture;
mod http;
mod once;
mod retries;
mod smtp_server;
