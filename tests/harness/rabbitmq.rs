//! A RabbitMQ broker for tests: a private node of the installed `rabbitmq-server`, or the broker at
//! PIECEWORK_TEST_AMQP_URL.
//!
//! A private node has its own directory, name and ports. It ends with the process that started it.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::left_out::say_not_tested;
use crate::postgres::memory_directory;

/// The URL of a broker to use instead of a private node.
const URL_VARIABLE: &str = "PIECEWORK_TEST_AMQP_URL";
/// If it is `1`, a missing broker fails the test.
const REQUIRE_VARIABLE: &str = "PIECEWORK_REQUIRE_BROKER";
/// The script behind Debian's command of the same name, which writes to the log of the machine's
/// node.
const DEBIAN_SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// The authority that issued the certificate of a private node. The certificate is for `localhost`.
pub const CA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../modules/email/tests/service/certificates/ca.pem");
/// The certificate of a private node, and its key.
pub(crate) const CERTIFICATE: [(&str, &str); 2] = [
    ("server.pem", include_str!("../../modules/email/tests/service/certificates/server.pem")),
    ("server.key", include_str!("../../modules/email/tests/service/certificates/server.key")),
];
/// Maximum time for a node to accept connections.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// Time between two connection attempts while a node starts.
const PAUSE: Duration = Duration::from_millis(50);
/// A shell script that kills the process groups it has read, when the test process ends for any
/// reason.
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

/// The URL of the shared broker, or `None` if there is no broker.
static SHARED: OnceLock<Option<String>> = OnceLock::new();
/// Keeps the shared node running until the process ends.
static SHARED_NODE: OnceLock<Node> = OnceLock::new();

/// The URL of the broker that all tests of this process share.
///
/// Without a broker it prints that `left_out` is not tested and how to change that. If
/// PIECEWORK_REQUIRE_BROKER is 1, it panics instead.
pub fn shared_amqp_url(left_out: &str) -> Option<String> {
    let url = SHARED.get_or_init(|| {
        if let Some(url) = variable(URL_VARIABLE) {
            return Some(url);
        }
        let node = Node::start()?;
        Some(SHARED_NODE.get_or_init(|| node).url())
    });
    if url.is_none() {
        leave_out(left_out);
    }
    url.clone()
}

/// A node that a test may kill and freeze. Without RabbitMQ it does the same as
/// [`shared_amqp_url`].
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
        "{REQUIRE_VARIABLE} is 1, but there is no RabbitMQ for {what}: install rabbitmq-server"
    );
    say_not_tested(&format!(
        "{what}. Install rabbitmq-server, or set {URL_VARIABLE}=amqp://… (some tests need the former)"
    ));
}

#[expect(clippy::disallowed_methods, reason = "a variable for the tests is not a setting of the program")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A private node. It ends with this value, or with the process.
pub struct Node {
    directory: PathBuf,
    server: PathBuf,
    /// The user and group of the node, if the test runs as root.
    user: Option<(u32, u32)>,
    port: u16,
    tls_port: u16,
    distribution_port: u16,
    epmd_port: u16,
    watchdog: Child,
    running: Mutex<Running>,
}

struct Running {
    /// The watchdog acts when this pipe is closed.
    watchdog: ChildStdin,
    epmd: Option<Child>,
    node: Option<Child>,
}

