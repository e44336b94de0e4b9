//! The whole application under test: in this process, or as child processes, with people who use it
//! over HTTP.
#![expect(clippy::unwrap_used, reason = "a test that meets an unexpected answer must fail and say where")]

mod api;
mod app;
mod company;
pub mod document;
mod environment;
mod event_stream;
mod ledger;
mod mails;
mod process;
mod replicated;
mod system;
mod two_days;

pub use api::{Answer, Api, PREFIX, complete_path, minor, page_path, send};
pub use app::TestApp;
pub use company::Company;
pub use environment::{MORNING, TestEnvironment, at};
pub use event_stream::{EventStream, StreamEvent};
pub use ledger::{Ledger, Line, check_figures};
pub use mails::{SentMail, sent_mails};
pub use process::{
    Outcome, Process, Run, Server, Settings, assert_verified, create_person, create_person_with, piecework,
};
pub use replicated::{DatabaseProxies, ReplicatedEnvironment};
pub use system::{PASSWORD, Person, System, create_first_admin, login};
pub use two_days::{run_first_day, run_next_day};
