//! Runs the modules' jobs on apalis, of which this is the only home.
//!
//! A row in apalis' queue is only a wake-up: which work is due is in the module's own rows. For
//! each job a process has three tasks. The *ticker* pushes a wake-up into the job's queue when the
//! job is woken, and when `every` has passed. The *worker*, which is apalis' own, takes wake-ups
//! from the queue. The *runner* calls the job's function; it is a task of its own, so that a
//! worker that loses its database does not abort the function. A wake-up may be lost, doubled or
//! late without harm, because every start and every tick pushes another.

mod poll;
mod prune;
mod queue;
mod runner;
mod start;
mod ticker;
mod worker;

pub use queue::{list_overdue, migrate};
pub use start::{JobsOfDatabase, start};
