//! The server of `/metrics` at an address of its own, which a load balancer does not lead to.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};

use super::system::metrics;
use crate::Error;
use crate::status::Status;

/// Maximum number of connections: one for each collector, and some that it has left.
const CONNECTIONS_MAX: usize = 64;

/// A running server.
pub struct MetricsServer {
    address: SocketAddr,
    handle: ServerHandle,
}

impl MetricsServer {
    /// Serves `/metrics` and nothing else on `listener`.
    ///
    /// # Errors
    /// The listener cannot be used.
    pub fn start(listener: TcpListener, status: Arc<Status>) -> Result<Self, Error> {
        let address = listener.local_addr().map_err(Error::io("read the address of the listener"))?;
        let status = web::Data::from(status);
        let app = move || App::new().app_data(status.clone()).configure(metrics::add_routes);
        let server = HttpServer::new(app).workers(1).max_connections(CONNECTIONS_MAX).disable_signals();
        let server =
            server.listen(listener).map_err(|error| Error::Listen { address: address.to_string(), error })?.run();
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
