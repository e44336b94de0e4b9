//! The detached process that owns the server: it starts it, restarts it after a crash, and stops it
//! after the last user.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::account::Account;
use crate::deadline::{Deadline, POLL_INTERVAL};
use crate::layout::Layout;
use crate::lease::{self, Lock};
use crate::outage::{self, Outage};
use crate::parameters::{Parameters, Server};
use crate::postmaster::{self, PidFile};
use crate::{Durability, Error, cluster};

/// Maximum time to wait for the supervisor lock. A starter holds it for an instant only, so a
/// process that holds it longer is another supervisor.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// Maximum number of attempts to start a server that nobody has used yet. Then the process that
/// waits for the server gets the reason.
const FIRST_ATTEMPTS_MAX: u32 = 5;

/// Time between two attempts to start a server that nobody has used yet.
const FIRST_ATTEMPT_PAUSE: Duration = Duration::from_millis(200);

/// After a server has run for this time, the pauses before a restart begin with the shortest again.
const STEADY: Duration = Duration::from_secs(60);

/// Time between two attempts to publish the server, if the first one failed.
const PUBLISH_PAUSE: Duration = Duration::from_secs(1);

/// An event that the supervisor reacts to.
enum Event {
    /// The last user has ended. This lock keeps new users out.
    UsersEnded(File),
    /// The lease cannot be locked.
    LeaseFailed(io::Error),
    /// The server ended by itself.
    PostgresEnded,
}

/// Runs the server of this directory until its last user has ended. `piecework supervise-postgres
/// DIRECTORY` calls it.
///
/// [`crate::EmbeddedPostgres::start`] starts the process that calls it, and writes its standard
/// error to the log. If the directory already has a supervisor, it returns immediately. The server
/// runs for `idle_timeout` after its last user has ended, for tests that start one process after
/// the other.
///
/// A server that has been ready and ends by itself is started again, with growing pauses, as long
/// as there is a user.
///
/// # Errors
/// `initdb` fails, or the first server does not become ready. The caller prints the error, which
/// writes it to the log. A process that waits for the server reports the end of the log.
pub fn supervise(directory: &Path, idle_timeout: Duration) -> Result<(), Error> {
    // In a session of its own, the process gets no signals of the user's terminal. The call fails
    // only for the leader of a process group, which gets none either.
    let _session = rustix::process::setsid();
    let layout = Layout::new(directory)?;
    // This file is opened before the lease. The files of a killed process are closed in this order,
    // so a process that gets the lease finds this lock free.
    let path = layout.supervisor_lock();
    let alive = lease::open(&path).map_err(Error::io("open", &path))?;
    let locked =
        lease::lock_until(&alive, Lock::Exclusive, Deadline::after(LOCK_WAIT)).map_err(Error::io("lock", &path))?;
    if !locked {
        return Ok(());
    }
    fs::write(&path, format!("{}\n", std::process::id())).map_err(Error::io("write", &path))?;
    Server::withdraw(&layout)?;

    let (sender, events) = channel();
    let path = layout.lease();
    let lease = lease::open(&path).map_err(Error::io("open", &path))?;
    watch_lease(lease, idle_timeout, sender.clone())?;
    let parameters = Parameters::read(&layout)?;
    let mut supervisor = Supervisor {
        account: Account::to_run_as()?,
        port: parameters.port,
        has_served: false,
        first_attempts: 0,
        outage: Outage::open(&layout),
        parameters,
        layout,
        sender,
        events,
    };
    let lease = supervisor.run()?;
    supervisor.clean_up(&lease)?;
    // This lock is released before the lease, for the same reason.
    drop(alive);
    drop(lease);
    Ok(())
}

/// Reports when there has been no user for `idle_timeout` and this process holds the exclusive lock
/// on the lease.
fn watch_lease(lease: File, idle_timeout: Duration, sender: Sender<Event>) -> Result<(), Error> {
    spawn_thread("lease", move || {
        let event = match lease::wait_until_unused(&lease, idle_timeout) {
            Ok(()) => Event::UsersEnded(lease),
            Err(error) => Event::LeaseFailed(error),
        };
        // Without a receiver, the supervisor is already ending.
        let _unreceived = sender.send(event);
    })
}

