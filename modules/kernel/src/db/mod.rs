//! Databases as a module uses them: a pool to write, a pool to read, and the transactions that
//! carry state and events.

pub mod consistency;
mod endpoints;
mod error;
mod health;
mod idempotency_keys;
mod pool;
mod pools;
mod position;
mod probe;
mod read;
mod replication;
mod role;
mod rows;
mod session;
mod session_check;
mod watch;
mod write;

pub use endpoints::{EndpointSettings, Endpoints, EndpointsHealth, allow_unopened};
pub use error::{DbError, Repetition};
pub use health::EndpointHealth;
pub use pool::REQUEST_ACQUIRE_TIMEOUT;
pub use pools::{PoolKind, PoolName, PoolState};
pub use position::{InvalidPosition, Lsn, Position};
pub use read::{ReadPool, Snapshot};
pub use role::{ModuleRole, RoleDefect, RoleStatus};
pub use rows::{RowSender, read_ahead};
pub use session::{Autocommit, Envelope, Tx};
pub use session_check::{SessionDefect, SessionUse, find_session_defect};
pub use write::WritePool;
