//! The settings as types: `config/default.toml` explains each key.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use kernel::events::inbox::RetryPolicy;
use serde::Deserialize;

use super::broker_address::BrokerAddress;
use super::error::Error;
use super::module_urls::Modules;

/// All settings of one process. They hold secrets, so they are not to be logged.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder of everything that is kept outside of databases.
    pub data_dir: PathBuf,
    /// The HTTP server.
    pub http: Http,
    /// Which modules the process hosts, and where the other modules are.
    pub modules: Modules,
    /// The programs of the embedded PostgreSQL.
    pub postgres: Postgres,
    /// The databases.
    pub databases: Databases,
    /// What carries events between modules.
    pub bus: Bus,
    /// What an inbox does with events that its subscriber cannot apply.
    pub events: RetryPolicy,
    /// Tokens and passwords.
    pub auth: identity::Settings,
    /// Single sign-on.
    pub sso: identity::SsoSettings,
    /// What a client or a person may do in a time, or at the same time.
    pub limits: Limits,
    /// The module tasks.
    pub tasks: tasks::Settings,
    /// The module accounting.
    pub accounting: accounting::Settings,
    /// The module email.
    pub email: email::Settings,
    /// Logs.
    pub telemetry: Telemetry,
    /// What has to be asked for by name.
    pub allow: Allow,
}

/// The section `http`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The address to listen on, as it is set. `host()` is the address itself.
    pub host: String,
    /// The port to listen on; 0 takes any free port.
    pub port: u16,
    pub(super) public_url: Option<String>,
    /// Pages of these origins may read the API.
    pub allowed_origins: Vec<String>,
    /// How long a request may take, in milliseconds.
    pub request_timeout_ms: u64,
    /// How long one step of a client may take, in milliseconds: to send the head of a request, and
    /// to take a part of a response.
    pub client_timeout_ms: u64,
    /// Maximum number of connections.
    pub max_connections: usize,
    /// The networks of proxies, as they are set. `trusted_networks()` are the networks themselves.
    pub trusted_proxies: Vec<String>,
    /// How long requests are still served after a stop was asked for, in milliseconds.
    pub drain_ms: u64,
    /// How long a stop waits for requests, then for background work, in milliseconds.
    pub shutdown_timeout_ms: u64,
    /// Threads that answer requests; 0 is one for each core.
    pub workers: usize,
}

/// The section `limits`. 0 is no limit.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Failed logins from one address in a minute.
    pub failed_logins_per_address_per_minute: u32,
    /// Failed logins of one account in an hour, from addresses from which it has not logged in.
    pub failed_logins_per_account_per_hour: u32,
    /// Requests for a mail with a link to set a forgotten password, from one address in an hour.
    pub password_resets_per_address_per_hour: u32,
    /// Commands of one person in a minute.
    pub commands_per_person_per_minute: u32,
    /// Tasks that one person creates in a minute.
    pub created_tasks_per_person_per_minute: u32,
    /// Runs that one person has requested and that are not finished.
    pub unfinished_reassigns_per_person: u32,
    /// Event streams of one person that are open in one process.
    pub event_streams_per_person: u32,
}

/// The section `postgres`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// The folder of `postgres` and `initdb`. `None`: the program searches for it.
    pub bin_dir: Option<String>,
}

/// The section `databases`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Databases {
    /// The database of identity and tasks.
    pub tracker: Database,
    /// The database of accounting and email.
    pub accounting: Database,
}

/// The names of the databases of an installation, in the order in which they are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseName {
    /// The database `tracker`.
    Tracker,
    /// The database `accounting`.
    Accounting,
}

/// The settings of one database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The primary. `None` for the embedded PostgreSQL.
    pub write_url: Option<String>,
    /// Streaming replicas of the primary.
    pub read_urls: Vec<String>,
    /// Maximum number of connections of each module that write.
    pub write_connections: u32,
    /// Maximum number of connections of each module that read.
    pub read_connections: u32,
    /// How far a replica may be behind before it is left out, in milliseconds.
    pub max_lag_ms: u64,
}

/// The section `bus`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bus {
    /// Which bus.
    pub kind: BusKind,
    /// The broker, for RabbitMQ.
    pub amqp_url: Option<String>,
    /// A PEM file with the authorities that may have issued the broker's certificate. `None` means
    /// those that this machine trusts.
    pub amqp_ca_file: Option<String>,
    /// What the names of exchanges and queues begin with.
    pub prefix: String,
}

/// The buses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BusKind {
    /// Within one process.
    Broadcast,
    /// Between processes.
    RabbitMq,
}

