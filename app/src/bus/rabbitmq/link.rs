//! A link: one connection to the broker, with a supervisor that connects again when it is lost.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use kernel::events::bus::PublishError;
use kernel::runtime::shutdown::ShutdownSignal;
use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Connection};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::connect::connect;
use super::failure::{Failure, backoff, within};
use super::topology::Topology;
use crate::config::BrokerAddress;

/// How long an attempt to connect may take before the link counts as down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an attempt to connect goes on before it is given up. lapin keeps a thread for each
/// attempt that hangs, so this is long.
const CONNECT_ABANDON: Duration = Duration::from_secs(30);
/// How often the state of the connection is read, which may change without an event.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// After a connection that lived longer than this, the pauses start with the shortest again.
const STABLE: Duration = Duration::from_secs(10);
/// How long a caller waits for the first connection, or for a declaration.
const SESSION_TIMEOUT: Duration = Duration::from_secs(5);
/// How long closing a connection may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What a connection is for. Publishing and consuming do not share one: a broker that is short of
/// memory or disk stops reading from a connection that publishes, and would then read no
/// acknowledgements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionUse {
    /// The connection publishes.
    Publish,
    /// The connection consumes.
    Consume,
}

impl ConnectionUse {
    /// The name, for logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Consume => "consume",
        }
    }
}

/// A connection that is up, with everything declared.
#[derive(Clone)]
pub struct Session {
    /// The connection.
    pub connection: Arc<Connection>,
    /// The channel for publishing, with confirms, and for queries.
    pub channel: Channel,
    /// The version of the topology that is declared.
    version: u64,
}

#[derive(Clone)]
enum State {
    /// The first connection is not made yet.
    Starting,
    /// The connection is up.
    Up(Session),
    /// The connection is lost, for this reason.
    Down(String),
    /// The bus is closed.
    Closed,
}

/// One connection that is made again whenever it is lost.
pub struct SupervisedConnection {
    role: ConnectionUse,
    address: BrokerAddress,
    topology: Arc<Topology>,
    state: watch::Sender<State>,
    /// The reason for which a user of the connection reports that it is useless.
    broken: watch::Sender<Option<String>>,
    /// Notified by a user of the connection that misses a queue or a binding.
    declare_again: Notify,
}

impl SupervisedConnection {
    /// A connection that is not established yet: [`SupervisedConnection::supervise`] connects.
    pub fn new(role: ConnectionUse, address: BrokerAddress, topology: Arc<Topology>) -> Self {
        let (state, broken) = (watch::Sender::new(State::Starting), watch::Sender::new(None));
        Self { role, address, topology, state, broken, declare_again: Notify::new() }
    }

    /// Whether the connection is up and the broker takes messages.
    pub fn is_up(&self) -> bool {
        matches!(&*self.state.borrow(), State::Up(session) if !session.connection.status().blocked())
    }

    /// The session. It waits a short time for the first connection.
    pub async fn session(&self) -> Result<Session, PublishError> {
        let wanted = *self.topology.version().borrow();
        let mut state = self.state.subscribe();
        let patience = tokio::time::sleep(SESSION_TIMEOUT);
        tokio::pin!(patience);
        loop {
            match &*state.borrow_and_update() {
                State::Up(session) if session.connection.status().blocked() => {
                    return Err(PublishError::OutOfReach(
                        "it is short of memory or disk and takes no messages".to_owned(),
                    ));
                }
                State::Up(session) if session.version >= wanted => return Ok(session.clone()),
                State::Up(_) | State::Starting => {}
                State::Down(reason) => return Err(PublishError::OutOfReach(reason.clone())),
                State::Closed => return Err(PublishError::Closed),
            }
            tokio::select! {
                changed = state.changed() => if changed.is_err() { return Err(PublishError::Closed) },
                () = &mut patience => {
                    return Err(PublishError::OutOfReach("the connection is not ready yet".to_owned()));
                }
            }
        }
    }

    /// Waits for a session. `None` once the bus is closed.
    pub async fn next_session(&self) -> Option<Session> {
        let mut state = self.state.subscribe();
        let state = state.wait_for(|state| matches!(state, State::Up(_) | State::Closed)).await.ok()?;
        match &*state {
            State::Up(session) => Some(session.clone()),
            _ => None,
        }
    }

    /// Reports that the session is useless: the link connects again.
    pub fn give_up(&self, session: &Session, reason: &str) {
        // The report may be of an earlier session.
        let is_this = |current: &Session| Arc::ptr_eq(&current.connection, &session.connection);
        let is_current = matches!(&*self.state.borrow(), State::Up(current) if is_this(current));
        if is_current {
            self.broken.send_replace(Some(reason.to_owned()));
        }
    }

    /// Reports that a queue or a binding is missing: everything is declared again.
    pub fn declare_again(&self) {
        self.declare_again.notify_one();
    }

