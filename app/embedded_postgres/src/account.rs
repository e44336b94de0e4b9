//! The unprivileged user that runs PostgreSQL if this process is root, and the directories that
//! this user can reach.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::Error;

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// The user that runs PostgreSQL. `None`: the user of this process. PostgreSQL refuses to run
    /// as root, so root is replaced by `postgres` or `nobody`.
    pub(crate) fn to_run_as() -> Result<Option<Self>, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let path = Path::new("/etc/passwd");
        let passwd = fs::read_to_string(path).map_err(Error::io("read", path))?;
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| Self::in_passwd(&passwd, name))
            .map(Some)
            .ok_or(Error::NoAccount)
    }

    fn in_passwd(passwd: &str, wanted: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next().filter(|name| *name == wanted)?;
            let uid = fields.nth(1)?.parse().ok().filter(|uid| *uid != 0)?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self { name: name.to_owned(), uid, gid })
        })
    }

    /// The outermost directory of `path`, itself included, that this user may not enter according
    /// to the permission bits.
    ///
    /// A directory that does not exist yet is made later by this process.
    fn blocked_at(&self, path: &Path) -> Option<PathBuf> {
        let mut directories: Vec<&Path> = path.ancestors().collect();
        directories.reverse();
        directories
            .into_iter()
            .find(|directory| {
                fs::metadata(directory).is_ok_and(|metadata| {
                    let search_bit = if metadata.uid() == self.uid {
                        0o100
                    } else if metadata.gid() == self.gid {
                        0o010
                    } else {
                        0o001
                    };
                    metadata.mode() & search_bit == 0
                })
            })
            .map(Path::to_owned)
    }

    /// Fails with the directory that keeps this user from the data directory.
    pub(crate) fn check_data_directory(&self, path: &Path) -> Result<(), Error> {
        self.check(
            path,
            "set `data_dir` (PIECEWORK__DATA_DIR) to a directory that this user can reach, such as \
             /var/lib/piecework, or allow access with `chmod o+x`",
        )
    }

    /// Fails with the directory that keeps this user from the programs of PostgreSQL.
    pub(crate) fn check_bin_dir(&self, path: &Path) -> Result<(), Error> {
        self.check(path, "set `postgres.bin_dir` (PIECEWORK__POSTGRES__BIN_DIR) to programs that this user can reach")
    }

    fn check(&self, path: &Path, remedy: &'static str) -> Result<(), Error> {
        match self.blocked_at(path) {
            None => Ok(()),
            Some(directory) => {
                Err(Error::Blocked { directory, path: path.to_owned(), user: self.name.clone(), remedy })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_full_name_and_is_never_root() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:8::/:/bin/sh\npostgres:x:101:104:,,,:/:/bin/sh\nnobody:x:0:0::/:\n";
        let postgres = Account::in_passwd(passwd, "postgres").unwrap();
        assert_eq!((postgres.uid, postgres.gid), (101, 104));
        assert_eq!(Account::in_passwd(passwd, "nobody"), None);
    }
}
