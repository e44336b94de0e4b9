//! A RabbitMQ for tests: a private node where `rabbitmq-server` is installed, or what PIECEWORK_TEST_AMQP_URL names.
//!
//! Never the machine's own: a node of ours has its own folder, name and ports, and ends with who started it.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

const URL_VARIABLE: &str = "PIECEWORK_TEST_AMQP_URL";
const REQUIRE_VARIABLE: &str = "PIECEWORK_REQUIRE_BROKER";
/// Debian's command of that name writes into the log of the machine's own node; this is what it calls.
const DEBIAN_SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const START_TIMEOUT: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(50);
/// Ends what it was told of, once we are gone, however we went.
const WATCHDOG: &str = r#"
while read -r what id; do
    case $what in
        node) node=$id ;;
        epmd) epmd=$id ;;
    esac
done
[ -z "$node" ] || kill -s KILL -- "-$node"
[ -z "$epmd" ] || kill -s KILL -- "-$epmd"
rm -rf -- "$0"
"#;

static SHARED: OnceLock<Option<String>> = OnceLock::new();
/// Keeps the shared node for as long as the process lives.
static KEPT: OnceLock<Node> = OnceLock::new();

/// The broker that all tests of this process share. Without one, says in a line which tests are left out and how to
/// have them; where PIECEWORK_REQUIRE_BROKER is 1 that is a failure.
pub fn shared_amqp_url(left_out: &str) -> Option<String> {
    let url = SHARED.get_or_init(|| {
        if let Some(url) = variable(URL_VARIABLE) {
            return Some(url);
        }
        let node = Node::start()?;
        Some(KEPT.get_or_init(|| node).url())
    });
    if url.is_none() {
        leave_out(left_out);
    }
    url.clone()
}

/// A node that a test may kill and freeze; the same rule where there is none.
pub fn own_node(left_out: &str) -> Option<Node> {
    let node = Node::start();
    if node.is_none() {
        leave_out(left_out);
    }
    node
}

fn leave_out(what: &str) {
    assert!(
        variable(REQUIRE_VARIABLE).is_none_or(|required| required != "1"),
        "{REQUIRE_VARIABLE} is set, and there is no RabbitMQ for {what}: install rabbitmq-server"
    );
    eprintln!(
        "left out: {what}. To have it, install rabbitmq-server or set {URL_VARIABLE}=amqp://… (some need the former)"
    );
}

#[expect(clippy::disallowed_methods, reason = "what the tests are told is no setting of the program")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A private node; it ends with this value, or with the process.
pub struct Node {
    directory: PathBuf,
    server: PathBuf,
    /// The user to run as, where we may choose.
    user: Option<(u32, u32)>,
    port: u16,
    distribution_port: u16,
    epmd_port: u16,
    watchdog: Child,
    running: Mutex<Running>,
}

struct Running {
    /// Closed, it wakes the watchdog.
    watchdog: ChildStdin,
    epmd: Option<Child>,
    node: Option<Child>,
}

