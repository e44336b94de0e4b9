//! What the middlewares and the stream of one connection know of each other.

use std::cell::Cell;
use std::rc::Rc;

use tokio::time::Instant;

/// The state of one connection. Its requests share it: `HttpRequest::conn_data`.
#[derive(Default)]
pub struct Connection {
    requests: Cell<u64>,
    running: Cell<u64>,
    closing_since: Cell<Option<Instant>>,
}

impl Connection {
    /// A request begins: its head has arrived. It ends when the value is dropped.
    pub fn begin_request(self: &Rc<Self>) -> RunningRequest {
        self.requests.set(self.requests.get().saturating_add(1));
        self.running.set(self.running.get().saturating_add(1));
        RunningRequest(Rc::clone(self))
    }

    /// The number of requests that the connection has had.
    pub fn requests(&self) -> u64 {
        self.requests.get()
    }

    /// Whether the next bytes from the client belong to the head of a request.
    pub fn is_between_requests(&self) -> bool {
        self.running.get() == 0
    }

    /// The response that is being sent is the last one.
    pub fn close_after_response(&self) {
        if self.closing_since.get().is_none() {
            self.closing_since.set(Some(Instant::now()));
        }
    }

    /// Since when no further request is accepted; none if the connection stays open.
    pub fn closing_since(&self) -> Option<Instant> {
        self.closing_since.get()
    }
}

/// A request whose response is not sent yet.
pub struct RunningRequest(Rc<Connection>);

impl Drop for RunningRequest {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get().saturating_sub(1));
    }
}