fn spawn_thread(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map(drop)
        .map_err(Error::io("start the thread", Path::new(name)))
}

struct Supervisor {
    layout: Layout,
    parameters: Parameters,
    account: Option<Account>,
    /// The port that users know. The server is started on no other one.
    port: Option<u16>,
    /// Whether a server has been ready. From then on there are users that wait for it.
    has_served: bool,
    /// Number of servers that ended before the first one was ready.
    first_attempts: u32,
    outage: Outage,
    sender: Sender<Event>,
    events: Receiver<Event>,
}

/// What the server does at the moment.
enum State {
    /// Its process runs.
    Running(Run),
    /// It ended, and is started again at this time.
    Away(Deadline),
}

/// One run of the server, from a start to its end.
struct Run {
    child: Child,
    port: u16,
    ready: bool,
    /// Whether the server is ready and could not be published.
    is_unpublished: bool,
    log_length_bytes: u64,
    steady: Deadline,
}

impl Drop for Run {
    /// Stops the server, also if the supervisor ends with an error.
    fn drop(&mut self) {
        if let Err(error) = postmaster::stop_child(&mut self.child) {
            tracing::error!(%error, pid = self.child.id(), "cannot stop postgres");
        }
    }
}

impl Supervisor {
    /// Keeps the server running until the last user has ended. Returns the exclusive lease.
    fn run(&mut self) -> Result<File, Error> {
        let last_port = PidFile::read(&self.layout).and_then(|pid_file| pid_file.port);
        self.remove_remains()?;
        cluster::ensure(&self.layout, &self.parameters, self.account.as_ref())?;
        // The users of an orphaned server find the new server on the same port.
        let mut state = State::Running(self.begin(last_port)?);
        loop {
            state = match (self.next_event(&state), state) {
                (Some(Event::UsersEnded(lease)), state) => {
                    self.withdraw();
                    if let State::Running(mut run) = state {
                        postmaster::stop_child(&mut run.child).map_err(Error::io("stop", &self.layout.cluster()))?;
                    }
                    return Ok(lease);
                }
                (Some(Event::LeaseFailed(error)), _) => {
                    return Err(Error::io("lock", &self.layout.lease())(error));
                }
                (Some(Event::PostgresEnded), State::Running(run)) => self.after_end(run)?,
                (None, State::Running(mut run)) => {
                    self.publish_if_ready(&mut run)?;
                    State::Running(run)
                }
                (None, State::Away(until)) if until.passed() => self.restart(),
                (_, State::Away(until)) => State::Away(until),
            }
        }
    }

    /// The next event. `None`: no event has occurred, and the caller checks whether the server is
    /// ready or has to be started.
    fn next_event(&self, state: &State) -> Option<Event> {
        let wait = match state {
            // The channel is never disconnected, because this struct holds a sender.
            State::Running(run) if run.ready => return self.events.recv().ok(),
            State::Running(run) if run.is_unpublished => PUBLISH_PAUSE,
            State::Running(_) => POLL_INTERVAL,
            State::Away(until) => until.remaining(),
        };
        self.events.recv_timeout(wait).ok()
    }

    /// Stops or removes what an earlier server has left: its process, its pid file, its locks.
    fn remove_remains(&self) -> Result<(), Error> {
        postmaster::stop_orphan(&self.layout)?;
        postmaster::remove_socket_locks(&self.layout)
    }

