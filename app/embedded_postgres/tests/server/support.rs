//! A test directory, users that can be killed, and checks of the server.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use embedded_postgres::{Durability, EmbeddedPostgres, Error, Options};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;

/// A directory that every user may enter, with the directory of the server in it. Dropping it waits
/// for the end of the server.
pub struct TestDirectory {
    root: TempDir,
}

impl TestDirectory {
    pub fn new() -> Self {
        Self::with_mode(0o755)
    }

    pub fn with_mode(mode: u32) -> Self {
        let root = tempfile::Builder::new()
            .prefix("embedded-postgres-")
            .permissions(fs::Permissions::from_mode(mode))
            .tempdir()
            .unwrap();
        Self { root }
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn path(&self) -> PathBuf {
        self.root.path().join("postgres")
    }

    pub fn options(&self, durability: Durability) -> Options {
        Options {
            directory: self.path(),
            bin_dir: None,
            durability,
            settings: Vec::new(),
            standby_of: None,
            supervisor: vec![OsString::from(example("supervise"))],
        }
    }

    pub fn start(&self, durability: Durability) -> Result<EmbeddedPostgres, Error> {
        EmbeddedPostgres::start(&self.options(durability))
    }

    pub fn supervisor_pid(&self) -> Pid {
        number(&self.path().join("supervisor.lock"))
    }

    pub fn postmaster_pid(&self) -> Pid {
        number(&self.path().join("cluster/postmaster.pid"))
    }

    /// Whether another process holds a conflicting lock on the file of this name.
    pub fn is_locked(&self, name: &str, operation: FlockOperation) -> bool {
        match fs::File::open(self.path().join(name)) {
            Ok(file) => flock(&file, operation).is_err(),
            Err(_) => false,
        }
    }

    pub fn has_supervisor(&self) -> bool {
        self.is_locked("supervisor.lock", FlockOperation::NonBlockingLockShared)
    }
}

impl Drop for TestDirectory {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            wait_until("the server has ended", || !self.has_supervisor());
        }
    }
}

/// A process that uses the server. It is killed with SIGKILL.
pub struct Holder {
    child: Child,
    pub url: String,
}

impl Holder {
    pub fn new(directory: &TestDirectory, durability: &str) -> Self {
        let mut child = Command::new(example("hold"))
            .arg(directory.path())
            .arg(durability)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim_end().to_owned();
        Self { child, url }
    }

    pub fn port(&self) -> u16 {
        port_of(&self.url)
    }

    pub fn kill(mut self) {
        self.kill_and_reap();
    }

    fn kill_and_reap(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.kill_and_reap();
    }
}

pub fn port_of(url: &str) -> u16 {
    let port = url.rsplit_once(':').unwrap().1;
    port.split_once('/').unwrap().0.parse().unwrap()
}

/// Whether the server accepts a client. A server that is stopping or starting answers with an error
/// instead of `R`.
pub fn accepts_clients(port: u16) -> bool {
    connect(port).is_ok_and(|(kind, _)| kind == b'R')
}

/// Whether the server asks for a password (SASL, which is SCRAM).
pub fn requires_a_password(port: u16) -> bool {
    connect(port).is_ok_and(|answer| answer == (b'R', 10))
}

/// Sends the first message of a client. Returns the kind of the answer and its first number.
fn connect(port: u16) -> std::io::Result<(u8, u32)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let parameters = b"user\0postgres\0database\0postgres\0\0";
    let length = u32::try_from(8 + parameters.len()).unwrap();
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(&196_608_u32.to_be_bytes())?;
    stream.write_all(parameters)?;
    let mut answer = [0; 9];
    stream.read_exact(&mut answer)?;
    let number = answer[5..].try_into().unwrap();
    Ok((answer[0], u32::from_be_bytes(number)))
}

/// Whether the process runs. A zombie does not; some containers have no init that reaps orphans.
pub fn is_alive(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let is_zombie = stat.rsplit_once(") Z").is_some();
    test_kill_process(pid).is_ok() && !is_zombie
}

pub fn kill_hard(pid: Pid) {
    kill_process(pid, Signal::KILL).unwrap();
}

/// Waits until the condition holds. Fails after 30 seconds.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "this did not happen within 30 seconds: {what}");
        std::thread::yield_now();
    }
}

pub fn example(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    // target/debug/deps/the_test → target/debug/examples/name
    let target = tests.parent().unwrap().parent().unwrap();
    let path = target.join("examples").join(name);
    assert!(
        path.exists(),
        "{} is not built: run `cargo test` without `--test`, or `cargo build --examples` first",
        path.display()
    );
    path
}

fn number(path: &Path) -> Pid {
    let text = fs::read_to_string(path).unwrap();
    Pid::from_raw(text.lines().next().unwrap().parse().unwrap()).unwrap()
}
