//! What can go wrong between an installed PostgreSQL and a server that answers.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no server; every text says what to do where something can be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No PostgreSQL was found on this machine.
    #[error(
        "no PostgreSQL found (looked in PATH, pg_config and the usual folders): {install}, or set `postgres.bin_dir` \
         (PIECEWORK__POSTGRES__BIN_DIR) to the folder that holds `postgres` and `initdb`"
    )]
    NotInstalled {
        /// The command that installs it on this system.
        install: String,
    },

    /// The setting names a folder without PostgreSQL's server programs.
    #[error(
        "`postgres.bin_dir` (PIECEWORK__POSTGRES__BIN_DIR) is {}, but neither it nor its `bin` holds `postgres` and \
         `initdb`", path.display()
    )]
    NotABinDir {
        /// What the setting says.
        path: PathBuf,
    },

    /// The only PostgreSQL found is too old.
    #[error(
        "PostgreSQL {version} in {} is too old, 14 or newer is needed: {install}, or set `postgres.bin_dir` \
         (PIECEWORK__POSTGRES__BIN_DIR) to a newer one", bin_dir.display()
    )]
    TooOld {
        /// The folder with the newest of the old ones.
        bin_dir: PathBuf,
        /// Its major version.
        version: u32,
        /// The command that installs a newer one on this system.
        install: String,
    },

    /// The cluster was made by a major version whose programs are not here.
    #[error(
        "the cluster in {} was made by PostgreSQL {cluster}, but only {found} is here: install PostgreSQL {cluster}, \
         set `postgres.bin_dir` (PIECEWORK__POSTGRES__BIN_DIR) to its programs, or move the data with pg_upgrade",
        directory.display()
    )]
    ClusterVersion {
        /// The folder that holds the cluster.
        directory: PathBuf,
        /// The major version that made it.
        cluster: u32,
        /// The versions found, as text.
        found: String,
    },

    /// As root: the unprivileged user cannot get to a folder it needs.
    #[error(
        "this process is root, so PostgreSQL runs as the user `{user}`, who cannot enter {} on the way to {}: {remedy}",
        folder.display(), path.display()
    )]
    Blocked {
        /// The folder that blocks the way.
        folder: PathBuf,
        /// Where the way was to lead.
        path: PathBuf,
        /// The user that has to go there.
        user: String,
        /// What to do about it.
        remedy: &'static str,
    },

    /// As root: there is no unprivileged user to run PostgreSQL as.
    #[error("PostgreSQL does not run as root, and /etc/passwd has neither a user `postgres` nor `nobody`")]
    NoAccount,

    /// The directory was made for the other durability.
    #[error("{} holds a {found} cluster, {wanted} was asked for: use another directory", directory.display())]
    OtherDurability {
        /// The directory.
        directory: PathBuf,
        /// What is there.
        found: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },

    /// A throwaway directory would be deleted with what others keep in it.
    #[error(
        "{} is not empty and holds no embedded PostgreSQL: it would be deleted at the end; use a directory of its own",
        directory.display()
    )]
    ForeignDirectory {
        /// The directory.
        directory: PathBuf,
    },

    /// A setting the server cannot be given.
    #[error("PostgreSQL setting `{name}`: {reason}")]
    Setting {
        /// Its name.
        name: String,
        /// Why not.
        reason: &'static str,
    },

    /// `Options::supervisor` is empty.
    #[error("no supervisor program was given")]
    NoSupervisor,

    /// Another process keeps a lock for longer than any start or stop takes.
    #[error("waited {waited_seconds} s for the lock {}: the process that holds it hangs", path.display())]
    Locked {
        /// The lock's file.
        path: PathBuf,
        /// For how long.
        waited_seconds: u64,
    },

    /// `pg_basebackup` failed; what it said is in the log.
    #[error("the primary could not be copied: pg_basebackup ended with {status}")]
    Copy {
        /// How it ended.
        status: std::process::ExitStatus,
    },

    /// `initdb` failed; what it said is in the log.
    #[error("initdb failed: {status}")]
    Initdb {
        /// How it ended.
        status: std::process::ExitStatus,
    },

    /// `postgres` ended by itself and could not be brought back; what it said is in the log.
    #[error("postgres ended by itself: {status}")]
    Ended {
        /// How it ended.
        status: std::process::ExitStatus,
    },

    /// The server did not come up.
    #[error("PostgreSQL did not start: {reason}; the end of {}:\n{tail}", log.display())]
    NotStarted {
        /// What happened.
        reason: String,
        /// The log's path.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },

    /// The file system or the operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    /// Names what was tried, for `map_err`.
    pub(crate) fn io<E: Into<io::Error>>(action: &'static str, path: &Path) -> impl FnOnce(E) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source: source.into() }
    }
}