    /// Starts a process on the port that users know, or else on the preferred one if it is free.
    fn begin(&self, preferred_port: Option<u16>) -> Result<Run, Error> {
        let port = match self.port {
            Some(port) => postmaster::require_port(port)?,
            None => postmaster::free_port(preferred_port)?,
        };
        let log_length_bytes = self.layout.log_length_bytes();
        let child = postmaster::spawn(&self.layout, &self.parameters, self.account.as_ref(), port)?;
        let pid = Pid::from_child(&child);
        let steady = Deadline::after(STEADY);
        let run = Run { child, port, ready: false, is_unpublished: false, log_length_bytes, steady };
        let sender = self.sender.clone();
        spawn_thread("postgres", move || {
            // With NOWAIT, the owner of the child reaps it. Until then, no other process gets its
            // pid.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), options) {}
            let _unreceived = sender.send(Event::PostgresEnded);
        })?;
        Ok(run)
    }

    fn publish_if_ready(&mut self, run: &mut Run) -> Result<(), Error> {
        let pid = run.child.id();
        if !PidFile::read(&self.layout).is_some_and(|file| file.ready && file.pid == pid) {
            return Ok(());
        }
        let port = run.port;
        match (Server { pid, port }).publish(&self.layout) {
            Ok(()) => {
                (run.ready, self.has_served, self.port) = (true, true, Some(port));
                self.outage.end();
            }
            Err(error) if !self.has_served => return Err(error),
            // The present users need no file. The disk may be full.
            Err(error) => {
                if !run.is_unpublished {
                    tracing::warn!(%error, "postgres is ready, but new users cannot find it yet");
                }
                run.is_unpublished = true;
            }
        }
        Ok(())
    }

    /// Decides what follows after the server ended by itself.
    fn after_end(&mut self, mut ended: Run) -> Result<State, Error> {
        let status = ended.child.wait().map_err(Error::io("wait for", &self.layout.cluster()))?;
        self.withdraw();
        let log = self.layout.log_since(ended.log_length_bytes);
        if !self.has_served {
            return Ok(State::Running(self.start_again(&ended, status, &log)?));
        }
        if ended.ready && ended.steady.passed() {
            self.outage.forget_failures();
        }
        Ok(self.wait_after(&outage::reason_of_end(status, ended.ready, &log)))
    }

    /// Starts the first server again, whose starter is waiting.
    fn start_again(&mut self, ended: &Run, status: ExitStatus, log: &str) -> Result<Run, Error> {
        self.first_attempts += 1;
        let port_lost = log.contains("could not bind") || log.contains("could not create any TCP/IP");
        // Some backends of a killed server have not ended yet.
        let too_early = log.contains("is still in use");
        let hopeless = self.first_attempts == 1 && !port_lost && !too_early;
        if hopeless || self.first_attempts > FIRST_ATTEMPTS_MAX {
            return Err(Error::Ended { status });
        }
        tracing::warn!(%status, "postgres ended before it was ready and is started again");
        thread::sleep(FIRST_ATTEMPT_PAUSE);
        self.begin((!port_lost).then_some(ended.port))
    }

    /// Starts the server again, on the port that its users know.
    fn restart(&mut self) -> State {
        match self.remove_remains().and_then(|()| self.begin(None)) {
            Ok(run) => State::Running(run),
            Err(error) => self.wait_after(&error.to_string()),
        }
    }

    fn wait_after(&mut self, reason: &str) -> State {
        State::Away(Deadline::after(self.outage.report(reason)))
    }

    /// Prevents that a user joins the server. Without the file being deleted, a user finds that the
    /// server does not answer.
    fn withdraw(&self) {
        if let Err(error) = Server::withdraw(&self.layout) {
            tracing::warn!(%error, "the file of the server cannot be deleted");
        }
    }

    /// Deletes the directory of a throwaway server.
    fn clean_up(&self, lease: &File) -> Result<(), Error> {
        // Another program (cargo clean) may have deleted the directory, and a new server may run in
        // its place.
        let path = self.layout.lease();
        let is_own = lease::is_still_at(lease, &path).map_err(Error::io("inspect", &path))?;
        if is_own && self.parameters.durability == Durability::Throwaway {
            self.layout.delete()?;
        }
        Ok(())
    }
}