impl Node {
    /// `None` if RabbitMQ is not installed.
    fn start() -> Option<Self> {
        let server = find_server()?;
        // As root, run the node as the user that RabbitMQ's package has created.
        let user = if rustix::process::geteuid().is_root() { user_id("rabbitmq") } else { None };
        let [port, tls_port, distribution_port, epmd_port] = free_ports();
        let directory = memory_directory().join(format!("piecework-rabbitmq-{}-{port}", std::process::id()));
        prepare(&directory, [port, tls_port], user);
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG])
            .arg(&directory)
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("a shell can be started");
        let pipe = watchdog.stdin.take().expect("the watchdog's input is a pipe");
        let running = Mutex::new(Running { watchdog: pipe, epmd: None, node: None });
        let node = Self { directory, server, user, port, tls_port, distribution_port, epmd_port, watchdog, running };
        node.start_epmd();
        node.launch();
        node.wait_until_up();
        Some(node)
    }

    #[must_use]
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    /// The URL for a connection with TLS.
    #[must_use]
    pub fn tls_url(&self) -> String {
        format!("amqps://guest:guest@localhost:{}/%2f", self.tls_port)
    }

    /// Ends the node like a power failure.
    pub fn kill(&self) {
        let mut running = self.running();
        let Some(mut node) = running.node.take() else { return };
        signal(&node, "KILL");
        node.wait().expect("a killed node ends");
        register(&mut running.watchdog, "node", None);
    }

    /// Starts the node again on its data, and waits until it accepts connections.
    pub fn restart(&self) {
        self.kill();
        self.launch();
        self.wait_until_up();
    }

    /// Stops all processes of the node: connections stay open and get no answers.
    pub fn freeze(&self) {
        signal(self.running().node.as_ref().expect("a node to freeze"), "STOP");
    }

    pub fn thaw(&self) {
        signal(self.running().node.as_ref().expect("a node to thaw"), "CONT");
    }

    /// Whether the node has stored the queue, so that it works after `kill`.
    ///
    /// A node stores a new queue with a delay. If it is killed within about a second, it starts
    /// again with a queue of that name that answers nothing (RabbitMQ 3.10).
    #[must_use]
    pub fn remembers(&self, queue: &str) -> bool {
        let name = format!("piecework{}@localhost", self.port);
        let names = self.directory.join("mnesia").join(&name).join("quorum").join(&name).join("names.dets");
        fs::read(names).is_ok_and(|bytes| bytes.windows(queue.len()).any(|window| window == queue.as_bytes()))
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts Erlang's name server as a child. One that the node starts would survive the node.
    fn start_epmd(&self) {
        let mut running = self.running();
        let port = self.epmd_port.to_string();
        let epmd = self.command(Path::new("epmd")).args(["-port", &port, "-address", "127.0.0.1"]).spawn();
        let epmd = epmd.expect("epmd comes with Erlang, and Erlang with RabbitMQ");
        register(&mut running.watchdog, "epmd", Some(&epmd));
        running.epmd = Some(epmd);
    }

    fn launch(&self) {
        let mut running = self.running();
        let node = self.command(&self.server).spawn().expect("rabbitmq-server can be started");
        register(&mut running.watchdog, "node", Some(&node));
        running.node = Some(node);
    }

    /// A command without the test's environment, in a process group of its own.
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

    /// Whether the node answers in AMQP. Its port is open much earlier.
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
            // It ran a moment ago, so there is an exit status.
            let _ended = epmd.wait();
            register(&mut running.watchdog, "epmd", None);
        }
        fs::remove_dir_all(&self.directory).ok();
        // The watchdog ends when its pipe is closed, right after this.
        let _running = self.watchdog.try_wait();
    }
}

/// Sets the process group that the watchdog kills, or clears it.
fn register(watchdog: &mut ChildStdin, what: &str, child: Option<&Child>) {
    let id = child.map(|child| child.id().to_string()).unwrap_or_default();
    writeln!(watchdog, "{what} {id}").expect("the watchdog reads its input");
}

/// Sends a signal to the process group of a child.
fn signal(child: &Child, name: &str) {
    let group = format!("-{}", child.id());
    let sent = Command::new("kill").args(["-s", name, "--", &group]).stderr(Stdio::null()).status();
    assert!(sent.is_ok(), "the command kill can be started");
}

fn find_server() -> Option<PathBuf> {
    let debian = PathBuf::from(DEBIAN_SERVER);
    if debian.is_file() {
        return Some(debian);
    }
    let path = variable("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|directory| directory.join("rabbitmq-server")).find(|server| server.is_file())
}

pub(crate) fn user_id(name: &str) -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn free_ports<const N: usize>() -> [u16; N] {
    // All listeners exist at the same time, so the ports differ.
    let listeners: [TcpListener; N] =
        std::array::from_fn(|_| TcpListener::bind(("127.0.0.1", 0)).expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("a listener has an address").port())
}

fn prepare(directory: &Path, [port, tls_port]: [u16; 2], user: Option<(u32, u32)>) {
    // An earlier process with the same id and port may have been killed.
    fs::remove_dir_all(directory).ok();
    let path = directory.display();
    let settings = format!(
        "listeners.tcp.1 = 127.0.0.1:{port}\n\
         listeners.ssl.1 = 127.0.0.1:{tls_port}\n\
         ssl_options.certfile = {path}/server.pem\n\
         ssl_options.keyfile = {path}/server.key\n\
         disk_free_limit.absolute = 1MB\n"
    );
    let directories = ["", "home", "mnesia", "log"].map(|name| directory.join(name));
    for directory in &directories {
        fs::create_dir(directory).expect("a directory of the node");
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).expect("the directory belongs to this user");
    }
    let [certificate, key] = CERTIFICATE;
    let files = [
        ("rabbitmq.conf", settings.as_str()),
        ("rabbitmq-env.conf", ""),
        ("enabled_plugins", "[].\n"),
        ("output", ""),
        certificate,
        key,
    ];
    for (name, text) in files {
        fs::write(directory.join(name), text).expect("a file of the node");
    }
    if let Some((user, group)) = user {
        for path in directories.into_iter().chain(files.map(|(name, _)| directory.join(name))) {
            chown(path, Some(user), Some(group)).expect("root may change the owner");
        }
    }
}
