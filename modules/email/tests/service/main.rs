//! The email module with a PostgreSQL database and a small mail server.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue must fail")]

mod accepted;
mod delete_texts;
mod delivery;
mod file_transport;
mod fixture;
mod http;
mod notices;
mod password_links;
mod refused;
mod retries;
mod secured;
mod smtp_server;
