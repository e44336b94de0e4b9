//! Real databases for tests: one throwaway PostgreSQL for everybody, and a database of its own for each test.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up must fail, and say why")]

mod database;
mod events;
mod pair;
mod proxy;
pub mod rabbitmq;
mod server;
mod wait;

pub use database::{ACCOUNTING_REPORT, Login, TASKS_REPORT, TestDatabase, accounting, empty_database, tracker};
pub use events::{event, people_changed, person};
pub use pair::Pair;
pub use proxy::Proxy;
pub use server::{binary, postgres_url};
pub use wait::eventually;
