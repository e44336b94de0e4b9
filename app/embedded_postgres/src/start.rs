//! A user's side: takes the lease, then joins the server or has one started.

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
use crate::parameters::{Parameters, Server, check_settings};
use crate::postmaster::{self, PidFile};
use crate::{EmbeddedPostgres, Error, Options, cluster};

/// How long a server may take to come up.
const START_WAIT: Duration = Duration::from_secs(60);

/// A durable server appends to the same log at every start; one old log is kept.
const LOG_LIMIT_BYTES: u64 = 8 * 1024 * 1024;

pub(crate) fn start(options: &Options) -> Result<EmbeddedPostgres, Error> {
    check_settings(&options.settings)?;
    let account = Account::to_run_as()?;
    let layout = Layout::new(&options.directory)?;
    if let Some(account) = &account {
        // Before anything is made, so that nothing lies about where it cannot be used.
        account.check_data_directory(layout.directory())?;
    }
    let lease = lease::take(&layout, account.as_ref(), options.durability)?;
    if let Some(account) = &account {
        account.check_data_directory(layout.directory())?;
    }
    // The lease in hand keeps the directory where it is, so this lock needs no second look.
    let path = layout.start_lock();
    let starting = lease::open(&path).map_err(Error::io("open", &path))?;
    lease::lock_patiently(&starting, Lock::Exclusive, &path)?;
    cluster::check_durability(&layout, options.durability)?;
    let server = join_or_start(&layout, options, account.as_ref())?;
    // Once more: when it was looked at first there may have been no cluster yet.
    cluster::check_durability(&layout, options.durability)?;
    Ok(EmbeddedPostgres {
        port: server.port,
        password: cluster::password(&layout, options.durability)?,
        directory: layout.directory().to_owned(),
        _lease: lease,
    })
}

/// Waits for a server that is ready and has a supervisor; without a supervisor, starts one.
fn join_or_start(layout: &Layout, options: &Options, account: Option<&Account>) -> Result<Server, Error> {
    let deadline = Deadline::after(START_WAIT);
    let mut started: Option<Child> = None;
    loop {
        if let Some(no_supervisor) = supervisor_lock_if_free(layout)? {
            let ended = match &mut started {
                Some(child) => child.try_wait().map_err(Error::io("wait for", layout.directory()))?,
                None => None,
            };
            match ended {
                // It ends well when another one was quicker, and that one is gone by now.
                Some(status) if status.success() => started = None,
                Some(status) => {
                    return Err(not_started(layout, format!("the supervisor ended with {status}")));
                }
                None => {}
            }
            if started.is_none() {
                // Under this lock, so that what a supervisor publishes is never deleted.
                Server::withdraw(layout)?;
                drop(no_supervisor);
                started = Some(start_supervisor(layout, options, account)?);
            }
        } else if let Some(server) = ready_server(layout) {
            if let Some(child) = started {
                reap_in_background(child)?;
            }
            return Ok(server);
        }
        if deadline.passed() {
            let reason = format!("not ready after {} s", START_WAIT.as_secs());
            return Err(not_started(layout, reason));
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// The supervisor's lock if no supervisor lives. Only supervisors and the holder of `start.lock` ever take it.
fn supervisor_lock_if_free(layout: &Layout) -> Result<Option<File>, Error> {
    let path = layout.supervisor_lock();
    let file = lease::open(&path).map_err(Error::io("open", &path))?;
    let free = lease::try_lock(&file, Lock::Exclusive).map_err(Error::io("lock", &path))?;
    Ok(free.then_some(file))
}

/// The server its supervisor vouches for, if it answers.
fn ready_server(layout: &Layout) -> Option<Server> {
    let server = Server::published(layout)?;
    let pid_file = PidFile::read(layout)?;
    let ready = pid_file.ready && pid_file.pid == server.pid && postmaster::answers(server.port);
    ready.then_some(server)
}

fn start_supervisor(layout: &Layout, options: &Options, account: Option<&Account>) -> Result<Child, Error> {
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
    };
    parameters.write(layout)?;

    let (program, arguments) = options.supervisor.split_first().ok_or(Error::NoSupervisor)?;
    let program = resolve_program(program)?;
    let log = open_log(layout)?;
    let for_errors = log.try_clone().map_err(Error::io("open", &layout.log()))?;
    // No pipe of the caller is kept open: whoever reads its output must see the end of it. Nor is its folder.
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

/// The supervisor runs in `/`, so a relative path would be lost; a bare name is looked up in PATH.
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
        // Failing statements stand in it.
        .mode(0o600)
        .open(&path)
        .map_err(Error::io("open", &path))
}

/// The supervisor normally outlives us; should it not, it must not stay a zombie as long as we live.
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
