//! The scenarios by name.

use clap::ValueEnum;

/// What the program measures. The order is the order of a run: later scenarios need the data that
/// earlier ones leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Scenario {
    /// Tasks completed a second over HTTP
    Complete,
    /// Tasks created a second over HTTP
    Create,
    /// Pages of a person's open tasks a second, out of a million tasks
    List,
    /// Rewards and fees booked a second from a full outbox
    Post,
    /// All open tasks reassigned and charged
    Reassign,
    /// Latency of create, complete and list while a reassign runs
    Foreground,
    /// Latency of every analytics answer at more than a million transfers
    Dashboard,
    /// Time from the answer to a completion until the balance shows it
    Pipeline,
    /// Resident memory of the program after the scenarios above
    Memory,
    /// A business day closed for a hundred thousand wallets
    Close,
    /// Time from starting the process until it is ready
    Start,
    /// Growth of the databases by each task, assignment and completion, and the time to verify them
    Growth,
}

impl Scenario {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Create => "create",
            Self::List => "list",
            Self::Post => "post",
            Self::Reassign => "reassign",
            Self::Foreground => "foreground",
            Self::Dashboard => "dashboard",
            Self::Pipeline => "pipeline",
            Self::Memory => "memory",
            Self::Close => "close",
            Self::Start => "start",
            Self::Growth => "growth",
        }
    }
}
