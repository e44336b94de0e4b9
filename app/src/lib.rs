//! The composition root: the only crate that knows every module. It holds configuration, HTTP,
//! bus, jobs and commands.

// Each middleware nests the future of a request one level deeper, and a release build computes the
// layout of the whole.
#![recursion_limit = "256"]

pub mod application;
pub mod bus;
pub mod cli;
pub mod config;
mod data_directory;
pub mod databases;
mod error;
pub mod http;
pub mod modules;
pub mod recovery;
mod runtime;
pub mod startup;
pub mod status;
pub mod verification;

pub use application::{Application, Listen, Options};
pub use error::Error;
