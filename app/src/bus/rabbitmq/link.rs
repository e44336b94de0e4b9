//! One connection to the broker that is always there, or on its way back: the supervisor.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use kernel::bus::PublishError;
use kernel::shutdown::ShutdownSignal;
use lapin::options::ConfirmSelectOptions;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::topology::Topology;
use super::{Backoff, Failure, within};

/// After so long without an answer a connection attempt counts as failed,
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// and after so long it is given up: lapin keeps a thread for each that hangs, so there should not be many.
const CONNECT_ABANDON: Duration = Duration::from_secs(30);
/// How often to look whether the connection is alive although it said nothing.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// A connection that lived so long was a good one: the next attempt comes at once.
const STABLE: Duration = Duration::from_secs(10);
/// How long to wait for a connection that is being made for the first time, or declares what is new.
const PATIENCE: Duration = Duration::from_secs(5);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What a connection is for. A broker that is short of memory or disk stops reading from whoever publishes,
/// acknowledgements included: so publishing and consuming do not share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Publish,
    Consume,
}

impl Role {
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
    pub connection: Arc<Connection>,
    /// For publishing, with confirms, and for questions.
    pub channel: Channel,
    /// Which version of the topology is declared.
    version: u64,
}

#[derive(Clone)]
enum State {
    Starting,
    Up(Session),
    /// With the reason.
    Down(String),
    Closed,
}

pub struct Link {
    role: Role,
    address: AMQPUri,
    topology: Arc<Topology>,
    state: watch::Sender<State>,
    /// Somebody found the connection useless: with the reason.
    broken: watch::Sender<Option<String>>,
    /// Somebody found that a queue or a binding is missing.
    declare_again: Notify,
}

impl Link {
    pub fn new(role: Role, address: AMQPUri, topology: Arc<Topology>) -> Self {
        let (state, broken) = (watch::Sender::new(State::Starting), watch::Sender::new(None));
        Self { role, address, topology, state, broken, declare_again: Notify::new() }
    }

    pub fn is_up(&self) -> bool {
        matches!(&*self.state.borrow(), State::Up(session) if !session.connection.status().blocked())
    }

    /// The session, at once or after the short while that a first connection takes.
    pub async fn session(&self) -> Result<Session, PublishError> {
        let wanted = *self.topology.version().borrow();
        let mut state = self.state.subscribe();
        let patience = tokio::time::sleep(PATIENCE);
        tokio::pin!(patience);
        loop {
            match &*state.borrow_and_update() {
                State::Up(session) if session.connection.status().blocked() => {
                    return Err(PublishError::OutOfReach("it is short of memory or disk and takes nothing".to_owned()));
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

    /// The session, whenever there is one; none after the end.
    pub async fn next_session(&self) -> Option<Session> {
        let mut state = self.state.subscribe();
        let settled = state.wait_for(|state| matches!(state, State::Up(_) | State::Closed)).await.ok()?;
        match &*settled {
            State::Up(session) => Some(session.clone()),
            _ => None,
        }
    }

    /// The session is of no use: a new one, please.
    pub fn give_up(&self, session: &Session, reason: &str) {
        // Not if it was somebody else's, long gone.
        let is_this = |current: &Session| Arc::ptr_eq(&current.connection, &session.connection);
        let is_current = matches!(&*self.state.borrow(), State::Up(current) if is_this(current));
        if is_current {
            self.broken.send_replace(Some(reason.to_owned()));
        }
    }

    pub fn declare_again(&self) {
        self.declare_again.notify_one();
    }

    /// Keeps the connection until the shutdown.
    pub async fn supervise(self: Arc<Self>, mut shutdown: ShutdownSignal) {
        let mut backoff = Backoff::default();
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
            self.fall(&reason);
            if shutdown.or(tokio::time::sleep(backoff.next())).await.is_none() {
                break;
            }
        }
        self.state.send_replace(State::Closed);
        self.measure(false);
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let name = format!("piecework {}", self.role.name());
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let attempt = Connection::connect_uri(self.address.clone(), properties);
        tokio::pin!(attempt);
        if let Ok(connected) = tokio::time::timeout(CONNECT_TIMEOUT, &mut attempt).await {
            return connected.map_err(|error| Failure::from_broker("connecting", &error));
        }
        // It may only be frozen; when it goes on, this very attempt succeeds.
        let late = Failure::timeout("connecting");
        self.fall(&late);
        match tokio::time::timeout(CONNECT_ABANDON, &mut attempt).await {
            Ok(connected) => connected.map_err(|error| Failure::from_broker("connecting", &error)),
            Err(_) => Err(late),
        }
    }

    /// Until it is lost, and then says why.
    async fn hold(&self, connection: Connection, shutdown: &mut ShutdownSignal) -> Failure {
        let mut news = Box::pin(connection.events_listener());
        let mut broken = self.broken.subscribe();
        broken.mark_unchanged();
        let mut version = self.topology.version();
        let connection = Arc::new(connection);
        let reason = match self.prepare(&connection).await {
            Err(failure) => failure,
            Ok(session) => {
                self.rise(session.clone());
                loop {
                    let go_on = tokio::select! {
                        () = shutdown.triggered() => Err(Failure::new("closing", "the bus is closed")),
                        lost = watch_over(&session, &mut news) => Err(lost),
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
        // Nobody is to begin anything with it.
        if shutdown.is_triggered() {
            self.state.send_replace(State::Closed);
        }
        let close = connection.close(200, "bye".into());
        // Whatever it says, it is over.
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

    fn rise(&self, session: Session) {
        let before = self.state.send_replace(State::Up(session));
        self.measure(true);
        if matches!(before, State::Down(_)) {
            tracing::info!(role = self.role.name(), "the broker is back");
        } else {
            tracing::debug!(role = self.role.name(), "connected to the broker");
        }
    }

    /// Says so once for each time that the broker is away.
    fn fall(&self, reason: &Failure) {
        let before = self.state.send_replace(State::Down(reason.to_string()));
        self.measure(false);
        let role = self.role.name();
        if matches!(before, State::Down(_)) {
            tracing::debug!(role, %reason, "the broker is still out of reach");
        } else {
            tracing::warn!(role, %reason, "the broker is out of reach; events are kept until it is back");
        }
    }

    fn measure(&self, up: bool) {
        metrics::gauge!("piecework_bus_connected", "role" => self.role.name()).set(f64::from(u8::from(up)));
    }
}

/// Returns when the connection is lost, however that shows.
async fn watch_over(session: &Session, news: &mut (impl Stream<Item = lapin::Event> + Unpin)) -> Failure {
    let mut looks = tokio::time::interval(LOOK_INTERVAL);
    loop {
        tokio::select! {
            event = news.next() => match event {
                Some(lapin::Event::Error(error)) => return Failure::from_broker("working", &error),
                Some(lapin::Event::ConnectionBlocked(reason)) => {
                    tracing::warn!(reason, "the broker takes nothing for the moment; events wait in their outboxes");
                }
                Some(lapin::Event::ConnectionUnblocked) => tracing::info!("the broker takes events again"),
                Some(_) => {}
                None => return Failure::new("working", "the connection is gone"),
            },
            _ = looks.tick() => {
                if !session.connection.status().connected() || !session.channel.status().connected() {
                    return Failure::new("working", "the connection is gone");
                }
            }
        }
    }
}
