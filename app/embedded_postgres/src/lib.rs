//! Runs a private PostgreSQL server from the programs installed on this machine, shared by every
//! process that needs it.
//!
//! Each user holds a shared lock on `directory/lease`. A detached supervisor owns the server and
//! waits for the exclusive lock on the same file. It gets the lock when the last user has ended,
//! for any reason (return, panic, `kill -9`), and then stops the server. Until then it starts a
//! server that ends by itself again, and each user starts a supervisor that ends again. The
//! protocol has four rules:
//!
//! - The lease comes first. While a user holds the lock on the file at the path of the lease, no
//!   supervisor stops the server or deletes the directory.
//! - A process that looks for a server or starts one holds `start.lock`. It takes this lock after
//!   the lease.
//! - The supervisor holds `supervisor.lock` as long as it lives. It writes the pid and port of the
//!   ready server to the file `server`. A server that is not in this file is starting, stopping or
//!   an orphan, and no user joins it.
//! - An incomplete file or directory never has its final name. It is made under another name and
//!   then renamed.

mod account;
mod cluster;
mod deadline;
mod environment;
mod error;
mod find;
mod join;
mod layout;
mod lease;
mod options;
mod outage;
mod parameters;
mod postmaster;
mod start;
mod supervisor;
mod watch;

pub use error::Error;
pub use find::find_bin_dir;
pub use options::{Durability, Options};
pub use start::EmbeddedPostgres;
pub use supervisor::supervise;
