//! How a module is hosted: database, events, jobs and HTTP, without a domain noun.
#![doc = include_str!("../README.md")]

pub mod ambient;
pub mod auth;
pub mod batch;
pub mod bus;
pub mod consistency;
mod date;
pub mod db;
pub mod http;
pub mod inbox;
pub mod jobs;
pub mod module;
pub mod outbox;
pub mod paging;
pub mod problem;
pub mod shutdown;
pub mod verify;

pub use ambient::Ambient;
pub use date::CalendarDate;
pub use db::{Autocommit, ReadPool, Tx, WritePool};
pub use module::Module;
pub use problem::Problem;
