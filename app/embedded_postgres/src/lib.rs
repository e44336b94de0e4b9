//! Runs a PostgreSQL of our own from the programs installed on this machine, shared by every process that needs it.
//!
//! Each user holds a shared lock on `directory/lease`. A detached supervisor owns the server and waits for the
//! exclusive lock on the same file: it gets it when the last user is gone, however that user went (return, panic,
//! `kill -9`), and then stops the server. What makes this sound:
//!
//! - The lease comes first. A user that holds a lease whose file is still the one at its path can rely on
//!   everything else: no supervisor stops a server or deletes a directory under it.
//! - Whoever looks for a server or starts one holds `start.lock`, taken after the lease.
//! - The supervisor holds `supervisor.lock` as long as it lives and says in `server` which of its children is
//!   ready; a server that is not in there is starting, stopping or an orphan, and is never joined.
//! - Nothing half made is ever under its final name: what takes several steps is made aside, then renamed.

mod account;
mod cluster;
mod deadline;
mod environment;
mod error;
mod find;
mod layout;
mod lease;
mod parameters;
mod postmaster;
mod start;
mod supervisor;

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

pub use error::Error;
pub use find::find_bin_dir;
pub use supervisor::supervise;

/// What becomes of the data when the server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// fsync on; passwords by SCRAM; the data directory survives.
    Durable,
    /// fsync off, no password; the whole directory is deleted when the last user is gone.
    Throwaway,
}

/// Which server to join or start.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that holds cluster, lease, socket and log; made when it is not there, and nobody else's.
    pub directory: PathBuf,
    /// Where `postgres` and `initdb` are: that folder, or its parent. `None`: look for them.
    pub bin_dir: Option<PathBuf>,
    /// What becomes of the data when the server ends.
    pub durability: Durability,
    /// Server settings beyond ours, as `-c name=value`; used when this call starts the server, not when it joins.
    pub settings: Vec<(String, String)>,
    /// The connection string of a running server whose streaming replica this one is to be. `None`: a primary.
    pub standby_of: Option<String>,
    /// The program, and its first arguments, that calls [`supervise`]; the directory is appended as the last one.
    pub supervisor: Vec<OsString>,
}

/// A user of the server: it stays up at least as long as this value lives.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    directory: PathBuf,
    port: u16,
    password: Option<String>,
    /// Closing this file gives the lease back; so does the end of the process, whatever ended it.
    _lease: File,
}

impl EmbeddedPostgres {
    /// Joins the server of this directory when it is up, else starts it; blocks until it accepts connections.
    ///
    /// Takes some 10 ms to join, 0.1 s to start an existing cluster, 1 s to make a new one; gives up after 60 s.
    ///
    /// # Errors
    /// PostgreSQL's programs are not installed or too old, the unprivileged user cannot reach the directory, the
    /// cluster is of another version or durability, or the server does not come up (with the end of its log).
    pub fn start(options: &Options) -> Result<Self, Error> {
        start::start(options)
    }

    /// The connection string of a database on this server; the name must need no escaping in a URL.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let port = self.port;
        match &self.password {
            Some(password) => {
                format!("postgres://postgres:{password}@127.0.0.1:{port}/{database}")
            }
            None => format!("postgres://postgres@127.0.0.1:{port}/{database}"),
        }
    }

    /// The port on 127.0.0.1; another one after every start.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder that holds cluster, lease, socket and log, with links resolved.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}