/// The section `allow`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// The databases may be in the embedded PostgreSQL.
    pub embedded_postgres: bool,
    /// Mail may be written to files, which no person receives.
    pub mail_to_files: bool,
    /// People may reach the program without TLS.
    pub http_public_url: bool,
    /// Mail may go to the mail server without TLS.
    pub clear_text_mail: bool,
}

/// The section `telemetry`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// What is logged, as a filter of `tracing`.
    pub log: String,
    /// The format of the log.
    pub format: LogFormat,
    /// Where `/metrics` is served, as host and port. `None`: with everything else.
    pub metrics_listen: Option<String>,
    /// The URL of a collector of traces. `None`: no span is recorded.
    pub otlp_url: Option<String>,
    /// The part of the traces beginning in this process that is recorded, 0 to 1.
    pub trace_sample_ratio: f64,
}

/// The formats of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For a log collector.
    Json,
}

impl Http {
    /// The URL at which people reach this process if it listens on `port`, without a slash at the
    /// end.
    #[must_use]
    pub fn public_url(&self, port: u16) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => match self.host().parse::<IpAddr>() {
                // A browser cannot go to the address that means "every address of this machine".
                Ok(IpAddr::V4(address)) if address.is_unspecified() => format!("http://127.0.0.1:{port}"),
                Ok(IpAddr::V6(address)) if address.is_unspecified() => format!("http://[::1]:{port}"),
                Ok(IpAddr::V6(address)) => format!("http://[{address}]:{port}"),
                _ => format!("http://{}:{port}", self.host()),
            },
        }
    }

    /// The networks of proxies whose `X-Forwarded-For` and `Forwarded` count.
    ///
    /// # Errors
    /// A text that is neither a network nor an address.
    pub fn trusted_networks(&self) -> Result<Vec<IpNet>, Error> {
        let network = |text: &String| {
            let parsed = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            let reason = || format!("names `{text}`, which is no network; a network is such as 10.1.0.0/16");
            parsed.map_err(|_| Error::invalid("http.trusted_proxies", reason()))
        };
        self.trusted_proxies.iter().map(network).collect()
    }

    /// The address to listen on. An IPv6 address may be in brackets in the settings, as in a URL.
    #[must_use]
    pub fn host(&self) -> &str {
        without_brackets(&self.host)
    }
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

impl Telemetry {
    /// The host and the port at which `/metrics` is served. `None`: with everything else.
    ///
    /// # Errors
    /// The setting is no host and port.
    pub fn metrics_address(&self) -> Result<Option<(&str, u16)>, Error> {
        let Some(text) = &self.metrics_listen else { return Ok(None) };
        let parts = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let (host, port) = parts.filter(|(host, _)| !host.is_empty()).ok_or_else(|| {
            Error::invalid("telemetry.metrics_listen", "is a host and a port, such as 127.0.0.1:9464 or [::1]:9464")
        })?;
        Ok(Some((without_brackets(host), port)))
    }
}

impl DatabaseName {
    /// Every database.
    pub const ALL: [Self; 2] = [Self::Tracker, Self::Accounting];

    /// Every database, in the order in which they are copied. A database that books the facts of
    /// another one comes before it.
    pub const IN_ORDER_OF_BACKUP: [Self; 2] = [Self::Accounting, Self::Tracker];

    /// The name, as in settings and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tracker => "tracker",
            Self::Accounting => "accounting",
        }
    }
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Databases {
    /// The settings of one database.
    #[must_use]
    pub const fn get(&self, name: DatabaseName) -> &Database {
        match name {
            DatabaseName::Tracker => &self.tracker,
            DatabaseName::Accounting => &self.accounting,
        }
    }

    /// The settings of each database with its name.
    pub fn iter(&self) -> impl Iterator<Item = (DatabaseName, &Database)> {
        DatabaseName::ALL.into_iter().map(|name| (name, self.get(name)))
    }

    /// Whether the program starts a PostgreSQL of its own: no database has an address.
    #[must_use]
    pub fn are_embedded(&self) -> bool {
        self.iter().all(|(_, database)| database.write_url.is_none())
    }
}

impl Bus {
    /// The address of the broker.
    ///
    /// # Errors
    /// `bus.amqp_url` is not set or cannot be used, or `bus.amqp_ca_file` cannot be read.
    pub fn address(&self) -> Result<BrokerAddress, Error> {
        let not_set = "is not set, and `bus.kind` rabbitmq needs it, such as amqp://piecework:secret@mq1/%2f";
        let url = self.amqp_url.as_deref().ok_or(not_set);
        let address = url.and_then(BrokerAddress::parse).map_err(|reason| Error::invalid("bus.amqp_url", reason))?;
        match &self.amqp_ca_file {
            Some(path) => address.trusting(path).map_err(|reason| Error::invalid("bus.amqp_ca_file", reason)),
            None => Ok(address),
        }
    }
}
