//! The options of a server.

use std::ffi::OsString;
use std::path::PathBuf;

/// Whether the data survives the end of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// fsync is on, a password is required (SCRAM), and the data survives.
    Durable,
    /// fsync is off, no password is required, and the directory is deleted when the last user has
    /// ended.
    Throwaway,
}

/// The server to join or start.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory of the cluster, lease, socket and log. It is made if it does not exist, and it
    /// must contain nothing else.
    pub directory: PathBuf,
    /// The directory of `postgres` and `initdb`, or its parent. `None`: the programs are searched
    /// for.
    pub bin_dir: Option<PathBuf>,
    /// Whether the data survives the end of the server.
    pub durability: Durability,
    /// Additional server settings, passed as `-c name=value`. They take effect if this call starts
    /// the server, not if it joins one.
    pub settings: Vec<(String, String)>,
    /// The connection string of the primary, if this server is a streaming replica. `None`: this
    /// server is a primary.
    pub standby_of: Option<String>,
    /// The program that calls [`supervise`](crate::supervise), and its first arguments. The
    /// directory becomes its last argument.
    pub supervisor: Vec<OsString>,
}
