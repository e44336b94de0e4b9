//! The whole, put together: what `serve`, the commands, the demo and the tests all run.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use kernel::Ambient;
use kernel::bus::EventBus;
use kernel::db::{Cluster, REQUEST_PATIENCE};
use kernel::inbox::Inbox;
use kernel::module::Module;
use kernel::outbox::Relay;
use kernel::shutdown::ShutdownSignal;

use crate::background::Background;
use crate::config::Config;
use crate::databases::{COMMAND_PATIENCE, Databases};
use crate::hosting::Hosting;
use crate::http::{Elsewhere, Served};
use crate::jobs::{self, Jobs, Runner};
use crate::modules::{Modules, database_of};
use crate::opening::Opening;
use crate::state::{Hosted, State, Undelivered};
use crate::{Error, bus, http, telemetry};

/// How often to look whether everything is delivered.
const DRAIN_POLL: Duration = Duration::from_millis(20);

/// Which parts run.
#[derive(Debug, Default)]
pub struct Options {
    pub listen: Listen,
    /// Whether only the modules are hosted that the settings name. A command needs all.
    pub hosts_as_configured: bool,
    /// Whether long work is done here: reassign runs, day closes, mail.
    pub jobs: bool,
}

/// Where requests come in.
#[derive(Debug, Default)]
pub enum Listen {
    /// Nowhere: a command that works beside a server, or without one.
    #[default]
    No,
    /// At `http.host` and `http.port`.
    AsConfigured,
}

impl Options {
    /// Everything that the settings ask for: what `serve` does.
    #[must_use]
    pub const fn serve() -> Self {
        Self { listen: Listen::AsConfigured, hosts_as_configured: true, jobs: true }
    }

    /// Events are delivered, and nothing else is done: for commands.
    #[must_use]
    pub const fn command() -> Self {
        Self { listen: Listen::No, hosts_as_configured: false, jobs: false }
    }
}

/// A running system.
pub struct Application {
    pub modules: Modules,
    pub state: Arc<State>,
    pub ambient: Ambient,
    public_url: String,
    hosted: Vec<Module>,
    databases: Arc<Databases>,
    bus: Arc<dyn EventBus>,
    background: Background,
    jobs: Option<Jobs>,
    server: Option<http::Server>,
    shutdown_timeout: Duration,
}

impl Application {
    /// Databases → modules → bus and subscriptions → jobs → HTTP → relays and retries. A database is opened (reached, checked,
    /// migrated, prepared) before any of it; by a server, afterwards: it starts while its databases are down.
    ///
    /// # Errors
    /// The first part that cannot start.
    pub async fn build(config: &Config, options: Options, ambient: Ambient) -> Result<Self, Error> {
        // Before the first measurement.
        let _metrics = telemetry::metrics();
        let hosting = if options.hosts_as_configured { hosting(config)? } else { Hosting::all() };
        let bus = bus::open(&config.bus, crate::modules::subscriptions())?;
        // Early, because a port that is taken is the likeliest thing to go wrong, and links need to know the port.
        let listener = match options.listen {
            Listen::No => None,
            Listen::AsConfigured => Some(listen(&config.http.host, config.http.port)?),
        };
        let public_url = public_url(config, listener.as_ref());

        let patience = if listener.is_some() { REQUEST_PATIENCE } else { COMMAND_PATIENCE };
        let databases = Arc::new(Databases::open(config, &hosting, &ambient, patience).await?);
        let modules = Modules::new(config, &databases, &ambient, &public_url)?;
        let opening = Opening {
            databases: Arc::clone(&databases),
            modules: modules.clone(),
            hosting: hosting.clone(),
            serves: options.jobs,
        };
        // A server is there at once, whatever its databases do; a command can do nothing without them.
        let opens_later = listener.is_some() && !databases.are_embedded();
        if !opens_later {
            opening.open_all().await?;
        }
        let (hosted, elsewhere): (Vec<_>, Vec<_>) =
            modules.all().into_iter().partition(|module| hosting.hosts(module.name));

        let inboxes = subscribe(&hosted, config, bus.as_ref()).await?;
        let state = Arc::new(State::new(Arc::clone(&databases), Arc::clone(&bus), in_short(&hosted, &inboxes)));
        let jobs = options.jobs.then(|| jobs::start(runners(&hosted, &databases), ambient.new_id::<()>().uuid()));
        let server = match listener {
            None => None,
            Some(listener) => {
                let identity = modules.identity.clone();
                let served = Served { hosted: hosted.clone(), elsewhere: places(elsewhere, config)? };
                Some(http::serve(listener, &config.http, served, Arc::clone(&state), identity, ambient.clone())?)
            }
        };
        let shutdown_timeout = Duration::from_millis(config.http.shutdown_timeout_ms);
        if opens_later && let Err(error) = opening.try_all().await {
            if let Some(server) = server {
                server.stop().await;
            }
            return Err(error);
        }
        let background = start_background(&hosted, &inboxes, &bus, &state, opening);
        Ok(Self {
            modules,
            state,
            ambient,
            public_url,
            hosted,
            databases,
            bus,
            background,
            jobs,
            server,
            shutdown_timeout,
        })
    }

