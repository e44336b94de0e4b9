//! The `postgres` process: how it is run, when it is ready, how it is stopped, and one that lost its supervisor.

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
use crate::cluster::make_private_folder;
use crate::deadline::Deadline;
use crate::environment::postgres_command;
use crate::layout::Layout;
use crate::parameters::Parameters;
use crate::{Durability, Error};

/// SIGINT is PostgreSQL's fast shutdown, SIGQUIT the immediate one, which crash recovery mends at the next start.
const STOP_STEPS: [(Signal, Duration); 3] = [
    (Signal::INT, Duration::from_secs(60)),
    (Signal::QUIT, Duration::from_secs(10)),
    (Signal::KILL, Duration::from_secs(10)),
];

/// For a connection on this machine that ought to be answered in a millisecond.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// What a server asks a client that wants TLS: length 8, code 80877103. It answers with one letter.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// What `postmaster.pid` says.
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
            // Negative for a stand-alone backend, which is none of ours.
            pid: lines.first()?.parse().ok()?,
            port: lines.get(3).and_then(|line| line.parse().ok()),
            ready: lines.get(7) == Some(&"ready"),
        })
    }
}

/// Whether a PostgreSQL answers there.
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

/// The preferred port if it is free, else any that is. It may be lost again before the server takes it.
pub(crate) fn free_port(preferred: Option<u16>) -> Result<u16, Error> {
    let bind = |port: u16| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.local_addr().map(|address| address.port())
    };
    match preferred.map(bind) {
        Some(Ok(port)) => Ok(port),
        _ => bind(0).map_err(Error::io("find a free port on", Path::new("127.0.0.1"))),
    }
}

/// Starts `postgres` as a child; what it says goes where our standard error goes, the log.
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
        make_private_folder(socket, account)?;
    }
    let mut directories = OsString::from("unix_socket_directories=");
    directories.push(socket.map(|path| quoted(&path)).unwrap_or_default());
    command.arg("-c").arg(directories);
    let port = port.to_string();
    let ours = [
        ("listen_addresses", "127.0.0.1"),
        ("port", port.as_str()),
        ("logging_collector", "off"),
        ("log_destination", "stderr"),
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
    let theirs = parameters.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in ours.into_iter().chain(by_durability.iter().copied()).chain(theirs) {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    command.stdin(Stdio::null()).spawn().map_err(Error::io("run", &program))
}

/// The setting is a list: a comma or a blank in the path would split it.
fn quoted(path: &Path) -> OsString {
    let mut text = OsString::from("\"");
    text.push(path);
    text.push("\"");
    text
}

/// Stops our child and reaps it.
pub(crate) fn stop_child(child: &mut Child) -> std::io::Result<ExitStatus> {
    for (signal, patience) in STOP_STEPS {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        // It is unreaped, so the pid is still its own.
        kill_process(Pid::from_child(child), signal)?;
        Deadline::after(patience).wait_for(|| !matches!(child.try_wait(), Ok(None)));
    }
    child.wait()
}

/// Stops a server of this cluster that lost its supervisor. A pid file without one is a leftover: it is removed when
/// its pid belongs to somebody else by now, who would keep `postgres` from starting.
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
    tracing::warn!(pid = pid_file.pid, "stopping a PostgreSQL that lost its supervisor");
    for (signal, patience) in STOP_STEPS {
        // An error is one that is gone already.
        let _gone = kill_process(pid, signal);
        if Deadline::after(patience).wait_for(|| has_ended(pid, &cluster)) {
            return Ok(());
        }
    }
    Ok(())
}

/// Removes the locks beside the sockets of a server that is no more. A killed one that nobody has reaped yet, as in a container
/// whose first process does not, still looks alive to the next.
pub(crate) fn remove_socket_locks(layout: &Layout) -> Result<(), Error> {
    let Some(folder) = layout.socket() else {
        return Ok(());
    };
    // No folder, no locks.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().ends_with(".lock") {
            fs::remove_file(entry.path()).map_err(Error::io("delete", &entry.path()))?;
        }
    }
    Ok(())
}

/// Whether the process is the `postgres -D cluster` itself, not one of its children, nor a zombie.
fn is_server_of(pid: Pid, cluster: &Path) -> bool {
    let arguments = arguments_of(pid);
    let program_is_postgres = arguments.first().is_some_and(|program| program.ends_with(b"/postgres"));
    let wanted = cluster.as_os_str().as_encoded_bytes();
    let named = || arguments.windows(2).any(|pair| pair[0] == b"-D" && pair[1] == wanted);
    program_is_postgres && (named() || works_in(pid, cluster))
}

/// Whether a server of this cluster is so far gone that its port and its memory are free.
///
/// A process that is ending has no arguments any more but still has its files, and a zombie has neither.
fn has_ended(pid: Pid, cluster: &Path) -> bool {
    if rustix::process::test_kill_process(pid).is_err() {
        return true;
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(')').map(|(_, fields)| fields.trim_start());
    if state.is_some_and(|state| state.starts_with(['Z', 'X'])) {
        return true;
    }
    // Somebody else's pid by now.
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

/// Recognises it after the directory was moved, where we are allowed to look.
fn works_in(pid: Pid, cluster: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    let folder = identity(Path::new(&format!("/proc/{pid}/cwd")));
    folder.is_some() && folder == identity(cluster)
}

/// Where there is no /proc. Split at blanks, a path with blanks is not recognised: then nothing is stopped.
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
    fn the_pid_file_says_ready_in_its_eighth_line() {
        let seven = "4711\n/d/cluster\n1700000000\n34567\n/d/socket\n127.0.0.1\n 123 456\n";
        let starting = PidFile::parse(seven).unwrap();
        assert_eq!((starting.pid, starting.port, starting.ready), (4711, Some(34567), false));
        assert!(PidFile::parse(&format!("{seven}ready   \n")).unwrap().ready);
        assert!(!PidFile::parse(&format!("{seven}stopping\n")).unwrap().ready);
        assert_eq!(PidFile::parse(""), None);
    }

    #[test]
    fn a_process_that_is_not_this_clusters_server_is_left_alone() {
        let own = Pid::from_raw(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(!is_server_of(own, Path::new("/d/cluster")));
    }
}
