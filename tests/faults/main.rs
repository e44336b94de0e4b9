//! What only the real program can show: kill -9, restarts, signals and the command line.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod audit;
mod backup;
mod clock;
mod close_day;
mod collector;
mod commands;
mod crash;
mod csv_files;
mod data_directory;
mod demo;
mod emails;
mod embedded_postgres;
mod first_admin;
mod frozen;
mod http;
mod idempotency;
mod import;
mod keys;
mod metrics;
mod postgres_tls;
mod private_files;
mod refused_settings;
mod secrets;
mod settings;
mod shutdown;
mod traces;
mod verify;