    /// Where HTTP is served; none where it is not.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.server.as_ref().map(http::Server::address)
    }

    /// What people type to get here, without a slash at the end.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The API's document.
    #[must_use]
    pub fn document(&self) -> utoipa::openapi::OpenApi {
        http::document(&self.modules.all())
    }

    /// Waits until every event is delivered and applied; returns what is left over at the deadline. Events that are parked
    /// or wait for a later try are not waited for.
    ///
    /// # Errors
    /// A database does not answer.
    pub async fn drain(&self, deadline: Duration) -> Result<Undelivered, sqlx::Error> {
        let end = tokio::time::Instant::now() + deadline;
        let mut quiet = 0;
        loop {
            let undelivered = self.state.undelivered().await?;
            // One look asks one outbox after the other, and an event that moves on in between is missed. No event causes
            // a chain of more than two, so the second quiet look in a row cannot be wrong.
            quiet = if undelivered.is_nothing() { quiet + 1 } else { 0 };
            if quiet == 2 || tokio::time::Instant::now() >= end {
                return Ok(undelivered);
            }
            if quiet == 0 {
                tokio::time::sleep(DRAIN_POLL).await;
            }
        }
    }

    /// Stops in good order: requests, jobs, relays, bus, pools; then the embedded PostgreSQL is given back.
    pub async fn stop(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
        if let Some(jobs) = self.jobs {
            jobs.stop(self.shutdown_timeout).await;
        }
        self.background.stop(self.shutdown_timeout).await;
        self.bus.close().await;
        for write in self.hosted.iter().filter_map(|module| module.write.as_ref()) {
            write.raw().close().await;
        }
        self.databases.close().await;
    }
}

fn hosting(config: &Config) -> Result<Hosting, Error> {
    config.modules.hosting().map_err(|reason| Error::Configuration(format!("settings: `modules.hosted` {reason}")))
}

/// Where the modules are that are not hosted here.
fn places(modules: Vec<Module>, config: &Config) -> Result<Vec<Elsewhere>, Error> {
    let place = |module: Module| {
        let key = format!("modules.{}.url", module.name);
        let url = config.modules.url_of(module.name);
        let url = url.map_err(|reason| Error::Configuration(format!("settings: `{key}` {reason}")))?;
        if url.is_none() {
            tracing::warn!(
                module = module.name,
                "this module is not hosted here and {key} is not set: its routes answer 503"
            );
        }
        Ok(Elsewhere { module, url })
    };
    modules.into_iter().map(place).collect()
}

