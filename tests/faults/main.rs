//! What only the real program can show: kill -9, restarts, signals and the command line.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod beside;
mod crash;
mod days;
mod demo;
mod ending;
mod ground;
mod http;
mod importing;
mod program;
mod settings;
mod verifying;