impl Node {
    /// None where RabbitMQ is not installed.
    fn start() -> Option<Self> {
        let server = find_server()?;
        // Not as root if it can be helped: as the user that the package made.
        let user = if rustix::process::geteuid().is_root() { user_id("rabbitmq") } else { None };
        let [port, distribution_port, epmd_port] = free_ports();
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let directory = parent.join(format!("piecework-rabbitmq-{}-{port}", std::process::id()));
        prepare(&directory, port, user);
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG])
            .arg(&directory)
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("there is a shell");
        let pipe = watchdog.stdin.take().expect("the watchdog's input is a pipe");
        let running = Mutex::new(Running { watchdog: pipe, epmd: None, node: None });
        let node = Self { directory, server, user, port, distribution_port, epmd_port, watchdog, running };
        node.start_epmd();
        node.launch();
        node.wait_until_up();
        Some(node)
    }

    #[must_use]
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    /// As if somebody had pulled the plug.
    pub fn kill(&self) {
        let mut running = self.running();
        let Some(mut node) = running.node.take() else { return };
        signal(&node, "KILL");
        node.wait().expect("a killed node ends");
        tell(&mut running.watchdog, "node", None);
    }

    /// Starts it again, on what it had written, and waits until it takes connections.
    pub fn restart(&self) {
        self.kill();
        self.launch();
        self.wait_until_up();
    }

    /// Everything stands still: connections stay open and nobody answers.
    pub fn freeze(&self) {
        signal(self.running().node.as_ref().expect("a node to freeze"), "STOP");
    }

    pub fn thaw(&self) {
        signal(self.running().node.as_ref().expect("a node to thaw"), "CONT");
    }

    /// Whether the queue would still be there after `kill`. A node writes down late which queues it has made: one that is
    /// killed within about a second of that comes back with a queue of this name that answers nothing (RabbitMQ 3.10).
    #[must_use]
    pub fn remembers(&self, queue: &str) -> bool {
        let name = format!("piecework{}@localhost", self.port);
        let names = self.directory.join("mnesia").join(&name).join("quorum").join(&name).join("names.dets");
        fs::read(names).is_ok_and(|bytes| bytes.windows(queue.len()).any(|window| window == queue.as_bytes()))
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Erlang's name server, as a child of ours: left to itself it would stay behind.
    fn start_epmd(&self) {
        let mut running = self.running();
        let port = self.epmd_port.to_string();
        let epmd = self.command(Path::new("epmd")).args(["-port", &port, "-address", "127.0.0.1"]).spawn();
        let epmd = epmd.expect("epmd comes with Erlang, and Erlang with RabbitMQ");
        tell(&mut running.watchdog, "epmd", Some(&epmd));
        running.epmd = Some(epmd);
    }

    fn launch(&self) {
        let mut running = self.running();
        let node = self.command(&self.server).spawn().expect("rabbitmq-server can be started");
        tell(&mut running.watchdog, "node", Some(&node));
        running.node = Some(node);
    }

    /// With nothing of our environment, in a process group of its own.
    fn command(&self, program: &Path) -> Command {
        let log = fs::File::options().create(true).append(true).open(self.directory.join("output")).expect("a log");
        let mut command = Command::new(program);
        command
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/sbin:/opt/homebrew/bin",
            )
            .env("LANG", "C.UTF-8")
            .env("HOME", self.directory.join("home"))
            .env("RABBITMQ_NODENAME", format!("piecework{}@localhost", self.port))
            .env("RABBITMQ_NODE_PORT", self.port.to_string())
            .env("RABBITMQ_DIST_PORT", self.distribution_port.to_string())
            .env("RABBITMQ_MNESIA_BASE", self.directory.join("mnesia"))
            .env("RABBITMQ_LOG_BASE", self.directory.join("log"))
            .env("RABBITMQ_CONFIG_FILE", self.directory.join("rabbitmq.conf"))
            .env("RABBITMQ_CONF_ENV_FILE", self.directory.join("rabbitmq-env.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", self.directory.join("enabled_plugins"))
            .env("ERL_EPMD_PORT", self.epmd_port.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_FLAGS", "-kernel inet_dist_use_interface {127,0,0,1}")
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .process_group(0);
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    fn wait_until_up(&self) {
        let deadline = Instant::now() + START_TIMEOUT;
        while !self.answers() {
            let ended = self.running().node.as_mut().and_then(|node| node.try_wait().ok().flatten());
            if ended.is_some() || Instant::now() > deadline {
                let output = fs::read_to_string(self.directory.join("output")).unwrap_or_default();
                let tail: Vec<&str> = output.lines().rev().take(20).collect();
                panic!("the private RabbitMQ did not start: {}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Whether it greets in AMQP; the port alone is open much earlier.
    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let mut first = [0];
        stream.set_read_timeout(Some(Duration::from_secs(2))).is_ok()
            && stream.write_all(b"AMQP\x00\x00\x09\x01").is_ok()
            && stream.read_exact(&mut first).is_ok()
            && first == [1]
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
        let running = self.running.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut epmd) = running.epmd.take() {
            signal(&epmd, "KILL");
            // It was there a moment ago.
            let _ended = epmd.wait();
            tell(&mut running.watchdog, "epmd", None);
        }
        fs::remove_dir_all(&self.directory).ok();
        // The watchdog ends when its pipe does, right after this; nobody waits for it.
        let _running = self.watchdog.try_wait();
    }
}

/// Says which process group the watchdog has to end; none: there is none any more.
fn tell(watchdog: &mut ChildStdin, what: &str, child: Option<&Child>) {
    let id = child.map(|child| child.id().to_string()).unwrap_or_default();
    writeln!(watchdog, "{what} {id}").expect("the watchdog listens");
}

/// To the whole group that a child of ours leads.
fn signal(child: &Child, name: &str) {
    let group = format!("-{}", child.id());
    let sent = Command::new("kill").args(["-s", name, "--", &group]).stderr(Stdio::null()).status();
    assert!(sent.is_ok(), "there is a kill");
}

fn find_server() -> Option<PathBuf> {
    let debian = PathBuf::from(DEBIAN_SERVER);
    if debian.is_file() {
        return Some(debian);
    }
    let path = variable("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join("rabbitmq-server")).find(|server| server.is_file())
}

fn user_id(name: &str) -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn free_ports<const N: usize>() -> [u16; N] {
    // All at once, so that they differ.
    let listeners: [TcpListener; N] =
        std::array::from_fn(|_| TcpListener::bind(("127.0.0.1", 0)).expect("there are free ports"));
    listeners.map(|listener| listener.local_addr().expect("a listener has an address").port())
}

fn prepare(directory: &Path, port: u16, user: Option<(u32, u32)>) {
    // A process of an earlier run may have had the same id and port.
    fs::remove_dir_all(directory).ok();
    let settings = format!("listeners.tcp.1 = 127.0.0.1:{port}\ndisk_free_limit.absolute = 1MB\n");
    let folders = ["", "home", "mnesia", "log"].map(|name| directory.join(name));
    for folder in &folders {
        fs::create_dir(folder).expect("a folder of the node");
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("a folder of our own");
    }
    let files =
        [("rabbitmq.conf", settings.as_str()), ("rabbitmq-env.conf", ""), ("enabled_plugins", "[].\n"), ("output", "")];
    for (name, text) in files {
        fs::write(directory.join(name), text).expect("a file of the node");
    }
    if let Some((user, group)) = user {
        for path in folders.into_iter().chain(files.map(|(name, _)| directory.join(name))) {
            chown(path, Some(user), Some(group)).expect("root gives away what is its own");
        }
    }
}
