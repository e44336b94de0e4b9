//! The detached process that owns the server: starts it, brings it back, ends it with the last lease.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::account::Account;
use crate::deadline::{Deadline, POLL_INTERVAL};
use crate::layout::Layout;
use crate::lease::{self, Lock};
use crate::parameters::{Parameters, Server};
use crate::postmaster::{self, PidFile};
use crate::{Durability, Error, cluster};

/// A starter looks at our lock for an instant at a time; who holds it for longer is another supervisor.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// How often in a row a server is brought back that does not stay up.
const RESTARTS: u32 = 5;

/// A server that was up for so long starts with a clean sheet.
const STEADY: Duration = Duration::from_secs(60);

/// For the backends of a killed server to notice and go.
const RESTART_DELAY: Duration = Duration::from_millis(200);

enum Event {
    /// The last user is gone, and with this lock in hand no new one comes in.
    LeasesGone(File),
    LeaseLost(io::Error),
    PostgresEnded,
}

/// Runs the server of this directory until its last user is gone: what `piecework supervise-postgres DIRECTORY` does.
///
/// Expects to be started by [`crate::EmbeddedPostgres::start`], with standard error going to the log. Returns at once
/// when the directory already has a supervisor. The server stays up for `linger` after its last user, for tests whose
/// processes come one after the other.
///
/// # Errors
/// `initdb` fails, or `postgres` ends by itself again and again; the caller prints the error, which gets it into the
/// log and from there to whoever waits for the server.
pub fn supervise(directory: &Path, linger: Duration) -> Result<(), Error> {
    // A session of our own: no Ctrl-C and no hang-up of the user's terminal gets here. Fails only for the leader of a
    // process group, who is out of their reach as well.
    let _session = rustix::process::setsid();
    let layout = Layout::new(directory)?;
    // Opened before the lease: of a killed process files are closed in this order, so nobody who gets the lease finds
    // this lock still taken.
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
    watch_lease(lease, linger, sender.clone())?;
    let supervisor =
        Supervisor { parameters: Parameters::read(&layout)?, account: Account::to_run_as()?, layout, sender, events };
    let lease = supervisor.run()?;
    supervisor.clear_up(&lease)?;
    // Before the lease, for the same reason as above.
    drop(alive);
    drop(lease);
    Ok(())
}

/// Reports when the exclusive lock on the lease is ours, and was to be had for all of `linger`.
fn watch_lease(lease: File, linger: Duration, sender: Sender<Event>) -> Result<(), Error> {
    spawn_thread("lease", move || {
        let event = match lease::outlast(&lease, linger) {
            Ok(()) => Event::LeasesGone(lease),
            Err(error) => Event::LeaseLost(error),
        };
        // Nobody listens any more: then we are ending anyway.
        let _unheard = sender.send(event);
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
    sender: Sender<Event>,
    events: Receiver<Event>,
}

/// One life of the server.
struct Life {
    child: Child,
    port: u16,
    ready: bool,
    log_length_bytes: u64,
    steady: Deadline,
}

impl Drop for Life {
    /// However the supervisor ends, it leaves no server behind.
    fn drop(&mut self) {
        if let Err(error) = postmaster::stop_child(&mut self.child) {
            tracing::error!(%error, pid = self.child.id(), "cannot stop postgres");
        }
    }
}

impl Supervisor {
    /// Keeps the server up until the last user is gone; returns the exclusive lease.
    fn run(&self) -> Result<File, Error> {
        let last_port = PidFile::read(&self.layout).and_then(|pid_file| pid_file.port);
        postmaster::stop_orphan(&self.layout)?;
        postmaster::remove_socket_locks(&self.layout)?;
        cluster::ensure(&self.layout, &self.parameters, self.account.as_ref())?;
        // Users of an orphan know its port; they find the new server there.
        let mut life = self.begin(last_port)?;
        let mut restarts = 0;
        loop {
            match self.next_event(life.ready) {
                None => self.publish_if_ready(&mut life)?,
                Some(Event::LeasesGone(lease)) => {
                    Server::withdraw(&self.layout)?;
                    postmaster::stop_child(&mut life.child).map_err(Error::io("stop", &self.layout.cluster()))?;
                    return Ok(lease);
                }
                Some(Event::LeaseLost(error)) => {
                    return Err(Error::io("lock", &self.layout.lease())(error));
                }
                Some(Event::PostgresEnded) => {
                    Server::withdraw(&self.layout)?;
                    if life.steady.passed() {
                        restarts = 0;
                    }
                    restarts += 1;
                    life = self.bring_back(life, restarts)?;
                }
            }
        }
    }

    /// `None`: nothing happened for a moment, look whether the server is ready.
    fn next_event(&self, ready: bool) -> Option<Event> {
        if ready {
            // Never disconnected: we hold a sender ourselves.
            return self.events.recv().ok();
        }
        self.events.recv_timeout(POLL_INTERVAL).ok()
    }

    fn begin(&self, preferred_port: Option<u16>) -> Result<Life, Error> {
        let port = postmaster::free_port(preferred_port)?;
        let log_length_bytes = self.layout.log_length_bytes();
        let child = postmaster::spawn(&self.layout, &self.parameters, self.account.as_ref(), port)?;
        let pid = Pid::from_child(&child);
        let life = Life { child, port, ready: false, log_length_bytes, steady: Deadline::after(STEADY) };
        let sender = self.sender.clone();
        spawn_thread("postgres", move || {
            // NOWAIT leaves the reaping to the owner of the child: until then the pid cannot become another's.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), options) {}
            let _unheard = sender.send(Event::PostgresEnded);
        })?;
        Ok(life)
    }

    fn publish_if_ready(&self, life: &mut Life) -> Result<(), Error> {
        let pid = life.child.id();
        if PidFile::read(&self.layout).is_some_and(|file| file.ready && file.pid == pid) {
            life.ready = true;
            let port = life.port;
            Server { pid, port }.publish(&self.layout)?;
        }
        Ok(())
    }

    /// Another life after one that ended by itself, on the same port if that can be had.
    fn bring_back(&self, mut ended: Life, restarts: u32) -> Result<Life, Error> {
        let status = ended.child.wait().map_err(Error::io("wait for", &self.layout.cluster()))?;
        let log = self.layout.log_since(ended.log_length_bytes);
        let port_lost = log.contains("could not bind") || log.contains("could not create any TCP/IP");
        // The backends of a killed server are not all gone yet.
        let too_early = log.contains("is still in use");
        let hopeless = !ended.ready && restarts == 1 && !port_lost && !too_early;
        if hopeless || restarts > RESTARTS {
            return Err(Error::Ended { status });
        }
        tracing::warn!(%status, restarts, "postgres ended by itself, starting it again");
        thread::sleep(RESTART_DELAY);
        self.begin((!port_lost).then_some(ended.port))
    }

    /// Leaves nothing behind of a throwaway server.
    fn clear_up(&self, lease: &File) -> Result<(), Error> {
        // Somebody else may have deleted the directory (cargo clean) and a new server may live at its place.
        let path = self.layout.lease();
        let ours = lease::is_still_at(lease, &path).map_err(Error::io("look at", &path))?;
        if ours && self.parameters.durability == Durability::Throwaway {
            self.layout.delete()?;
        }
        Ok(())
    }
}
