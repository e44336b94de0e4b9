//! The server of `/metrics` at an address of its own, which a load balancer does not lead to.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, web};
use kernel::Ambient;

use super::connection::{Limits, listen};
use super::middleware::response_headers::BehindHttps;
use super::middleware::{head, problems, request_body, request_id, response_headers};
use super::system::metrics;
use crate::status::Status;
use crate::{Error, config};

/// Maximum number of connections: one for each collector, and some that it has left.
const CONNECTIONS_MAX: usize = 64;

/// A running server.
pub struct MetricsServer {
    address: SocketAddr,
    handle: ServerHandle,
}

impl MetricsServer {
    /// Serves `/metrics` and nothing else on `listener`. Requests have the deadlines of the API's
    /// listener, and errors are the same problem documents.
    ///
    /// # Errors
    /// The listener cannot be used.
    pub fn start(
        listener: TcpListener,
        settings: &config::Http,
        status: Arc<Status>,
        ambient: Ambient,
    ) -> Result<Self, Error> {
        let address = listener.local_addr().map_err(Error::io("read the address of the listener"))?;
        let (status, ids) = (web::Data::from(status), web::Data::new(ambient.clone()));
        let app = move || {
            App::new()
                .app_data(status.clone())
                .app_data(ids.clone())
                // A collector reaches this address without TLS.
                .app_data(web::Data::new(BehindHttps(false)))
                .configure(metrics::add_routes)
                .wrap(from_fn(problems::rewrite))
                .wrap(from_fn(response_headers::add))
                .wrap(from_fn(head::answer_as_get))
                .wrap(from_fn(request_body::follow))
                .wrap(from_fn(request_id::assign))
        };
        let limits = Limits::new(settings).of_one_worker(CONNECTIONS_MAX);
        let server = listen(listener, limits, ambient, false, app)
            .map_err(|error| Error::Listen { address: address.to_string(), error })?;
        let handle = server.handle();
        // It ends when it is stopped, and with the process.
        tokio::spawn(server);
        Ok(Self { address, handle })
    }

    /// The address that the server listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the server without waiting for a collector.
    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}
