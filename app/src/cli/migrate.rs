//! `piecework migrate`: applies the migrations.

use kernel::Ambient;

use super::context::Context;
use super::output::{print_json, print_line};
use crate::Error;
use crate::databases::{COMMAND_ACQUIRE_TIMEOUT, DatabaseAccess, Databases};
use crate::startup;

/// Runs the command.
pub async fn run(context: &Context) -> Result<(), Error> {
    let databases = Databases::open(
        &context.loaded.config,
        |_| DatabaseAccess::ReadWrite,
        &Ambient::system(),
        COMMAND_ACQUIRE_TIMEOUT,
    )
    .await?;
    startup::migrate(&databases).await?;
    databases.close().await;
    if context.json {
        print_json(&serde_json::json!({ "migrated": true }))
    } else {
        print_line("All migrations are applied to both databases.")
    }
}
