//! File locks. The operating system releases a lock when its process ends, for any reason.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::account::Account;
use crate::deadline::Deadline;
use crate::layout::Layout;
use crate::{Durability, Error};

/// Maximum time to wait for a lock. It is longer than a start and a stop together may take.
const LOCK_WAIT: Duration = Duration::from_secs(150);

/// The kind of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    Shared,
    Exclusive,
}

/// Opens the file of a lock and makes it if it does not exist. Child processes do not inherit it,
/// because std opens files with O_CLOEXEC.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Takes the lock if no other process holds a conflicting one.
pub(crate) fn try_lock(file: &File, lock: Lock) -> io::Result<bool> {
    let operation = match lock {
        Lock::Shared => FlockOperation::NonBlockingLockShared,
        Lock::Exclusive => FlockOperation::NonBlockingLockExclusive,
    };
    loop {
        match flock(file, operation) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits for the exclusive lock without a deadline. The supervisor spends its life in this wait.
fn lock_exclusive(file: &File) -> io::Result<()> {
    wait_for_lock(file, FlockOperation::LockExclusive)
}

/// Waits without a deadline until no process holds the exclusive lock, and takes the shared one.
pub(crate) fn lock_shared(file: &File) -> io::Result<()> {
    wait_for_lock(file, FlockOperation::LockShared)
}

fn wait_for_lock(file: &File, operation: FlockOperation) -> io::Result<()> {
    loop {
        match flock(file, operation) {
            Ok(()) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits until there is no user, and again none after a pause of `idle_timeout`. Then this process
/// holds the lock.
pub(crate) fn wait_until_unused(file: &File, idle_timeout: Duration) -> io::Result<()> {
    lock_exclusive(file)?;
    while !idle_timeout.is_zero() {
        flock(file, FlockOperation::Unlock)?;
        std::thread::sleep(idle_timeout);
        if try_lock(file, Lock::Exclusive)? {
            break;
        }
        lock_exclusive(file)?;
    }
    Ok(())
}

/// Waits for the lock until the deadline. `false`: the deadline passed first.
pub(crate) fn lock_until(file: &File, lock: Lock, deadline: Deadline) -> io::Result<bool> {
    let mut failure = None;
    let locked = deadline.wait_for(|| {
        try_lock(file, lock).unwrap_or_else(|error| {
            failure = Some(error);
            true
        })
    });
    match failure {
        Some(error) => Err(error),
        None => Ok(locked),
    }
}

/// Waits for the lock as long as a start and a stop of another process can take.
pub(crate) fn lock_patiently(file: &File, lock: Lock, path: &Path) -> Result<(), Error> {
    let locked = lock_until(file, lock, Deadline::after(LOCK_WAIT)).map_err(Error::io("lock", path))?;
    if locked {
        return Ok(());
    }
    Err(Error::Locked { path: path.to_owned(), waited_seconds: LOCK_WAIT.as_secs() })
}

/// Whether the open file is still the file at this path. A lock on a deleted file has no effect.
pub(crate) fn is_still_at(file: &File, path: &Path) -> io::Result<bool> {
    let open = file.metadata()?;
    match fs::metadata(path) {
        Ok(current) => Ok((open.dev(), open.ino()) == (current.dev(), current.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes the lease of a user and makes the directory if it does not exist.
///
/// Waits while a supervisor stops the server. If the supervisor has deleted the directory
/// meanwhile, the lock is on a deleted file, and this function starts again in a new directory.
pub(crate) fn take(layout: &Layout, account: Option<&Account>, durability: Durability) -> Result<File, Error> {
    let path = layout.lease();
    let deadline = Deadline::after(LOCK_WAIT);
    loop {
        if deadline.passed() {
            return Err(Error::Locked { path, waited_seconds: LOCK_WAIT.as_secs() });
        }
        if !layout.make_directory(account)? {
            continue;
        }
        layout.check_no_foreign_files(durability)?;
        let file = match open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::io("open", &path)(error)),
        };
        lock_patiently(&file, Lock::Shared, &path)?;
        if is_still_at(&file, &path).map_err(Error::io("inspect", &path))? {
            return Ok(file);
        }
    }
}
