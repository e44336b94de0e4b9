//! The scenarios, one a file.

mod close;
mod complete;
mod create;
mod dashboard;
mod foreground;
mod growth;
mod list;
mod memory;
mod pipeline;
mod post;
mod reassign;
mod start;
mod unread;

use crate::environment::Environment;
use crate::error::Result;
use crate::report::Row;
use crate::scenario::Scenario;

/// Runs a scenario. Returns its rows of the table.
///
/// # Errors
/// The scenario does not work.
pub async fn run(scenario: Scenario, environment: &mut Environment<'_>) -> Result<Vec<Row>> {
    match scenario {
        Scenario::Complete => complete::run(environment).await,
        Scenario::Create => create::run(environment).await,
        Scenario::List => list::run(environment).await,
        Scenario::Post => post::run(environment).await,
        Scenario::Reassign => reassign::run(environment).await,
        Scenario::Foreground => foreground::run(environment).await,
        Scenario::Dashboard => dashboard::run(environment).await,
        Scenario::Pipeline => pipeline::run(environment).await,
        Scenario::Memory => memory::run(environment).await,
        Scenario::Close => close::run(environment).await,
        Scenario::Start => start::run(environment).await,
        Scenario::Growth => growth::run(environment).await,
    }
}
