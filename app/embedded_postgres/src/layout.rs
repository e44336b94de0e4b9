//! The files of one embedded server and where they are.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::deadline::Deadline;
use crate::{Durability, Error};

/// Unix socket addresses end at 104 bytes on macOS and 108 on Linux.
const SOCKET_PATH_LIMIT_BYTES: usize = 100;

/// How many lines of the log an error carries.
const TAIL_LINES: usize = 20;

/// More than twenty lines ever need.
const TAIL_BYTES: u64 = 16 * 1024;

/// The directory of one embedded server.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    directory: PathBuf,
}

impl Layout {
    /// Resolves links as far as the path exists, so that every process calls the same server by the same name.
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

    /// Locked shared by each user, exclusively by the supervisor when it ends the server.
    pub(crate) fn lease(&self) -> PathBuf {
        self.directory.join("lease")
    }

    /// Locked by whoever looks for a server or starts one.
    pub(crate) fn start_lock(&self) -> PathBuf {
        self.directory.join("start.lock")
    }

    /// Locked by the supervisor as long as it lives; holds its pid.
    pub(crate) fn supervisor_lock(&self) -> PathBuf {
        self.directory.join("supervisor.lock")
    }

    /// What the starter tells the supervisor.
    pub(crate) fn parameters(&self) -> PathBuf {
        self.directory.join("parameters")
    }

    /// What the supervisor tells the starters: pid and port of the server that is ready.
    pub(crate) fn server(&self) -> PathBuf {
        self.directory.join("server")
    }

    /// PostgreSQL's data directory.
    pub(crate) fn cluster(&self) -> PathBuf {
        self.directory.join("cluster")
    }

    /// Names that start like this are half made or half deleted clusters.
    pub(crate) fn cluster_aside(&self) -> PathBuf {
        self.directory.join(format!("cluster.aside-{}", std::process::id()))
    }

    /// Where a durable server's password is; also what marks a directory as durable.
    pub(crate) fn password(&self) -> PathBuf {
        self.directory.join("password")
    }

    /// The socket's folder, unless its address would be too long for one.
    pub(crate) fn socket(&self) -> Option<PathBuf> {
        let folder = self.directory.join("socket");
        let longest = folder.join(".s.PGSQL.65535");
        let bytes = longest.as_os_str().as_encoded_bytes();
        // The setting is a list of quoted names.
        let usable = bytes.len() < SOCKET_PATH_LIMIT_BYTES && !bytes.contains(&b'"');
        usable.then_some(folder)
    }

    /// What supervisor, initdb and postgres have to say.
    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// Makes the directory when it is not there; `false` when somebody deleted it again at the same moment.
    pub(crate) fn make_directory(&self, account: Option<&Account>) -> Result<bool, Error> {
        if self.directory.is_dir() {
            return Ok(true);
        }
        if let Some(parent) = self.directory.parent() {
            fs::create_dir_all(parent).map_err(Error::io("make the folder", parent))?;
        }
        // The unprivileged user passes through, but reads and makes nothing here.
        let mode = if account.is_some() { 0o711 } else { 0o700 };
        let made = fs::create_dir(&self.directory)
            .and_then(|()| fs::set_permissions(&self.directory, fs::Permissions::from_mode(mode)));
        match made {
            Ok(()) => Ok(true),
            // Somebody else was quicker; a link to nowhere also "exists", and is no folder one could make.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !self.directory.is_symlink() => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io("make the folder", &self.directory)(error)),
        }
    }

    /// Refuses to throw away a directory in which others keep things.
    pub(crate) fn check_ours(&self, durability: Durability) -> Result<(), Error> {
        let foreign = || {
            let has_entries = fs::read_dir(&self.directory).is_ok_and(|mut entries| entries.next().is_some());
            has_entries && !self.lease().exists()
        };
        // A supervisor deletes the lease last, so a second look is not fooled by a deletion under way.
        let settled = Deadline::after(std::time::Duration::from_millis(100));
        if durability == Durability::Throwaway && !settled.wait_for(|| !foreign()) {
            return Err(Error::ForeignDirectory { directory: self.directory.clone() });
        }
        Ok(())
    }

    /// Deletes everything, the lease last: until it is gone no starter gets past it, and what appears afterwards
    /// belongs to a new server and is not touched.
    pub(crate) fn delete(&self) -> Result<(), Error> {
        let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        // Under its own name a half deleted cluster would be taken for a whole one after a kill -9 right here.
        match fs::rename(self.cluster(), self.cluster_aside()) {
            Err(error) if !gone(&error) => {
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
                Err(error) if !gone(&error) => return Err(Error::io("delete", &path)(error)),
                _ => {}
            }
        }
        fs::remove_file(self.lease()).map_err(Error::io("delete", &self.lease()))?;
        // Not empty: a new starter is already there, and the folder is its now.
        if let Err(error) = fs::remove_dir(&self.directory)
            && error.kind() != io::ErrorKind::DirectoryNotEmpty
            && !gone(&error)
        {
            return Err(Error::io("delete", &self.directory)(error));
        }
        Ok(())
    }

    /// Length of the log now, to read later only what was added.
    pub(crate) fn log_length_bytes(&self) -> u64 {
        fs::metadata(self.log()).map_or(0, |metadata| metadata.len())
    }

    /// What was added to the log since it was `from_bytes` long, the last 16 KiB of it.
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

    /// The log's last twenty lines.
    pub(crate) fn log_tail(&self) -> String {
        let text = self.log_since(0);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}
