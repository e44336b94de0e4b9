//! The application: puts every part together. `serve`, the commands, the demo and the tests run it.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use kernel::db::REQUEST_ACQUIRE_TIMEOUT;
use kernel::events::bus::EventBus;
use kernel::events::inbox::Inbox;
use kernel::events::relay::Relay;
use kernel::module::ProcessKind;
use kernel::{Ambient, DbError, Module};

use crate::config::Config;
use crate::databases::{COMMAND_ACQUIRE_TIMEOUT, Databases};
use crate::http::RemoteModule;
use crate::modules::{ModulePlan, Modules, database_of, subscriptions};
use crate::runtime::audit_queue::AuditQueue;
use crate::runtime::background::Background;
use crate::runtime::jobs::{self, JobsOfDatabase};
use crate::runtime::telemetry;
use crate::startup::Opener;
use crate::status::{Status, Undelivered};
use crate::{Error, bus, http};

/// The pause between two checks whether every event is delivered.
const DRAIN_INTERVAL: Duration = Duration::from_millis(20);
/// How many checks in a row have to find every event delivered. One check reads one outbox after
/// the other and misses an event that moves on in between. No event causes a chain of more than
/// two.
const DRAIN_CHECKS: u32 = 2;

/// Which parts of an application run.
#[derive(Debug, Default)]
pub struct Options {
    /// Where HTTP is served.
    pub listen: Listen,
    /// Whether only the modules are hosted that the settings name. A command needs all modules.
    pub hosts_as_configured: bool,
    /// Whether jobs run: reassigns, closes of days, mail.
    pub jobs: bool,
}

/// Where HTTP is served.
#[derive(Debug, Default)]
pub enum Listen {
    /// Nowhere: a command needs no HTTP.
    #[default]
    No,
    /// At `http.host` and `http.port`.
    AsConfigured,
}

impl Options {
    /// Every part that the settings ask for: for `serve`.
    #[must_use]
    pub const fn serve() -> Self {
        Self { listen: Listen::AsConfigured, hosts_as_configured: true, jobs: true }
    }

    /// Events are delivered, and nothing else runs: for commands.
    #[must_use]
    pub const fn command() -> Self {
        Self { listen: Listen::No, hosts_as_configured: false, jobs: false }
    }
}

/// A running application.
pub struct Application {
    /// The modules, by what they can do.
    pub modules: Modules,
    /// The state of the modules that this process hosts.
    pub status: Arc<Status>,
    /// Time and randomness.
    pub ambient: Ambient,
    public_url: String,
    hosted: Vec<Module>,
    databases: Arc<Databases>,
    bus: Arc<dyn EventBus>,
    background: Background,
    jobs: Option<Background>,
    server: Option<http::Server>,
    metrics: Option<http::MetricsServer>,
    drain: Duration,
    shutdown_timeout: Duration,
}

impl Application {
    /// Starts databases, modules, bus and subscriptions, jobs, HTTP, and at last relays and
    /// retries. A command opens its databases before it does anything with them. A server starts
    /// while its databases are down, and opens each as soon as it can be reached.
    ///
    /// # Errors
    /// The first part that cannot start.
    pub async fn build(config: &Config, options: Options, ambient: Ambient) -> Result<Self, Error> {
        // First, because what is measured before the recorder is installed is lost.
        let _metrics = telemetry::metrics();
        let configured = ModulePlan::from_settings(config)?;
        let plan = if options.hosts_as_configured { configured } else { ModulePlan::host_all() };
        let bus = bus::open(&config.bus, subscriptions())?;
        let Listeners { requests: listener, metrics: metrics_listener } = Listeners::open(config, &options.listen)?;
        let public_url = public_url(config, listener.as_ref());

        let acquire_timeout = if listener.is_some() { REQUEST_ACQUIRE_TIMEOUT } else { COMMAND_ACQUIRE_TIMEOUT };
        let access_to = |database| plan.access_to(database);
        let databases = Arc::new(Databases::open(config, access_to, &ambient, acquire_timeout).await?);
        let modules = Modules::new(config, &databases, &ambient, &public_url)?;
        let process = if options.jobs { ProcessKind::Server } else { ProcessKind::Command };
        let all: Arc<[Module]> = modules.all().into();
        let opener =
            Opener { databases: Arc::clone(&databases), modules: Arc::clone(&all), plan: plan.clone(), process };
        // A server is up at once, also while a database is down. The embedded one is up by now.
        let opens_later = listener.is_some() && !databases.are_embedded();
        if !opens_later {
            opener.open_all().await?;
        }
        let (hosted, remote): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|module| plan.hosts(module.name));

