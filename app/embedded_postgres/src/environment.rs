//! The few variables of the environment that matter here, and a child process that sees no others.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::account::Account;

/// The one place that reads the environment.
#[expect(clippy::disallowed_methods, reason = "PATH and the like are this machine's, not settings of Piecework")]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// One of PostgreSQL's programs, to be run as the account (`None`: as ourselves).
///
/// The environment is cleared: a PGDATA or PGPORT of the caller must not reach the server, nor any secret. English
/// messages, because the log is read for one of them.
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
