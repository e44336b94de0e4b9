//! The HTTP server on a listener. It is what `actix_web::HttpServer` builds, with a stream of our
//! own between the socket and the parser, for which `HttpServer` has no place.

use std::fmt::Debug;
use std::future::ready;
use std::net::TcpListener;
use std::time::Duration;

use actix_http::{HttpService, Request, Response};
use actix_server::Server;
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Extensions};
use actix_web::rt::net::TcpStream;
use kernel::Ambient;

use super::stream::ClientStream;
use crate::config;

/// An idle connection is closed after this time.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// A client has this much time to close its side of a connection.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The limits of the server and of each connection.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Number of threads that answer requests.
    workers: usize,
    /// Maximum number of connections of each thread. Further ones wait until one is closed.
    connections_per_worker: usize,
    /// How long one step of a client may take.
    client_timeout: Duration,
    /// How long a stop waits for running requests.
    shutdown_timeout: Duration,
}

impl Limits {
    /// The limits of the settings.
    pub fn new(settings: &config::Http) -> Self {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let workers = if settings.workers > 0 { settings.workers } else { cores() };
        Self {
            workers,
            connections_per_worker: settings.max_connections.div_ceil(workers).max(1),
            client_timeout: Duration::from_millis(settings.client_timeout_ms),
            shutdown_timeout: Duration::from_millis(settings.shutdown_timeout_ms),
        }
    }

    /// The same deadlines for one thread with at most `connections` connections.
    pub const fn of_one_worker(self, connections: usize) -> Self {
        Self { workers: 1, connections_per_worker: connections, ..self }
    }
}

/// Serves the applications that `app` makes, one for each thread. `is_behind_https`: people reach
/// the server by TLS.
///
/// # Errors
/// The listener cannot be used.
pub fn listen<F, I, S, B>(
    listener: TcpListener,
    limits: Limits,
    ambient: Ambient,
    is_behind_https: bool,
    app: F,
) -> std::io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let builder = Server::build()
        .disable_signals()
        .workers(limits.workers)
        .max_concurrent_connections(limits.connections_per_worker)
        .shutdown_timeout(limits.shutdown_timeout.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX));
    let stopping = builder.graceful_shutdown_signal();
    let builder = builder.listen("http", listener, move || {
        let (stopping, ambient) = (stopping.clone(), ambient.clone());
        let app = app().into_factory().map_err(|error| error.into().error_response());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(limits.client_timeout)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .on_connect_ext(|client: &ClientStream, data: &mut Extensions| {
                data.insert(client.connection());
            })
            .h1(map_config(app, |()| AppConfig::default()));
        fn_service(move |tcp: TcpStream| {
            let peer = tcp.peer_addr().ok();
            ready(Ok((ClientStream::new(tcp, limits.client_timeout, ambient.clone(), is_behind_https), peer)))
        })
        .and_then(http)
    })?;
    Ok(builder.run())
}
