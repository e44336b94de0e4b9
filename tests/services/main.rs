//! Several processes of the real program, with a real RabbitMQ and two databases.
//!
//! Some tests run services with a few modules each, others run processes with all modules.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets an unexpected answer must fail and say where"
)]

mod forwarding;
mod processes;
mod shared_work;
mod startup;
mod streams;
mod two_days;
