//! The inbox: each event takes effect once for its subscriber, and an event that fails is stored
//! and retried.
//!
//! The effect of an event and its inbox row commit in one transaction. A batch that fails is
//! applied event by event, so that one event does not delay the others. An event that still fails
//! is stored with the reason and acknowledged. It is retried with growing pauses and parked after
//! the last attempt.

mod parked;
mod policy;
mod receive;
mod retention;
mod retries;
mod subscriber;

pub use parked::ParkedEvent;
pub use policy::RetryPolicy;
pub use receive::Inbox;
pub use subscriber::{ApplyError, Subscriber};
