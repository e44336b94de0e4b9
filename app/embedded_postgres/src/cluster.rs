//! Makes a cluster completely or not at all, and reads the properties of an existing one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, chown};
use std::path::Path;
use std::process::Stdio;

use crate::account::Account;
use crate::environment::postgres_command;
use crate::layout::Layout;
use crate::parameters::{Parameters, name_of};
use crate::{Durability, Error};

/// The major version that made the cluster. `None`: there is no cluster yet.
pub(crate) fn major(layout: &Layout) -> Result<Option<u32>, Error> {
    let path = layout.cluster().join("PG_VERSION");
    match fs::read_to_string(&path) {
        // Before version 10, a major version had two numbers, such as 9.6. The first one is enough,
        // because all of these versions are too old.
        Ok(text) => Ok(text.trim().split('.').next().and_then(|major| major.parse().ok())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", &path)(error)),
    }
}

/// Refuses to run a durable cluster as a throwaway one, which would delete it, and a throwaway
/// cluster as a durable one, which was made without fsync.
pub(crate) fn check_durability(layout: &Layout, wanted: Durability) -> Result<(), Error> {
    let found = if layout.password().exists() {
        Durability::Durable
    } else if layout.cluster().exists() {
        Durability::Throwaway
    } else {
        return Ok(());
    };
    if found == wanted {
        return Ok(());
    }
    Err(Error::OtherDurability {
        directory: layout.directory().to_owned(),
        found: name_of(found),
        wanted: name_of(wanted),
    })
}

/// The password of a durable server. A throwaway server has none.
pub(crate) fn password(layout: &Layout, durability: Durability) -> Result<Option<String>, Error> {
    if durability == Durability::Throwaway {
        return Ok(None);
    }
    let path = layout.password();
    let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    Ok(Some(text.trim_end().to_owned()))
}

/// Runs initdb if there is no cluster. Incomplete clusters of earlier attempts are removed first.
pub(crate) fn ensure(layout: &Layout, parameters: &Parameters, account: Option<&Account>) -> Result<(), Error> {
    remove_asides(layout);
    if layout.cluster().exists() {
        return Ok(());
    }
    let aside = layout.cluster_aside();
    make_private_directory(&aside, account)?;

    if let Some(primary) = &parameters.standby_of {
        copy_primary(primary, &aside, parameters, account)?;
        let cluster = layout.cluster();
        return fs::rename(&aside, &cluster).map_err(Error::io("rename", &aside));
    }
    let mut initdb = postgres_command(&parameters.bin_dir.join("initdb"), account);
    initdb.args(["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-D"]).arg(&aside);
    match parameters.durability {
        Durability::Throwaway => initdb.args(["-A", "trust", "--no-sync"]),
        Durability::Durable => {
            ensure_password(layout, account)?;
            initdb.args(["-A", "scram-sha-256", "--pwfile"]).arg(layout.password())
        }
    };
    let status = initdb.stdin(Stdio::null()).status().map_err(Error::io("run", &parameters.bin_dir.join("initdb")))?;
    if !status.success() {
        remove_asides(layout);
        return Err(Error::Initdb { status });
    }
    let cluster = layout.cluster();
    fs::rename(&aside, &cluster).map_err(Error::io("rename", &aside))?;
    if parameters.durability == Durability::Durable {
        sync_directory(layout.directory())?;
    }
    Ok(())
}

/// Makes the cluster of a replica as a copy of its primary.
fn copy_primary(primary: &str, aside: &Path, parameters: &Parameters, account: Option<&Account>) -> Result<(), Error> {
    let program = parameters.bin_dir.join("pg_basebackup");
    let mut copy = postgres_command(&program, account);
    copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--dbname", primary, "--pgdata"]).arg(aside);
    let status = copy.stdin(Stdio::null()).status().map_err(Error::io("run", &program))?;
    if status.success() { Ok(()) } else { Err(Error::Copy { status }) }
}

/// Makes a directory that only the server can read.
pub(crate) fn make_private_directory(path: &Path, account: Option<&Account>) -> Result<(), Error> {
    let made = fs::DirBuilder::new().mode(0o700).create(path);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(Error::io("make the directory", path)(error));
        }
        _ => {}
    }
    hand_over(path, account)
}

fn hand_over(path: &Path, account: Option<&Account>) -> Result<(), Error> {
    match account {
        Some(account) => chown(path, Some(account.uid), Some(account.gid))
            .map_err(Error::io("hand over to the unprivileged user", path)),
        None => Ok(()),
    }
}

/// Removes incomplete clusters. An initdb whose supervisor was killed may still write there; it
/// then fails. An error is only logged.
fn remove_asides(layout: &Layout) {
    let Ok(entries) = fs::read_dir(layout.directory()) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with("cluster.aside-")
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::warn!(%error, path = %entry.path().display(), "cannot remove an incomplete cluster");
        }
    }
}

/// Makes a password, if an earlier attempt has not made one. The file belongs to the user of the
/// server, because initdb reads it.
fn ensure_password(layout: &Layout, account: Option<&Account>) -> Result<(), Error> {
    let path = layout.password();
    if path.exists() {
        return Ok(());
    }
    let aside = path.with_extension("new");
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::io("delete", &aside)(error));
        }
        _ => {}
    }
    let text = random_hex().map_err(Error::io("read", Path::new("/dev/urandom")))?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&aside)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .map_err(Error::io("write", &aside))?;
    hand_over(&aside, account)?;
    fs::rename(&aside, &path).map_err(Error::io("write", &path))?;
    sync_directory(layout.directory())
}

/// 128 random bits as 32 hex digits, which need no escaping in a URL.
fn random_hex() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn sync_directory(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(Error::io("sync", path))
}
