//! The data directory: only the user that runs the program can read what is in it. Mails hold names
//! and pay, and the demo's file holds a password.

use std::fs::{self, DirEntry, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::Mode;
use rustix::process::{geteuid, umask};

/// The mode of a directory that only its owner uses.
const PRIVATE_DIRECTORY: u32 = 0o700;
/// The mode of a directory that other users may pass through, but not list.
const PASSABLE_DIRECTORY: u32 = 0o711;
/// The mode of a file that only its owner reads and writes.
const PRIVATE_FILE: u32 = 0o600;
/// The bits of a mode that are permissions, without set-user-id, set-group-id and the sticky bit.
const PERMISSION_BITS: u32 = 0o777;
/// The sticky bit: the directory is shared by several users.
const STICKY: u32 = 0o1000;
/// The folder of the embedded server, which sets its own modes.
pub const EMBEDDED_FOLDER: &str = "postgres";
/// The folder of mail that is written to files.
pub const MAIL_FOLDER: &str = "mail";
/// The data directory of the demo, below the usual one.
pub const DEMO_FOLDER: &str = "demo";
/// The file that the demo writes last. It holds the password of the demo's people.
pub const DEMO_FILE: &str = "demo.json";
/// Everything that the program puts into a data directory, and the folder that a file system of its
/// own contains.
const OUR_NAMES: [&str; 5] = [EMBEDDED_FOLDER, MAIL_FOLDER, DEMO_FOLDER, DEMO_FILE, "lost+found"];

/// Makes every file and directory that this process creates private. The umask of the caller has no
/// effect.
pub fn keep_new_files_private() {
    umask(Mode::RWXG | Mode::RWXO);
}

/// Creates the data directory and its missing parents.
///
/// # Errors
/// A directory cannot be created, or the path leads to a file.
pub fn create(data_dir: &Path) -> io::Result<()> {
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
    let missing: Vec<&Path> = data_dir.ancestors().take_while(is_missing).collect();
    for directory in missing.into_iter().rev() {
        match fs::create_dir(directory) {
            Ok(()) => fs::set_permissions(directory, Permissions::from_mode(directory_mode()))?,
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    // This fails if the path leads to a file.
    fs::create_dir_all(data_dir)
}

/// The mode of a data directory. If the program runs as root, the embedded PostgreSQL runs as
/// another user, whose cluster is below the data directory: this user must pass through. It cannot
/// list the directory, and the files in it stay private.
fn directory_mode() -> u32 {
    if geteuid().is_root() { PASSABLE_DIRECTORY } else { PRIVATE_DIRECTORY }
}

/// Takes the rights of other users from an existing data directory, which an earlier version may
/// have created. What cannot be changed is logged.
pub fn protect(data_dir: &Path) {
    if !data_dir.is_dir() {
        return;
    }
    if let Err(error) = protect_data_directory(data_dir) {
        let directory = data_dir.display();
        tracing::warn!(%error, %directory, "other users may be able to read the data directory");
    }
}

fn protect_data_directory(data_dir: &Path) -> io::Result<()> {
    let mut has_foreign_files = fs::metadata(data_dir)?.permissions().mode() & STICKY != 0;
    for entry in fs::read_dir(data_dir)? {
        let entry = entry?;
        match entry.file_name().to_str() {
            Some(EMBEDDED_FOLDER) => {}
            Some(MAIL_FOLDER) if is_directory(&entry)? => {
                limit(&entry.path(), PRIVATE_DIRECTORY)?;
                for mail in fs::read_dir(entry.path())? {
                    protect_file(&mail?)?;
                }
            }
            Some(DEMO_FOLDER) if is_directory(&entry)? => protect_data_directory(&entry.path())?,
            Some(DEMO_FILE) => protect_file(&entry)?,
            name => has_foreign_files |= !name.is_some_and(|name| OUR_NAMES.contains(&name)),
        }
    }
    if has_foreign_files {
        // It may be a home directory or /tmp, whose mode is not ours to change.
        tracing::info!(
            directory = %data_dir.display(),
            "the data directory holds files of other programs, so its own mode is left as it is"
        );
        return Ok(());
    }
    limit(data_dir, directory_mode())
}

/// Links are not followed.
fn is_directory(entry: &DirEntry) -> io::Result<bool> {
    entry.file_type().map(|kind| kind.is_dir())
}

fn protect_file(entry: &DirEntry) -> io::Result<()> {
    if entry.file_type()?.is_file() { limit(&entry.path(), PRIVATE_FILE) } else { Ok(()) }
}

/// Sets the mode, unless it is set. A file that was deleted meanwhile needs none.
fn limit(path: &Path, mode: u32) -> io::Result<()> {
    let limited = fs::metadata(path).and_then(|metadata| {
        let is_set = metadata.permissions().mode() & PERMISSION_BITS == mode;
        if is_set { Ok(()) } else { fs::set_permissions(path, Permissions::from_mode(mode)) }
    });
    match limited {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        limited => limited,
    }
}
