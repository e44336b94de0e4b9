//! The composition root: the only crate that knows every module. It holds configuration, HTTP,
//! bus, jobs and commands.

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
