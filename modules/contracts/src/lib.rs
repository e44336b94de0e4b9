//! What the modules say to each other: ids, money, roles, permissions, the event envelope and every event's shape. No technology.
#![doc = include_str!("../README.md")]

pub mod event;
pub mod events;
mod id;
mod money;
pub mod permission;
mod role;

pub use event::{Event, Fact};
pub use id::{EventId, Id, PersonId, ReassignmentId, SessionId, TaskId, TransferId};
pub use money::{Currency, InvalidCurrency, Money};
pub use permission::Permission;
pub use role::{InvalidRole, Role};