        let inboxes = subscribe(&hosted, config, bus.as_ref()).await?;
        let status =
            Status::new(Arc::clone(&databases), Arc::clone(&bus), hosted.clone(), inboxes.clone(), ambient.clone());
        let status = Arc::new(status);
        let jobs =
            options.jobs.then(|| jobs::start(jobs_by_database(&hosted, &databases), ambient.new_id::<()>().uuid()));
        let audit = AuditQueue::default();
        let start_metrics =
            |listener| http::MetricsServer::start(listener, &config.http, Arc::clone(&status), ambient.clone());
        let metrics = metrics_listener.map(start_metrics).transpose()?;
        let server = match listener {
            None => None,
            Some(listener) => {
                let identity = modules.identity.clone();
                let (hosted, remote) = (hosted.clone(), with_urls(remote, &plan));
                let status = Arc::clone(&status);
                let services = http::Services { status, identity, ambient: ambient.clone(), audit: audit.clone() };
                Some(http::serve(listener, config, hosted, remote, services)?)
            }
        };
        if opens_later && let Err(error) = opener.try_all().await {
            stop_serving(server, metrics).await;
            return Err(error);
        }
        let mut background = Background::default();
        keep_opening(&mut background, opener);
        keep_delivering(&mut background, &hosted, &inboxes, &bus);
        keep_recording(&mut background, &hosted, audit);
        keep_current(&mut background, &modules, &status, process);
        Ok(Self {
            modules,
            status,
            ambient,
            public_url,
            hosted,
            databases,
            bus,
            background,
            jobs,
            server,
            metrics,
            drain: Duration::from_millis(config.http.drain_ms),
            shutdown_timeout: Duration::from_millis(config.http.shutdown_timeout_ms),
        })
    }

    /// The address at which HTTP is served. `None` if it is not served.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.server.as_ref().map(http::Server::address)
    }

    /// The address at which `/metrics` is served, if that is one of its own.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(http::MetricsServer::address)
    }

    /// The URL at which people reach this application, without a slash at the end.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The OpenAPI document.
    #[must_use]
    pub fn document(&self) -> serde_json::Value {
        http::document(&self.modules.all())
    }

    /// Waits until every event is delivered and applied. Returns the events that are not, at the
    /// deadline. Events that are parked or wait for a retry are not waited for.
    ///
    /// # Errors
    /// A database does not answer.
    pub async fn drain(&self, deadline: Duration) -> Result<Undelivered, DbError> {
        let end = tokio::time::Instant::now() + deadline;
        let mut drained = 0;
        loop {
            let undelivered = self.status.undelivered().await?;
            drained = if undelivered.is_nothing() { drained + 1 } else { 0 };
            if drained == DRAIN_CHECKS || tokio::time::Instant::now() >= end {
                return Ok(undelivered);
            }
            if drained == 0 {
                tokio::time::sleep(DRAIN_INTERVAL).await;
            }
        }
    }

    /// Stops requests, jobs, relays, the bus and the pools, in this order, then leaves the embedded
    /// PostgreSQL. Before it stops requests, it lets load balancers notice.
    pub async fn stop(self) {
        if let Some(server) = self.server {
            self.status.announce_stop();
            if !self.drain.is_zero() {
                tokio::time::sleep(self.drain).await;
            }
            server.stop().await;
        }
        if let Some(jobs) = self.jobs {
            jobs.stop("jobs", self.shutdown_timeout).await;
        }
        self.background.stop("background", self.shutdown_timeout).await;
        self.bus.close().await;
        if let Some(metrics) = self.metrics {
            metrics.stop().await;
        }
        for write in self.hosted.iter().filter_map(|module| module.write.as_ref()) {
            write.raw().close().await;
        }
        self.databases.close().await;
    }
}

/// Ends the servers of an application that cannot start.
async fn stop_serving(server: Option<http::Server>, metrics: Option<http::MetricsServer>) {
    if let Some(server) = server {
        server.stop().await;
    }
    if let Some(metrics) = metrics {
        metrics.stop().await;
    }
}

/// The listeners of the servers.
struct Listeners {
    requests: Option<TcpListener>,
    /// For `/metrics`, if that has an address of its own.
    metrics: Option<TcpListener>,
}

impl Listeners {
    /// They are opened early, because a port that is taken is the likeliest failure, and links need
    /// to know the port.
    fn open(config: &Config, where_to_listen: &Listen) -> Result<Self, Error> {
        match where_to_listen {
            Listen::No => Ok(Self { requests: None, metrics: None }),
            Listen::AsConfigured => {
                let requests = Some(listen(config.http.host(), config.http.port)?);
                let metrics = config.telemetry.metrics_address()?;
                Ok(Self { requests, metrics: metrics.map(|(host, port)| listen(host, port)).transpose()? })
            }
        }
    }
}

/// The modules that other processes host, each with the URL of such a process.
fn with_urls(modules: Vec<Module>, plan: &ModulePlan) -> Vec<RemoteModule> {
    let with_url = |module: Module| {
        let url = plan.url_of(module.name).cloned();
        if url.is_none() {
            let (module, key) = (module.name, format!("modules.{}.url", module.name));
            tracing::warn!(
                module,
                key,
                "this process does not host the module, and the key is not set: its routes answer 503"
            );
        }
        RemoteModule { module, url }
    };
    modules.into_iter().map(with_url).collect()
}

