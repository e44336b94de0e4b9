//! The errors of this crate.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no server. Each text says how to solve the problem, if that is possible.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No PostgreSQL was found on this machine.
    #[error(
        "no PostgreSQL found in PATH, by pg_config or in the usual directories: {install}, or set `postgres.bin_dir` \
         (PIECEWORK__POSTGRES__BIN_DIR) to the directory of `postgres` and `initdb`"
    )]
    NotInstalled {
        /// The command that installs PostgreSQL on this system.
        install: String,
    },

    /// The setting names a directory without the server programs of PostgreSQL.
    #[error(
        "`postgres.bin_dir` (PIECEWORK__POSTGRES__BIN_DIR) is {}, but neither this directory nor its `bin` contains \
         `postgres` and `initdb`", path.display()
    )]
    NotABinDir {
        /// The value of the setting.
        path: PathBuf,
    },

    /// All PostgreSQL versions found are too old.
    #[error(
        "PostgreSQL {version} in {} is too old; Piecework needs 14 or newer: {install}, or set `postgres.bin_dir` \
         (PIECEWORK__POSTGRES__BIN_DIR) to a newer version", bin_dir.display()
    )]
    TooOld {
        /// The directory of the newest version found.
        bin_dir: PathBuf,
        /// Its major version.
        version: u32,
        /// The command that installs a newer one on this system.
        install: String,
    },

    /// The programs of the major version that made the cluster are not installed.
    #[error(
        "the cluster in {} was made by PostgreSQL {cluster}, but only {found} is installed: install PostgreSQL {cluster}, \
         set `postgres.bin_dir` (PIECEWORK__POSTGRES__BIN_DIR) to its programs, or move the data with pg_upgrade",
        directory.display()
    )]
    ClusterVersion {
        /// The directory of the cluster.
        directory: PathBuf,
        /// The major version that made the cluster.
        cluster: u32,
        /// The installed versions, separated by commas.
        found: String,
    },

    /// This process is root, and the unprivileged user cannot reach a directory that it needs.
    #[error(
        "this process is root, so PostgreSQL runs as the user `{user}`, who cannot enter {} on the way to {}: {remedy}",
        directory.display(), path.display()
    )]
    Blocked {
        /// The directory that the user cannot enter.
        directory: PathBuf,
        /// The path that the user has to reach.
        path: PathBuf,
        /// The unprivileged user.
        user: String,
        /// How to solve the problem.
        remedy: &'static str,
    },

    /// This process is root, and there is no unprivileged user to run PostgreSQL.
    #[error("PostgreSQL does not run as root, and /etc/passwd contains no user `postgres` and no user `nobody`")]
    NoAccount,

    /// The directory was made with the other durability.
    #[error("{} contains a {found} cluster, but a {wanted} one is requested: use another directory", directory.display())]
    OtherDurability {
        /// The directory.
        directory: PathBuf,
        /// The durability of the cluster.
        found: &'static str,
        /// The requested durability.
        wanted: &'static str,
    },

    /// The directory of a throwaway server contains other files, which would be deleted with it.
    #[error(
        "{} contains files that do not belong to an embedded PostgreSQL and would be deleted with it: use an empty \
         directory",
        directory.display()
    )]
    ForeignDirectory {
        /// The directory.
        directory: PathBuf,
    },

    /// A server setting is not allowed.
    #[error("PostgreSQL setting `{name}`: {reason}")]
    Setting {
        /// The name of the setting.
        name: String,
        /// Why the setting is not allowed.
        reason: &'static str,
    },

    /// `Options::supervisor` is empty.
    #[error("no supervisor program is configured")]
    NoSupervisor,

    /// Another process holds a lock for longer than a start or a stop takes.
    #[error("waited {waited_seconds} s for the lock {}: the process that holds it hangs", path.display())]
    Locked {
        /// The file of the lock.
        path: PathBuf,
        /// How long this process has waited, in seconds.
        waited_seconds: u64,
    },

    /// `pg_basebackup` failed. Its output is in the log.
    #[error("cannot copy the primary: pg_basebackup ended with {status}")]
    Copy {
        /// The exit status of the program.
        status: std::process::ExitStatus,
    },

    /// `initdb` failed. Its output is in the log.
    #[error("initdb failed: {status}")]
    Initdb {
        /// The exit status of the program.
        status: std::process::ExitStatus,
    },

    /// `postgres` ended by itself and could not be restarted. Its output is in the log.
    #[error("postgres ended by itself: {status}")]
    Ended {
        /// The exit status of the program.
        status: std::process::ExitStatus,
    },

    /// The server did not start.
    #[error("PostgreSQL did not start: {reason}; the end of {}:\n{tail}", log.display())]
    NotStarted {
        /// Why the server did not start.
        reason: String,
        /// The path of the log.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },

    /// An operation of the operating system failed.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The operation, as a verb.
        action: &'static str,
        /// The file or directory of the operation.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl Error {
    /// Adds the operation and the path to an error, for `map_err`.
    pub(crate) fn io<E: Into<io::Error>>(action: &'static str, path: &Path) -> impl FnOnce(E) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source: source.into() }
    }
}
