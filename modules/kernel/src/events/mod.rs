//! How events travel: the outbox of the publishing module, the relay, the bus and the inbox of each
//! subscriber.

pub mod audit;
pub mod bus;
pub mod inbox;
pub mod outbox;
pub mod relay;
pub mod replay;
mod spans;
