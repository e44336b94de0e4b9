//! What every module is built on: databases, events, jobs and HTTP, without a domain noun.
#![doc = include_str!("../README.md")]

mod date_range;
pub mod db;
pub mod events;
mod field_error;
pub mod http;
pub mod module;
mod order;
mod reason;
pub mod runtime;
pub mod text;
pub mod verify;

pub use date_range::DateRange;
pub use db::{Autocommit, DbError, ReadPool, Tx, WritePool};
pub use field_error::{Fault, FieldCode, FieldError};
pub use http::{CalendarDate, Problem};
pub use module::Module;
pub use order::{ListOrder, ListPosition};
pub use reason::{InvalidReason, Reason};
pub use runtime::Ambient;
