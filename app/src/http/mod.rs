//! The gateway: it receives every request, identifies the caller and routes the request to its
//! module.

#[cfg(test)]
mod browser_tests;
mod connection;
mod digest;
mod forwarded;
mod gateway;
mod limits;
mod metrics_server;
mod middleware;
mod pages;
mod prefix;
mod problem_codes;
mod proxy;
mod request_span;
mod route_pattern;
mod site;
mod split_body;
mod system;
#[cfg(test)]
mod tests;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::middleware::{Compat, Compress, from_fn};
use actix_web::{App, web};
use kernel::http::{CursorKeys, ProgramVersion};
use kernel::module::Module;
use kernel::runtime::shutdown::{Shutdown, ShutdownSignal};
use tokio::task::JoinHandle;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_actix_web::{AppExt, scope};

use self::connection::{Limits, listen};
use self::gateway::Gateway;
use self::middleware::response_headers::BehindHttps;
use self::middleware::{
    access_log, admission, client_address, conditional, consistency, cross_origin, deadline, event_streams, forward,
    head, idempotency, identify, problems, refusals, request_body, request_id, response_headers,
};
use self::site::Site;
use self::system::openapi;
use self::system::route_table::RouteTable;
use crate::Error;
use crate::config;

pub use self::gateway::Services;
pub use self::metrics_server::MetricsServer;
pub use self::pages::VERSION;
pub use self::prefix::API_PREFIX;
pub use self::proxy::{Client, RemoteModule, connect, fetch_hosted_modules, innermost_cause, needs_tls};
pub use self::system::openapi::document;

/// A running HTTP server.
pub struct Server {
    address: SocketAddr,
    handle: ServerHandle,
    running: JoinHandle<std::io::Result<()>>,
    streams: Shutdown,
}

/// Starts an HTTP server on `listener`. This process hosts the modules `hosted`; other processes
/// host the modules `remote`.
///
/// # Errors
/// The listener cannot be used, or TLS cannot be set up.
pub fn serve(
    listener: TcpListener,
    config: &config::Config,
    hosted: Vec<Module>,
    remote: Vec<RemoteModule>,
    services: Services,
) -> Result<Server, Error> {
    let (settings, ids) = (&config.http, services.ambient.clone());
    let address = listener.local_addr().map_err(Error::io("read the address of the listener"))?;
    let all: Vec<Module> = hosted.iter().cloned().chain(remote.iter().map(|remote| remote.module.clone())).collect();
    let described = openapi::described_routes(&all);
    let routes = RouteTable::new(&described, &openapi::owners(&all));
    let document = openapi::complete(&described);
    let streams = Shutdown::default();
    let signal = streams.signal();
    let keys = services.identity.clone();
    let cursor_keys = CursorKeys::new(move || keys.cursor_keys());
    let site = Site::new(settings, address);
    let is_behind_https = site.is_behind_https();
    let (has_metrics, status) = (config.telemetry.metrics_listen.is_none(), Arc::clone(&services.status));
    let gateway = web::Data::new(Gateway::new(config, services, document, routes, site, remote, signal.clone())?);
    let modules: Arc<[Module]> = hosted.into();

    let app = move || {
        let (app, _document) = App::new()
            .into_utoipa_app()
            .app_data(gateway.clone())
            .app_data(web::Data::new(gateway.ambient.clone()))
            .app_data(web::Data::new(BehindHttps(is_behind_https)))
            // For an endpoint that does in one request what others do in several.
            .app_data(web::Data::from(Arc::clone(&gateway.limits.people)))
            .app_data(cursor_keys.clone())
            .app_data(web::Data::from(Arc::clone(&status)))
            .app_data(web::Data::new(ProgramVersion(VERSION)))
            .app_data(web::Data::<ShutdownSignal>::new(signal.clone()))
            .service(scope::scope(API_PREFIX).configure(|api| add_routes(&modules, &gateway.routes, api)))
            .split_for_parts();
        app.configure(|app| system::add_routes_outside(app, has_metrics))
            .configure(pages::add_routes)
            .default_service(web::to(pages::get_other))
            // The last middleware is the first to see a request and the last to see its response.
            .wrap(from_fn(idempotency::negotiate))
            .wrap(from_fn(admission::admit))
            .wrap(from_fn(identify::identify))
            .wrap(from_fn(refusals::record))
            .wrap(from_fn(conditional::answer))
            .wrap(from_fn(consistency::negotiate))
            .wrap(from_fn(event_streams::follow))
            .wrap(Compat::new(Compress::default()))
            .wrap(from_fn(forward::forward))
            .wrap(from_fn(deadline::limit))
            .wrap(from_fn(problems::rewrite))
            .wrap(from_fn(cross_origin::share))
            .wrap(from_fn(response_headers::add))
            .wrap(from_fn(head::answer_as_get))
            .wrap(from_fn(request_body::follow))
            .wrap(from_fn(access_log::record))
            .wrap(from_fn(client_address::establish))
            .wrap(from_fn(request_id::assign))
    };
    let server = listen(listener, Limits::new(settings), ids, is_behind_https, app)
        .map_err(|error| Error::Listen { address: address.to_string(), error })?;
    Ok(Server { address, handle: server.handle(), running: tokio::spawn(server), streams })
}

/// Adds the endpoints of the API.
fn add_routes(modules: &[Module], routes: &RouteTable, api: &mut ServiceConfig<'_>) {
    system::add_routes(modules, api);
    // After all endpoints: this answers what no endpoint of the path takes.
    api.map(|api| routes.add_other_methods(api));
}

impl Server {
    /// The address that the server listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no new requests, ends event streams, and waits for running requests until the
    /// shutdown timeout.
    pub async fn stop(self) {
        // An event stream ends only on this signal. It comes first, so that no stream delays the
        // stop.
        self.streams.trigger();
        self.handle.stop(true).await;
        match self.running.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the HTTP server ended with an error"),
            Err(error) => tracing::warn!(%error, "the task of the HTTP server failed"),
        }
    }
}
