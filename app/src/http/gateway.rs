//! The data that the middlewares and the gateway's own endpoints share.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use kernel::Ambient;
use kernel::http::idempotency::InFlight;
use kernel::runtime::shutdown::ShutdownSignal;

use super::digest::digest;
use super::limits::RequestLimits;
use super::proxy::{Proxy, RemoteModule};
use super::site::Site;
use super::system::route_table::RouteTable;
use crate::Error;
use crate::config::Config;
use crate::runtime::audit_queue::AuditQueue;
use crate::status::Status;

/// Number of bytes that identify a release.
const RELEASE_BYTES: usize = 4;

/// What the gateway uses besides the modules.
pub struct Services {
    /// The status of the modules and databases of this process.
    pub status: Arc<Status>,
    /// Checks access tokens.
    pub identity: identity::Identity,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Records refusals.
    pub audit: AuditQueue,
}

/// One value per process. Every worker of the HTTP server gets the same one.
pub struct Gateway {
    /// The status of the modules and databases of this process.
    pub status: Arc<Status>,
    /// Checks access tokens and publishes the public keys.
    pub identity: identity::Identity,
    /// The source of request ids.
    pub ambient: Ambient,
    /// What a person may do in this process.
    pub limits: RequestLimits,
    /// The networks of the proxies that are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Records refusals.
    pub audit: AuditQueue,
    /// The routes of all modules, hosted and remote.
    pub routes: RouteTable,
    /// The OpenAPI document, as it is sent to clients.
    pub document: serde_json::Value,
    /// Identifies the release in the ETags of versioned resources: a digest of the document.
    pub release: String,
    /// A request without a response after this time is answered with 504.
    pub request_timeout: Duration,
    /// The requests with an idempotency key that this process is processing.
    pub in_flight: InFlight,
    /// The addresses of this program.
    pub site: Site,
    /// Forwards requests to the processes that host the remote modules.
    pub proxy: Proxy,
    /// Ends the event streams that the proxy relays.
    pub shutdown: ShutdownSignal,
}

impl Gateway {
    /// `document` and `routes` describe the routes of all modules.
    ///
    /// # Errors
    /// A setting is not allowed, or TLS cannot be set up.
    pub fn new(
        config: &Config,
        services: Services,
        document: serde_json::Value,
        routes: RouteTable,
        site: Site,
        remote: Vec<RemoteModule>,
        shutdown: ShutdownSignal,
    ) -> Result<Self, Error> {
        let Services { status, identity, ambient, audit } = services;
        Ok(Self {
            limits: RequestLimits::new(config.limits, ambient.clone()),
            trusted_proxies: config.http.trusted_networks()?,
            audit,
            routes,
            release: release_of(&document),
            document,
            status,
            identity,
            ambient,
            request_timeout: Duration::from_millis(config.http.request_timeout_ms),
            in_flight: InFlight::default(),
            site,
            proxy: Proxy::new(remote)?,
            shutdown,
        })
    }
}

/// A digest of the API document. Processes of the same release have the same one. A resource with
/// the same version may look different in another release.
fn release_of(document: &serde_json::Value) -> String {
    digest(&serde_json::to_vec(document).unwrap_or_default(), RELEASE_BYTES)
}
