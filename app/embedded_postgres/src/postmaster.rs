//! The `postgres` process: starts it, checks whether it is ready, and stops it, also after its
//! supervisor was killed.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::account::Account;
use crate::cluster::make_private_directory;
use crate::deadline::Deadline;
use crate::environment::postgres_command;
use crate::layout::Layout;
use crate::parameters::Parameters;
use crate::{Durability, Error};

/// The signals that stop PostgreSQL, and how long to wait after each. SIGINT is the fast shutdown,
/// SIGQUIT the immediate one, after which the next start runs crash recovery.
const STOP_STEPS: [(Signal, Duration); 3] = [
    (Signal::INT, Duration::from_secs(60)),
    (Signal::QUIT, Duration::from_secs(10)),
    (Signal::KILL, Duration::from_secs(10)),
];

/// Maximum time to wait for an answer. A server on this machine answers within a millisecond.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// The message of a client that asks for TLS: length 8, code 80877103. A server answers with one
/// letter.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// The content of `postmaster.pid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PidFile {
    pub(crate) pid: u32,
    pub(crate) port: Option<u16>,
    pub(crate) ready: bool,
}

impl PidFile {
    pub(crate) fn read(layout: &Layout) -> Option<Self> {
        let text = fs::read_to_string(layout.cluster().join("postmaster.pid")).ok()?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Some(Self {
            // The pid of a stand-alone backend is negative. It is not parsed, because this crate
            // starts none.
            pid: lines.first()?.parse().ok()?,
            port: lines.get(3).and_then(|line| line.parse().ok()),
            ready: lines.get(7) == Some(&"ready"),
        })
    }
}

/// Whether a PostgreSQL answers on this port.
pub(crate) fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&address, ANSWER_WAIT)?;
        stream.set_read_timeout(Some(ANSWER_WAIT))?;
        stream.set_write_timeout(Some(ANSWER_WAIT))?;
        stream.write_all(&SSL_REQUEST)?;
        let mut answer = [0];
        stream.read_exact(&mut answer)?;
        std::io::Result::Ok(answer[0])
    };
    matches!(ask(), Ok(b'S' | b'N'))
}

/// The preferred port if it is free, and another free port otherwise. Another process may take it
/// before the server does.
pub(crate) fn free_port(preferred: Option<u16>) -> Result<u16, Error> {
    match preferred.map(bind) {
        Some(Ok(port)) => Ok(port),
        _ => bind(0).map_err(Error::io("find a free port on", Path::new("127.0.0.1"))),
    }
}

/// This port if it is free. An error names it.
pub(crate) fn require_port(port: u16) -> Result<u16, Error> {
    bind(port).map_err(Error::io("listen on", Path::new(&format!("127.0.0.1:{port}"))))
}

/// Binds the port for an instant.
fn bind(port: u16) -> std::io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.local_addr().map(|address| address.port())
}

