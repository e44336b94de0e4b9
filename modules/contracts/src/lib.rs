//! The types that modules share: ids, money, roles, permissions, scopes, and events.
#![doc = include_str!("../README.md")]

pub mod audit;
mod carrier;
pub mod event;
pub mod events;
mod id;
mod money;
pub mod pages;
pub mod permission;
mod role;
mod scope;
mod secret;

pub use audit::{Actor, AuditAction};
pub use carrier::{Carrier, InvalidCarrier};
pub use event::{Causes, Event, Fact};
pub use id::{ApiTokenId, EventId, Id, PersonId, ReassignmentId, SessionId, TaskId, TransferId};
pub use money::{Currency, InvalidCurrency, Money};
pub use permission::Permission;
pub use role::{InvalidRole, Role};
pub use scope::{Scopes, UnknownScope};
pub use secret::Secret;
