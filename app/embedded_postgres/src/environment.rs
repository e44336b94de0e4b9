//! Reads environment variables and starts child processes with a minimal environment.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::account::Account;

/// The value of an environment variable. An empty value counts as not set.
#[expect(
    clippy::disallowed_methods,
    reason = "PATH and similar variables describe the machine and are no settings of Piecework"
)]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// A command for a program of PostgreSQL that runs as the account (`None`: as the user of this
/// process).
///
/// The environment is cleared, so that no PGDATA, PGPORT or secret of the caller reaches the
/// server. The messages are in English, because the supervisor searches the log for some of them.
pub(crate) fn postgres_command(program: &Path, account: Option<&Account>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C.UTF-8").env("TZ", "UTC").current_dir("/");
    for name in ["PATH", "LD_LIBRARY_PATH"] {
        if let Some(value) = variable(name) {
            command.env(name, value);
        }
    }
    if let Some(account) = account {
        command.gid(account.gid).uid(account.uid);
    }
    command
}
