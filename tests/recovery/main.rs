//! One of the two databases has lost data: replay, reconcile, backup and restore bring them into
//! agreement. Everything is done by the program's commands.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod backup;
mod dumps;
mod installation;
mod previous_release;
mod reconcile;
mod replay;
mod upgrade;