    /// Keeps the link connected until the shutdown.
    pub async fn supervise(self: Arc<Self>, mut shutdown: ShutdownSignal) {
        let mut backoff = backoff();
        self.measure(false);
        while !shutdown.is_triggered() {
            let Some(connected) = shutdown.or(self.connect()).await else { break };
            let reason = match connected {
                Err(failure) => failure,
                Ok(connection) => {
                    let since = Instant::now();
                    let reason = self.hold(connection, &mut shutdown).await;
                    if since.elapsed() >= STABLE {
                        backoff.reset();
                    }
                    reason
                }
            };
            if shutdown.is_triggered() {
                break;
            }
            self.go_down(&reason);
            if shutdown.or(tokio::time::sleep(backoff.next_pause())).await.is_none() {
                break;
            }
        }
        self.state.send_replace(State::Closed);
        self.measure(false);
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let name = format!("piecework {}", self.role.name());
        let attempt = connect(&self.address, name);
        tokio::pin!(attempt);
        if let Ok(connected) = tokio::time::timeout(CONNECT_TIMEOUT, &mut attempt).await {
            return connected.map_err(|error| Failure::from_broker("connecting", &error));
        }
        // The broker may only be frozen. When it goes on, this attempt succeeds.
        let late = Failure::timeout("connecting");
        self.go_down(&late);
        match tokio::time::timeout(CONNECT_ABANDON, &mut attempt).await {
            Ok(connected) => connected.map_err(|error| Failure::from_broker("connecting", &error)),
            Err(_) => Err(late),
        }
    }

    /// Uses the connection until it is lost, and returns the reason.
    async fn hold(&self, connection: Connection, shutdown: &mut ShutdownSignal) -> Failure {
        let mut events = Box::pin(connection.events_listener());
        let mut broken = self.broken.subscribe();
        broken.mark_unchanged();
        let mut version = self.topology.version();
        let connection = Arc::new(connection);
        let reason = match self.prepare(&connection).await {
            Err(failure) => failure,
            Ok(session) => {
                self.go_up(session.clone());
                loop {
                    let go_on = tokio::select! {
                        () = shutdown.triggered() => Err(Failure::new("closing", "the bus is closed")),
                        lost = watch_over(&session, &mut events) => Err(lost),
                        _ = broken.changed() => {
                            let reason = broken.borrow_and_update().clone().unwrap_or_default();
                            Err(Failure::new("working", reason))
                        }
                        _ = version.changed() => self.renew(&session).await,
                        () = self.declare_again.notified() => self.renew(&session).await,
                    };
                    if let Err(reason) = go_on {
                        break reason;
                    }
                }
            }
        };
        // Before the close, so that no caller begins anything with the connection.
        if shutdown.is_triggered() {
            self.state.send_replace(State::Closed);
        }
        let close = connection.close(200, "closing".into());
        // The connection is given up whether this succeeds or not.
        let _closed = tokio::time::timeout(CLOSE_TIMEOUT, close).await;
        reason
    }

    async fn prepare(&self, connection: &Arc<Connection>) -> Result<Session, Failure> {
        let version = self.topology.declare(connection).await?;
        let channel = within("opening a channel", connection.create_channel()).await?;
        within("asking for confirms", channel.confirm_select(ConfirmSelectOptions::default())).await?;
        Ok(Session { connection: Arc::clone(connection), channel, version })
    }

    async fn renew(&self, session: &Session) -> Result<(), Failure> {
        let version = self.topology.declare(&session.connection).await?;
        self.state.send_replace(State::Up(Session { version, ..session.clone() }));
        Ok(())
    }

    fn go_up(&self, session: Session) {
        let before = self.state.send_replace(State::Up(session));
        self.measure(true);
        if matches!(before, State::Down(_)) {
            tracing::info!(role = self.role.name(), "the broker is back");
        } else {
            tracing::debug!(role = self.role.name(), "connected to the broker");
        }
    }

    /// Logs a warning once for each outage.
    fn go_down(&self, reason: &Failure) {
        let before = self.state.send_replace(State::Down(reason.to_string()));
        self.measure(false);
        let role = self.role.name();
        if matches!(before, State::Down(_)) {
            tracing::debug!(role, %reason, "the broker is still out of reach");
        } else {
            tracing::warn!(role, %reason, "the broker is out of reach; events wait in their outboxes");
        }
    }

    fn measure(&self, up: bool) {
        metrics::gauge!("piecework_bus_connected", "role" => self.role.name()).set(f64::from(u8::from(up)));
    }
}

/// Returns the reason when the connection is lost.
async fn watch_over(session: &Session, events: &mut (impl Stream<Item = lapin::Event> + Unpin)) -> Failure {
    let mut checks = tokio::time::interval(CHECK_INTERVAL);
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(lapin::Event::Error(error)) => return Failure::from_broker("working", &error),
                Some(lapin::Event::ConnectionBlocked(reason)) => {
                    tracing::warn!(reason, "the broker takes no events at the moment; they wait in their outboxes");
                }
                Some(lapin::Event::ConnectionUnblocked) => tracing::info!("the broker takes events again"),
                Some(_) => {}
                None => return Failure::new("working", "the connection is lost"),
            },
            _ = checks.tick() => {
                if !session.connection.status().connected() || !session.channel.status().connected() {
                    return Failure::new("working", "the connection is lost");
                }
            }
        }
    }
}