fn listen(host: &str, port: u16) -> Result<TcpListener, Error> {
    let failed = |error| Error::Listen { address: format!("{host}:{port}"), error };
    let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs().map_err(failed)?.collect();
    let listener = TcpListener::bind(addresses.as_slice()).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

/// The URL of the settings. If they leave the port to the operating system, the URL has the one it
/// chose.
fn public_url(config: &Config, listener: Option<&TcpListener>) -> String {
    let address = listener.and_then(|listener| listener.local_addr().ok());
    config.http.public_url(address.map_or(config.http.port, |address| address.port()))
}

/// Makes an inbox for each hosted module that subscribes to events, and connects it to the bus.
async fn subscribe(hosted: &[Module], config: &Config, bus: &dyn EventBus) -> Result<Vec<Arc<Inbox>>, Error> {
    let mut inboxes = Vec::new();
    for module in hosted {
        let Some((subscriber, write)) = module.subscriber.clone().zip(module.write.clone()) else { continue };
        let inbox = Arc::new(Inbox::new(subscriber, write, config.events.clone()));
        bus.subscribe(Arc::clone(&inbox)).await?;
        inboxes.push(inbox);
    }
    Ok(inboxes)
}

/// The jobs by database: a job's queue is in the database of the rows that the job works on.
fn jobs_by_database(hosted: &[Module], databases: &Databases) -> Vec<JobsOfDatabase> {
    let jobs_in = |database| {
        let is_in = |module: &&Module| database_of(module.name) == Some(database);
        hosted.iter().filter(is_in).flat_map(|module| module.jobs.clone()).collect()
    };
    let with_jobs = |database: &crate::databases::Database| JobsOfDatabase {
        endpoints: Arc::clone(database.endpoints()),
        pool: database.jobs().clone(),
        jobs: jobs_in(database.name),
    };
    databases.written().map(with_jobs).collect()
}

/// Keeps what is known of the databases current, and opens those that are not open yet.
fn keep_opening(background: &mut Background, opener: Opener) {
    for database in opener.databases.used() {
        let endpoints = Arc::clone(database.endpoints());
        background.keep_running("endpoints", move |signal| {
            let endpoints = Arc::clone(&endpoints);
            async move { endpoints.watch(signal).await }
        });
    }
    let databases = Arc::clone(&opener.databases);
    background.keep_running("embedded postgres", move |signal| {
        let databases = Arc::clone(&databases);
        async move { databases.watch_embedded(signal).await }
    });
    background.keep_running("opener", move |signal| opener.clone().keep_trying(signal));
}

/// Publishes from the outboxes, retries events in the inboxes, and prunes the inboxes.
fn keep_delivering(background: &mut Background, hosted: &[Module], inboxes: &[Arc<Inbox>], bus: &Arc<dyn EventBus>) {
    for write in hosted.iter().filter_map(|module| module.write.clone()) {
        let (bus, endpoints) = (Arc::clone(bus), Arc::clone(write.endpoints()));
        background.keep_running_once_open("relay", &endpoints, move |signal| {
            Relay::new(write.clone(), Arc::clone(&bus)).run(signal)
        });
    }
    for inbox in inboxes {
        let (pruned, retried) = (Arc::clone(inbox), Arc::clone(inbox));
        let endpoints = inbox.endpoints();
        let prune = move |signal| Arc::clone(&pruned).run_retention(signal);
        background.keep_running_once_open("inbox pruner", endpoints, prune);
        let retry = move |signal| Arc::clone(&retried).run_retries(signal);
        background.keep_running_once_open("retries", endpoints, retry);
    }
}

/// Publishes the refusals of this process through the outbox of one of its modules. A process whose
/// modules have none only logs them.
fn keep_recording(background: &mut Background, hosted: &[Module], audit: AuditQueue) {
    let Some(write) = hosted.iter().find_map(|module| module.write.clone()) else { return };
    let endpoints = Arc::clone(write.endpoints());
    background
        .keep_running_once_open("audit queue", &endpoints, move |signal| audit.clone().run(write.clone(), signal));
}

/// Learns of revocations by other processes, sets the gauges of the metrics, and in a server logs
/// what a person has to do.
fn keep_current(background: &mut Background, modules: &Modules, status: &Arc<Status>, process: ProcessKind) {
    let identity = modules.identity.clone();
    if let Some(write) = identity.module().write {
        background.keep_running_once_open("revocations", write.endpoints(), move |signal| {
            identity.clone().run_revocations(signal)
        });
    }
    let (watched, noticing) = (Arc::clone(status), Arc::clone(status));
    background.keep_running("status", move |signal| {
        let status = Arc::clone(&watched);
        async move { status.watch(signal).await }
    });
    if process == ProcessKind::Server {
        background.keep_running("notices", move |signal| {
            let status = Arc::clone(&noticing);
            async move { status.watch_notices(signal).await }
        });
    }
}
