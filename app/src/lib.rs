//! The composition root: the only crate that knows every module, and the home of configuration, HTTP, bus, jobs and commands.

pub mod application;
mod background;
pub mod bus;
pub mod cli;
pub mod config;
pub mod databases;
pub mod demo;
mod error;
pub mod hosting;
pub mod http;
pub mod jobs;
pub mod migrations;
pub mod modules;
mod opening;
mod sheet;
pub mod state;
pub mod telemetry;
pub mod verify;

pub use application::{Application, Listen, Options};
pub use error::Error;