/// Starts `postgres` as a child process. It inherits standard error, which is the log.
pub(crate) fn spawn(
    layout: &Layout,
    parameters: &Parameters,
    account: Option<&Account>,
    port: u16,
) -> Result<Child, Error> {
    let program = parameters.bin_dir.join("postgres");
    let mut command: Command = postgres_command(&program, account);
    command.arg("-D").arg(layout.cluster());
    let socket = layout.socket();
    if let Some(socket) = &socket {
        make_private_directory(socket, account)?;
    }
    let mut directories = OsString::from("unix_socket_directories=");
    directories.push(socket.map(|path| quoted(&path)).unwrap_or_default());
    command.arg("-c").arg(directories);
    let port = port.to_string();
    let own = [
        ("listen_addresses", "127.0.0.1"),
        ("port", port.as_str()),
        ("logging_collector", "off"),
        ("log_destination", "stderr"),
        // The details of an error repeat values of the row, such as an address.
        ("log_error_verbosity", "terse"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("shared_buffers", "128MB"),
    ];
    let by_durability: &[(&str, &str)] = match parameters.durability {
        Durability::Durable => {
            &[("fsync", "on"), ("synchronous_commit", "on"), ("full_page_writes", "on"), ("max_connections", "200")]
        }
        Durability::Throwaway => {
            &[("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off"), ("max_connections", "500")]
        }
    };
    let additional = parameters.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in own.into_iter().chain(by_durability.iter().copied()).chain(additional) {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    command.stdin(Stdio::null()).spawn().map_err(Error::io("run", &program))
}

/// Quotes a path, because the setting is a list and a comma or a blank would split it.
fn quoted(path: &Path) -> OsString {
    let mut text = OsString::from("\"");
    text.push(path);
    text.push("\"");
    text
}

/// Stops a child process and reaps it.
pub(crate) fn stop_child(child: &mut Child) -> std::io::Result<ExitStatus> {
    for (signal, wait) in STOP_STEPS {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        // The child is not reaped yet, so no other process has its pid.
        kill_process(Pid::from_child(child), signal)?;
        Deadline::after(wait).wait_for(|| !matches!(child.try_wait(), Ok(None)));
    }
    child.wait()
}

/// Stops a server of this cluster whose supervisor was killed. If there is no such server and the
/// pid in its file belongs to another process, the file is removed, because `postgres` would refuse
/// to start.
pub(crate) fn stop_orphan(layout: &Layout) -> Result<(), Error> {
    let Some(pid_file) = PidFile::read(layout) else {
        return Ok(());
    };
    let Some(pid) = i32::try_from(pid_file.pid).ok().and_then(Pid::from_raw) else {
        return Ok(());
    };
    let cluster = layout.cluster();
    if !is_server_of(pid, &cluster) {
        let path = cluster.join("postmaster.pid");
        if rustix::process::test_kill_process(pid).is_ok() {
            fs::remove_file(&path).map_err(Error::io("delete", &path))?;
        }
        return Ok(());
    }
    tracing::warn!(pid = pid_file.pid, "stopping a PostgreSQL whose supervisor was killed");
    for (signal, wait) in STOP_STEPS {
        // An error means that the process has already ended.
        let _ended = kill_process(pid, signal);
        if Deadline::after(wait).wait_for(|| has_ended(pid, &cluster)) {
            return Ok(());
        }
    }
    Ok(())
}

/// Removes the socket locks of a server that has ended. The next server would take a killed process
/// that is not reaped for a running one. In some containers the first process does not reap.
pub(crate) fn remove_socket_locks(layout: &Layout) -> Result<(), Error> {
    let Some(directory) = layout.socket() else {
        return Ok(());
    };
    // Without the directory there are no locks.
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().ends_with(".lock") {
            fs::remove_file(entry.path()).map_err(Error::io("delete", &entry.path()))?;
        }
    }
    Ok(())
}

/// Whether the process is `postgres -D cluster`. Its child processes and a zombie are not.
fn is_server_of(pid: Pid, cluster: &Path) -> bool {
    let arguments = arguments_of(pid);
    let program_is_postgres = arguments.first().is_some_and(|program| program.ends_with(b"/postgres"));
    let wanted = cluster.as_os_str().as_encoded_bytes();
    let named = || arguments.windows(2).any(|pair| pair[0] == b"-D" && pair[1] == wanted);
    program_is_postgres && (named() || works_in(pid, cluster))
}

/// Whether a server of this cluster has ended, so that its port and its memory are free.
///
/// A process that is ending has no arguments but still has open files. A zombie has neither.
fn has_ended(pid: Pid, cluster: &Path) -> bool {
    if rustix::process::test_kill_process(pid).is_err() {
        return true;
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(')').map(|(_, fields)| fields.trim_start());
    if state.is_some_and(|state| state.starts_with(['Z', 'X'])) {
        return true;
    }
    // The pid belongs to another process now.
    let is_named = arguments_of(pid).first().is_some_and(|program| !program.is_empty());
    is_named && !is_server_of(pid, cluster)
}

fn arguments_of(pid: Pid) -> Vec<Vec<u8>> {
    match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(line) => line.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect(),
        Err(_) if Path::new("/proc/self").exists() => Vec::new(),
        Err(_) => arguments_by_ps(pid),
    }
}

/// Whether the working directory of the process is the cluster. This also holds after the directory
/// was moved. It is unknown if this user may not read it.
fn works_in(pid: Pid, cluster: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    let directory = identity(Path::new(&format!("/proc/{pid}/cwd")));
    directory.is_some() && directory == identity(cluster)
}

/// The arguments on a system without /proc. They are split at blanks, so a path with blanks is not
/// recognised, and no process is stopped.
fn arguments_by_ps(pid: Pid) -> Vec<Vec<u8>> {
    let output = Command::new("ps").args(["-ww", "-o", "command=", "-p"]).arg(pid.to_string()).output();
    output.map_or_else(
        |_| Vec::new(),
        |output| output.stdout.split(u8::is_ascii_whitespace).map(<[u8]>::to_vec).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eighth_line_of_the_pid_file_says_whether_the_server_is_ready() {
        let seven = "4711\n/d/cluster\n1700000000\n34567\n/d/socket\n127.0.0.1\n 123 456\n";
        let starting = PidFile::parse(seven).unwrap();
        assert_eq!((starting.pid, starting.port, starting.ready), (4711, Some(34567), false));
        assert!(PidFile::parse(&format!("{seven}ready   \n")).unwrap().ready);
        assert!(!PidFile::parse(&format!("{seven}stopping\n")).unwrap().ready);
        assert_eq!(PidFile::parse(""), None);
    }

    #[test]
    fn a_process_that_is_no_server_of_the_cluster_is_not_recognised_as_one() {
        let own = Pid::from_raw(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(!is_server_of(own, Path::new("/d/cluster")));
    }
}
