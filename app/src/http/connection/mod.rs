//! The connections of clients: how many there are, how long one may wait for its client, and the
//! answers that the HTTP library makes without the middlewares.

mod answers;
mod deadline;
mod listen;
mod request_line;
mod state;
mod stream;
#[cfg(test)]
mod tests;

pub use self::listen::{Limits, listen};
pub use self::state::{Connection, RunningRequest};
