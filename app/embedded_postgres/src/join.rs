//! Joins the server, or starts a supervisor for it and waits until it is ready.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::account::Account;
use crate::deadline::{Deadline, POLL_INTERVAL};
use crate::find::find_bin_dir_for;
use crate::layout::Layout;
use crate::lease::{self, Lock};
use crate::options::Options;
use crate::parameters::{Parameters, Server};
use crate::postmaster::{self, PidFile};
use crate::{Error, cluster};

/// Maximum time until a server accepts connections.
const START_WAIT: Duration = Duration::from_secs(60);

/// A start renames a log that is larger than this. One old log is kept.
const LOG_LIMIT_BYTES: u64 = 8 * 1024 * 1024;

/// Joins the server if it runs, and starts it otherwise. The caller holds the lease. `port` is the
/// port that the caller's users know, if they had a server before.
pub(crate) fn join_or_start(
    layout: &Layout,
    options: &Options,
    account: Option<&Account>,
    port: Option<u16>,
) -> Result<Server, Error> {
    // The lease protects the directory, so the file of this lock cannot be replaced.
    let path = layout.start_lock();
    let starting = lease::open(&path).map_err(Error::io("open", &path))?;
    lease::lock_patiently(&starting, Lock::Exclusive, &path)?;
    cluster::check_durability(layout, options.durability)?;
    let server = Start { layout, options, account, port }.wait_until_ready()?;
    // The check is repeated because the cluster may not have existed before.
    cluster::check_durability(layout, options.durability)?;
    Ok(server)
}

/// A start of a server.
struct Start<'a> {
    layout: &'a Layout,
    options: &'a Options,
    account: Option<&'a Account>,
    port: Option<u16>,
}

impl Start<'_> {
    /// Waits for a ready server that has a supervisor. If there is no supervisor, starts one.
    fn wait_until_ready(&self) -> Result<Server, Error> {
        let deadline = Deadline::after(START_WAIT);
        let mut started: Option<Child> = None;
        loop {
            if let Some(no_supervisor) = supervisor_lock_if_free(self.layout)? {
                let ended = match &mut started {
                    Some(child) => child.try_wait().map_err(Error::io("wait for", self.layout.directory()))?,
                    None => None,
                };
                match ended {
                    // It succeeds if another supervisor was faster. That one has ended meanwhile.
                    Some(status) if status.success() => started = None,
                    Some(status) => {
                        return Err(not_started(self.layout, format!("the supervisor ended with {status}")));
                    }
                    None => {}
                }
                if started.is_none() {
                    // The lock is still held, so this does not delete the file of a new supervisor.
                    Server::withdraw(self.layout)?;
                    drop(no_supervisor);
                    started = Some(self.start_supervisor()?);
                }
            } else if let Some(server) = ready_server(self.layout) {
                if let Some(child) = started {
                    reap_in_background(child)?;
                }
                return Ok(server);
            }
            if deadline.passed() {
                if let Some(child) = started {
                    reap_in_background(child)?;
                }
                let reason = format!("not ready after {} s", START_WAIT.as_secs());
                return Err(not_started(self.layout, reason));
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    fn start_supervisor(&self) -> Result<Child, Error> {
        let Self { layout, options, account, port } = *self;
        let cluster_major = cluster::major(layout)?;
        let bin_dir = find_bin_dir_for(options.bin_dir.as_deref(), layout.directory(), cluster_major)?;
        if let Some(account) = account {
            account.check_bin_dir(&bin_dir)?;
        }
        tracing::info!(directory = %layout.directory().display(), bin_dir = %bin_dir.display(), "starting PostgreSQL");
        let parameters = Parameters {
            bin_dir,
            durability: options.durability,
            settings: options.settings.clone(),
            standby_of: options.standby_of.clone(),
            port,
        };
        parameters.write(layout)?;

        let (program, arguments) = options.supervisor.split_first().ok_or(Error::NoSupervisor)?;
        let program = resolve_program(program)?;
        let log = open_log(layout)?;
        let for_errors = log.try_clone().map_err(Error::io("open", &layout.log()))?;
        // The supervisor keeps no pipe and no directory of the caller open, so that a reader of the
        // caller's output sees its end.
        Command::new(&program)
            .args(arguments)
            .arg(layout.directory())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(for_errors)
            .spawn()
            .map_err(Error::io("run the supervisor", &program))
    }
}

/// The lock of the supervisor, if no supervisor lives. Only supervisors and the holder of
/// `start.lock` take it.
fn supervisor_lock_if_free(layout: &Layout) -> Result<Option<File>, Error> {
    let path = layout.supervisor_lock();
    let file = lease::open(&path).map_err(Error::io("open", &path))?;
    let free = lease::try_lock(&file, Lock::Exclusive).map_err(Error::io("lock", &path))?;
    Ok(free.then_some(file))
}

/// The server that its supervisor has published, if it answers.
fn ready_server(layout: &Layout) -> Option<Server> {
    let server = Server::published(layout)?;
    let pid_file = PidFile::read(layout)?;
    let ready = pid_file.ready && pid_file.pid == server.pid && postmaster::answers(server.port);
    ready.then_some(server)
}

/// The supervisor runs in `/`, so a relative path is made absolute. A name without a slash is
/// searched in PATH.
fn resolve_program(program: &OsStr) -> Result<PathBuf, Error> {
    let path = Path::new(program);
    if path.components().count() < 2 {
        return Ok(path.to_owned());
    }
    std::path::absolute(path).map_err(Error::io("resolve", path))
}

fn open_log(layout: &Layout) -> Result<File, Error> {
    let path = layout.log();
    if layout.log_length_bytes() > LOG_LIMIT_BYTES {
        let old = path.with_extension("old");
        fs::rename(&path, &old).map_err(Error::io("rename", &path))?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        // The log contains failed statements, which may contain data.
        .mode(0o600)
        .open(&path)
        .map_err(Error::io("open", &path))
}

/// The supervisor usually outlives this process. If it does not, this thread reaps it, so that it
/// leaves no zombie.
fn reap_in_background(mut child: Child) -> Result<(), Error> {
    thread::Builder::new()
        .name("postgres-supervisor".to_owned())
        .spawn(move || child.wait().map(drop))
        .map(drop)
        .map_err(|error: io::Error| Error::io("start the thread", Path::new("reaper"))(error))
}

fn not_started(layout: &Layout, reason: String) -> Error {
    Error::NotStarted { reason, log: layout.log(), tail: layout.log_tail() }
}