fn listen(host: &str, port: u16) -> Result<TcpListener, Error> {
    let failed = |error| Error::Listen { address: format!("{host}:{port}"), error };
    let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs().map_err(failed)?.collect();
    let listener = TcpListener::bind(addresses.as_slice()).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

/// As configured, with the port that was given to us where any would do.
fn public_url(config: &Config, listener: Option<&TcpListener>) -> String {
    let port =
        listener.and_then(|listener| listener.local_addr().ok()).map_or(config.http.port, |address| address.port());
    config.http.public_url(port)
}

/// Makes an inbox for each module that listens, in the order of the modules.
async fn subscribe(modules: &[Module], config: &Config, bus: &dyn EventBus) -> Result<Vec<Option<Arc<Inbox>>>, Error> {
    let mut inboxes = Vec::with_capacity(modules.len());
    for module in modules {
        let inbox = module.subscriber.clone().zip(module.write.clone());
        let inbox = inbox.map(|(subscriber, write)| Arc::new(Inbox::new(subscriber, write, config.events.clone())));
        if let Some(inbox) = &inbox {
            bus.subscribe(Arc::clone(inbox)).await?;
        }
        inboxes.push(inbox);
    }
    Ok(inboxes)
}

fn in_short(modules: &[Module], inboxes: &[Option<Arc<Inbox>>]) -> Vec<Hosted> {
    let in_short = |(module, inbox): (&Module, &Option<Arc<Inbox>>)| Hosted {
        name: module.name,
        write: module.write.clone(),
        inbox: inbox.clone(),
    };
    modules.iter().zip(inboxes).map(in_short).collect()
}

fn start_background(
    hosted: &[Module],
    inboxes: &[Option<Arc<Inbox>>],
    bus: &Arc<dyn EventBus>,
    state: &Arc<State>,
    opening: Opening,
) -> Background {
    let mut background = Background::default();
    for database in opening.databases.used() {
        let cluster = Arc::clone(database.cluster());
        background.keep_running("endpoints", move |signal| {
            let cluster = Arc::clone(&cluster);
            async move { cluster.watch(signal).await }
        });
    }
    for write in hosted.iter().filter_map(|module| module.write.clone()) {
        let bus = Arc::clone(bus);
        let cluster = Arc::clone(write.cluster());
        background.keep_running("relay", move |signal| {
            let relay = Relay::new(write.clone(), Arc::clone(&bus));
            once_open(Arc::clone(&cluster), signal.clone(), relay.run(signal))
        });
    }
    for inbox in inboxes.iter().flatten().map(Arc::clone) {
        let (forgetful, cluster) = (Arc::clone(&inbox), Arc::clone(inbox.cluster()));
        background.keep_running("forgetting", move |signal| {
            once_open(Arc::clone(&cluster), signal.clone(), Arc::clone(&forgetful).run_forgetting(signal))
        });
        let cluster = Arc::clone(inbox.cluster());
        background.keep_running("retries", move |signal| {
            once_open(Arc::clone(&cluster), signal.clone(), Arc::clone(&inbox).run_retries(signal))
        });
    }
    let (identity, cluster) = (opening.modules.identity.clone(), Arc::clone(opening.databases.tracker.cluster()));
    background.keep_running("revocations", move |signal| {
        once_open(Arc::clone(&cluster), signal.clone(), identity.clone().run_revocations(signal))
    });
    background.keep_running("opening", move |signal| opening.clone().keep_trying(signal));
    let state = Arc::clone(state);
    background.keep_running("watch", move |signal| {
        let state = Arc::clone(&state);
        async move { state.watch(signal).await }
    });
    background
}

/// What has nothing to do before its database is open.
async fn once_open(cluster: Arc<Cluster>, mut signal: ShutdownSignal, work: impl Future<Output = ()>) {
    if signal.or(cluster.opened()).await.is_some() {
        work.await;
    }
}

/// The jobs by database: apalis' tables are beside the rows that the jobs look for.
fn runners(modules: &[Module], databases: &Databases) -> Vec<Runner> {
    let jobs_in = |database: &str| {
        let lives_here = |module: &&Module| database_of(module.name) == Some(database);
        modules.iter().filter(lives_here).flat_map(|module| module.jobs.clone()).collect()
    };
    databases
        .worked_in()
        .map(|database| Runner {
            cluster: Arc::clone(database.cluster()),
            pool: database.jobs().clone(),
            jobs: jobs_in(database.name),
        })
        .collect()
}
