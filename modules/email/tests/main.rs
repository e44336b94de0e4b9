//! The email module against a real database and a real mail server of its own.

mod files;
mod fixture;
mod http;
mod once;
mod retries;
mod smtp_server;
