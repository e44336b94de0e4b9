//! File locks: they end with the process that holds them, however it ends.

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

/// Longer than a start and a stop together may take.
const LOCK_WAIT: Duration = Duration::from_secs(150);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    Shared,
    Exclusive,
}

/// Opens a lock's file, making it when it is not there. Children never inherit it: std opens with O_CLOEXEC.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Takes the lock if nobody is in the way.
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

/// Waits for the exclusive lock without end: for the supervisor, whose life this wait is.
fn lock_exclusive(file: &File) -> io::Result<()> {
    loop {
        match flock(file, FlockOperation::LockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits until no user is left, and none has come for `linger`; then the lock is ours.
pub(crate) fn outlast(file: &File, linger: Duration) -> io::Result<()> {
    lock_exclusive(file)?;
    while !linger.is_zero() {
        flock(file, FlockOperation::Unlock)?;
        std::thread::sleep(linger);
        if try_lock(file, Lock::Exclusive)? {
            break;
        }
        lock_exclusive(file)?;
    }
    Ok(())
}

/// Waits for the lock until the deadline; `false` when that came first.
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

/// Waits for the lock as long as another process can need it.
pub(crate) fn lock_patiently(file: &File, lock: Lock, path: &Path) -> Result<(), Error> {
    let locked = lock_until(file, lock, Deadline::after(LOCK_WAIT)).map_err(Error::io("lock", path))?;
    if locked {
        return Ok(());
    }
    Err(Error::Locked { path: path.to_owned(), waited_seconds: LOCK_WAIT.as_secs() })
}

/// Whether the open file is still the one at that path: a lock on a deleted file protects nothing.
pub(crate) fn is_still_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((ours.dev(), ours.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes a user's lease, making the directory when it is not there.
///
/// Waits while a supervisor is ending the server. If that one deleted the directory meanwhile, the lease in hand is
/// for a file that is gone: then from the beginning, in the new directory.
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
        layout.check_ours(durability)?;
        let file = match open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::io("open", &path)(error)),
        };
        lock_patiently(&file, Lock::Shared, &path)?;
        if is_still_at(&file, &path).map_err(Error::io("look at", &path))? {
            return Ok(file);
        }
    }
}
