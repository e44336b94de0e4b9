//! The input of every command, and the application that most commands work on.

use std::sync::Arc;
use std::time::Duration;

use kernel::Ambient;
use kernel::http::context::RequestContext;

use super::operating_system_user::operating_system_user;
use crate::Error;
use crate::application::{Application, Options};
use crate::config;

/// Maximum time that a command waits until its events are delivered.
pub const DRAIN_DEADLINE: Duration = Duration::from_secs(30);

/// The input of a command.
pub struct Context {
    /// The merged configuration.
    pub loaded: config::Loaded,
    /// Whether results are printed as JSON.
    pub json: bool,
}

/// Runs `work` on an application without HTTP and jobs, then waits until its events are delivered.
pub async fn with_application<T>(
    context: &Context,
    work: impl AsyncFnOnce(&Application) -> Result<T, Error>,
) -> Result<T, Error> {
    let application = Application::build(&context.loaded.config, Options::command(), Ambient::system()).await?;
    let actor = Arc::new(RequestContext::of_command_line(operating_system_user()));
    let result = actor.scope(work(&application)).await;
    let drained = application.drain(DRAIN_DEADLINE).await;
    application.stop().await;
    let value = result?;
    match drained {
        Ok(undelivered) if !undelivered.is_nothing() => {
            tracing::warn!(
                undelivered.outbox_pending,
                undelivered.on_the_bus,
                undelivered.inbox_due,
                "the command succeeded, but some of its events are not delivered yet; the next serve delivers them"
            );
        }
        Err(error) => {
            tracing::warn!(%error, "the command succeeded, but it is not known whether its events are delivered");
        }
        Ok(_) => {}
    }
    Ok(value)
}
