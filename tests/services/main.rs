//! Several processes of the real program, with a real RabbitMQ and two databases: services with some of the modules each, and
//! processes with all of them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets what it did not expect must fail, and say where"
)]

#[path = "../system/acts.rs"]
mod acts;
#[path = "../system/api.rs"]
mod api;
mod forwarding;
#[path = "../system/ledger.rs"]
mod ledger;
mod process;
mod sharing;
#[path = "../system/stage.rs"]
mod stage;
mod starting;
mod story;
mod world;
