//! The gateway: the one way in. It identifies, limits, names and measures every request, and hands it to its module.

mod access_log;
mod admin;
mod consistency;
mod deadline;
mod docs;
mod forward;
mod health;
mod identify;
mod metrics;
mod openapi;
mod panics;
mod problems;
mod request_id;
mod route_table;
mod security_headers;
mod streams;
#[cfg(test)]
mod tests;
mod unknown_query;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpServer, web};
use kernel::Ambient;
use kernel::module::Module;
use kernel::shutdown::{Shutdown, ShutdownSignal};
use tokio::task::JoinHandle;
use utoipa_actix_web::{AppExt, scope};

use crate::Error;
use crate::config;
use crate::state::State;

use forward::Forwarder;
pub use forward::{Elsewhere, modules_at};
pub use openapi::document;
use route_table::RouteTable;

/// Where every module's routes are.
pub const API_PREFIX: &str = "/api/v1";
/// A connection without a request is closed after this.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// A client that takes longer to send the head of a request is not served.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// What the middlewares and the gateway's own routes need.
struct Gateway {
    state: Arc<State>,
    identity: identity::Identity,
    ambient: Ambient,
    routes: RouteTable,
    document: utoipa::openapi::OpenApi,
    request_timeout: Duration,
    forwarder: Forwarder,
    /// Ends what would not end by itself.
    streams: ShutdownSignal,
}

/// What is served: every module of the system.
pub struct Served {
    /// In this process.
    pub hosted: Vec<Module>,
    /// By another one.
    pub elsewhere: Vec<Elsewhere>,
}

/// A server that listens.
pub struct Server {
    address: SocketAddr,
    handle: ServerHandle,
    running: JoinHandle<std::io::Result<()>>,
    streams: Shutdown,
}

/// Starts to serve on `listener`.
///
/// # Errors
/// The listener cannot be used, or there is no TLS.
pub fn serve(
    listener: TcpListener,
    settings: &config::Http,
    served: Served,
    state: Arc<State>,
    identity: identity::Identity,
    ambient: Ambient,
) -> Result<Server, Error> {
    let address = listener.local_addr().map_err(Error::io("read the address that is listened on"))?;
    let Served { hosted, elsewhere } = served;
    let everything: Vec<Module> =
        hosted.iter().cloned().chain(elsewhere.iter().map(|elsewhere| elsewhere.module.clone())).collect();
    let document = openapi::document(&everything);
    let streams = Shutdown::default();
    let signal = streams.signal();
    let gateway = web::Data::new(Gateway {
        routes: RouteTable::new(&document, &openapi::owners(&everything)),
        document,
        state,
        identity,
        ambient,
        request_timeout: Duration::from_millis(settings.request_timeout_ms),
        forwarder: Forwarder::new(&elsewhere)?,
        streams: signal.clone(),
    });
    let modules: Arc<[Module]> = hosted.into();

    let mut server = HttpServer::new(move || {
        let (app, _document) = App::new()
            .into_utoipa_app()
            .app_data(gateway.clone())
            .app_data(signal.clone())
            .app_data(web::Data::<ShutdownSignal>::new(signal.clone()))
            .service(scope::scope(API_PREFIX).configure(|api| openapi::add_routes(&modules, api)))
            .split_for_parts();
        app.configure(health::add_routes)
            .configure(metrics::add_routes)
            .configure(docs::add_entry)
            .default_service(web::to(route_table::answer_unknown))
            // Read from the bottom: the last is the first to see a request and the last to see its answer.
            .wrap(from_fn(unknown_query::refuse))
            .wrap(from_fn(identify::identify))
            .wrap(from_fn(consistency::negotiate))
            .wrap(from_fn(streams::keep_uncompressed))
            .wrap(Compress::default())
            .wrap(from_fn(forward::pass_on))
            .wrap(from_fn(deadline::limit))
            .wrap(from_fn(panics::catch))
            .wrap(from_fn(problems::rewrite))
            .wrap(from_fn(security_headers::add))
            .wrap(from_fn(access_log::record))
            .wrap(from_fn(request_id::assign))
    })
    .disable_signals()
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEAD_TIMEOUT)
    .shutdown_timeout(settings.shutdown_timeout_ms.div_ceil(1000));
    if settings.workers > 0 {
        server = server.workers(settings.workers);
    }
    let server = server.listen(listener).map_err(|error| Error::Listen { address: address.to_string(), error })?.run();
    let handle = server.handle();
    Ok(Server { address, handle, running: tokio::spawn(server), streams })
}

impl Server {
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no new requests, ends streams, and waits for what is in flight until the shutdown timeout.
    pub async fn stop(self) {
        // Streams end only when they are told, so they are told first.
        self.streams.trigger();
        self.handle.stop(true).await;
        match self.running.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the HTTP server ended badly"),
            Err(error) => tracing::warn!(%error, "the HTTP server ended badly"),
        }
    }
}
