//! What runs beside the handlers: batches of commands, jobs, the shutdown signal, pauses between
//! attempts, lines of the log that repeat, spans, and the clock.

pub mod batch;
mod clock;
pub mod jobs;
pub mod repeated;
pub mod retention;
pub mod retry;
pub mod shutdown;
pub mod span;

pub use clock::Ambient;
