//! The paths of the files of an embedded server.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::deadline::Deadline;
use crate::{Durability, Error};

/// Maximum length of the path of a socket. The limit is 104 bytes on macOS and 108 bytes on Linux.
const SOCKET_PATH_LIMIT_BYTES: usize = 100;

/// Number of lines of the log that an error contains.
const TAIL_LINES: usize = 20;

/// Maximum size of these lines.
const TAIL_BYTES: u64 = 16 * 1024;

/// The directory of one embedded server.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    directory: PathBuf,
}

impl Layout {
    /// Resolves links in the existing part of the path, so that every process has the same path for
    /// the same server.
    pub(crate) fn new(directory: &Path) -> Result<Self, Error> {
        let absolute = std::path::absolute(directory).map_err(Error::io("resolve", directory))?;
        let mut existing = absolute.as_path();
        while !existing.exists() {
            match existing.parent() {
                Some(parent) => existing = parent,
                None => break,
            }
        }
        let mut resolved = existing.canonicalize().map_err(Error::io("resolve", existing))?;
        if let Ok(rest) = absolute.strip_prefix(existing)
            && !rest.as_os_str().is_empty()
        {
            resolved.push(rest);
        }
        Ok(Self { directory: resolved })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The lease. Each user holds a shared lock on it, and the supervisor an exclusive one when it
    /// stops the server.
    pub(crate) fn lease(&self) -> PathBuf {
        self.directory.join("lease")
    }

    /// A process that looks for a server or starts one holds a lock on this file.
    pub(crate) fn start_lock(&self) -> PathBuf {
        self.directory.join("start.lock")
    }

    /// The supervisor holds a lock on this file as long as it lives. The file contains its pid.
    pub(crate) fn supervisor_lock(&self) -> PathBuf {
        self.directory.join("supervisor.lock")
    }

    /// The parameters that the starter writes for the supervisor.
    pub(crate) fn parameters(&self) -> PathBuf {
        self.directory.join("parameters")
    }

    /// The pid and port of the ready server, which the supervisor writes for the starters.
    pub(crate) fn server(&self) -> PathBuf {
        self.directory.join("server")
    }

    /// Why the server is away, which the supervisor writes for the users.
    pub(crate) fn outage(&self) -> PathBuf {
        self.directory.join("outage")
    }

    /// The data directory of PostgreSQL.
    pub(crate) fn cluster(&self) -> PathBuf {
        self.directory.join("cluster")
    }

    /// A cluster that is incomplete because it is being made or deleted.
    pub(crate) fn cluster_aside(&self) -> PathBuf {
        self.directory.join(format!("cluster.aside-{}", std::process::id()))
    }

    /// The password of a durable server. The file also marks the directory as durable.
    pub(crate) fn password(&self) -> PathBuf {
        self.directory.join("password")
    }

    /// The directory of the socket. `None`: its path is too long for a socket.
    pub(crate) fn socket(&self) -> Option<PathBuf> {
        let directory = self.directory.join("socket");
        let longest = directory.join(".s.PGSQL.65535");
        let bytes = longest.as_os_str().as_encoded_bytes();
        // The setting is a list of quoted names, so a name must not contain a quote.
        let usable = bytes.len() < SOCKET_PATH_LIMIT_BYTES && !bytes.contains(&b'"');
        usable.then_some(directory)
    }

    /// The output of the supervisor, initdb and postgres.
    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// Makes the directory if it does not exist. `false`: another process has deleted it again
    /// meanwhile.
    pub(crate) fn make_directory(&self, account: Option<&Account>) -> Result<bool, Error> {
        if self.directory.is_dir() {
            return Ok(true);
        }
        if let Some(parent) = self.directory.parent() {
            fs::create_dir_all(parent).map_err(Error::io("make the directory", parent))?;
        }
        // The unprivileged user enters the directory, but does not read it and makes nothing in it.
        let mode = if account.is_some() { 0o711 } else { 0o700 };
        let made = fs::create_dir(&self.directory)
            .and_then(|()| fs::set_permissions(&self.directory, fs::Permissions::from_mode(mode)));
        match made {
            Ok(()) => Ok(true),
            // Another process was faster. A link to a path that does not exist gives the same
            // error, but is no directory.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !self.directory.is_symlink() => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io("make the directory", &self.directory)(error)),
        }
    }

    /// Refuses a throwaway directory that contains files of other programs.
    pub(crate) fn check_no_foreign_files(&self, durability: Durability) -> Result<(), Error> {
        let foreign = || {
            let has_entries = fs::read_dir(&self.directory).is_ok_and(|mut entries| entries.next().is_some());
            has_entries && !self.lease().exists()
        };
        // A supervisor deletes the lease last, so after a short wait a deletion in progress is not
        // mistaken for foreign files.
        let deadline = Deadline::after(std::time::Duration::from_millis(100));
        if durability == Durability::Throwaway && !deadline.wait_for(|| !foreign()) {
            return Err(Error::ForeignDirectory { directory: self.directory.clone() });
        }
        Ok(())
    }

    /// Deletes all files, the lease last. Until the lease is deleted, no starter continues. Files
    /// that appear afterwards belong to a new server and stay.
    pub(crate) fn delete(&self) -> Result<(), Error> {
        let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        // After a kill -9 during the deletion, an incomplete cluster must not have the name of a
        // complete one.
        match fs::rename(self.cluster(), self.cluster_aside()) {
            Err(error) if !is_missing(&error) => {
                return Err(Error::io("rename", &self.cluster())(error));
            }
            _ => {}
        }
        let entries = fs::read_dir(&self.directory).map_err(Error::io("read", &self.directory))?;
        for entry in entries {
            let entry = entry.map_err(Error::io("read", &self.directory))?;
            let path = entry.path();
            if path == self.lease() {
                continue;
            }
            let removed = match entry.file_type() {
                Ok(kind) if kind.is_dir() => fs::remove_dir_all(&path),
                _ => fs::remove_file(&path),
            };
            match removed {
                Err(error) if !is_missing(&error) => return Err(Error::io("delete", &path)(error)),
                _ => {}
            }
        }
        fs::remove_file(self.lease()).map_err(Error::io("delete", &self.lease()))?;
        // If the directory is not empty, it belongs to a new starter.
        if let Err(error) = fs::remove_dir(&self.directory)
            && error.kind() != io::ErrorKind::DirectoryNotEmpty
            && !is_missing(&error)
        {
            return Err(Error::io("delete", &self.directory)(error));
        }
        Ok(())
    }

    /// The present length of the log. A later read can start there.
    pub(crate) fn log_length_bytes(&self) -> u64 {
        fs::metadata(self.log()).map_or(0, |metadata| metadata.len())
    }

    /// The text that was added to the log after its length was `from_bytes`, at most the last 16
    /// KiB.
    pub(crate) fn log_since(&self, from_bytes: u64) -> String {
        let length = self.log_length_bytes();
        let from = from_bytes.max(length.saturating_sub(TAIL_BYTES));
        let mut text = Vec::new();
        let read = File::open(self.log()).and_then(|mut file| {
            file.seek(SeekFrom::Start(from))?;
            file.take(TAIL_BYTES).read_to_end(&mut text)
        });
        match read {
            Ok(_) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) => format!("(cannot be read: {error})"),
        }
    }

    /// The last lines of the log.
    pub(crate) fn log_tail(&self) -> String {
        let text = self.log_since(0);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}
