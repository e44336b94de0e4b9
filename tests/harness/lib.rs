//! What tests share: a private PostgreSQL server, a database for each test, a broker, and the whole
//! application.
//!
//! Tests of one module use the databases, events and waiting. Tests of the application enable the
//! feature `application`, which adds [`TestApp`], its HTTP client, its people, and the program as a
//! child process.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up must fail and say why")]

#[cfg(feature = "application")]
mod application;
mod database;
mod events;
mod left_out;
mod pair;
mod pooler;
mod postgres;
mod proxy;
pub mod rabbitmq;
#[cfg(feature = "application")]
mod tls_postgres;
mod wait;

#[cfg(feature = "application")]
pub use application::*;
pub use database::{ACCOUNTING_REPORT, Login, TASKS_REPORT, TestDatabase, accounting, empty_database, tracker};
pub use events::{event, people_changed, person};
pub use left_out::say_not_tested;
pub use pair::Pair;
pub use pooler::Pooler;
pub use postgres::{memory_directory, postgres_url};
pub use proxy::Proxy;
#[cfg(feature = "application")]
pub use tls_postgres::TlsPostgres;
pub use wait::eventually;
