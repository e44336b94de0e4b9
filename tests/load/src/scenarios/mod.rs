//! What is measured, one scenario a file.

mod close;
mod complete;
mod create;
mod dashboard;
mod foreground;
mod list;
mod memory;
mod pipeline;
mod post;
mod reassign;
mod start;

use crate::error::Result;
use crate::report::Row;
use crate::world::World;

/// In the order in which they run: later ones stand on what earlier ones have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scenario {
    Complete,
    Create,
    List,
    Post,
    Reassign,
    Foreground,
    Dashboard,
    Pipeline,
    Memory,
    Close,
    Start,
}

impl Scenario {
    pub const ALL: [Self; 11] = [
        Self::Complete,
        Self::Create,
        Self::List,
        Self::Post,
        Self::Reassign,
        Self::Foreground,
        Self::Dashboard,
        Self::Pipeline,
        Self::Memory,
        Self::Close,
        Self::Start,
    ];

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
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name)
    }

    /// # Errors
    /// It does not work.
    pub async fn run(self, world: &mut World<'_>) -> Result<Vec<Row>> {
        match self {
            Self::Complete => complete::run(world).await,
            Self::Create => create::run(world).await,
            Self::List => list::run(world).await,
            Self::Post => post::run(world).await,
            Self::Reassign => reassign::run(world).await,
            Self::Foreground => foreground::run(world).await,
            Self::Dashboard => dashboard::run(world).await,
            Self::Pipeline => pipeline::run(world).await,
            Self::Memory => memory::run(world).await,
            Self::Close => close::run(world).await,
            Self::Start => start::run(world).await,
        }
    }
}
