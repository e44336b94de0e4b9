//! `piecework keys rotate`: replaces the key that signs access tokens.

use clap::Subcommand;
use kernel::Problem;
use serde_json::json;

use super::context::{Context, with_application};
use super::output::{print_json, print_line};
use crate::Error;

/// The commands of `keys`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Replace the key that signs access tokens
    ///
    /// Nobody is logged out. The new key begins to sign after a few seconds, when every process has
    /// loaded it. The old key verifies until the last token that it signed has expired. Keys in the
    /// configuration (auth.keys) are replaced there.
    Rotate,
}

/// Runs the command.
pub async fn run(context: &Context, command: &KeysCommand) -> Result<(), Error> {
    let KeysCommand::Rotate = command;
    if !context.loaded.config.auth.keys.is_empty() {
        return Err(Error::Configuration(identity::Error::KeysInConfiguration.to_string()));
    }
    let rotation = with_application(context, async |application| {
        Ok(application.modules.identity.rotate_keys().await.map_err(Problem::from)?)
    })
    .await?;
    if context.json {
        return print_json(&json!({
            "key_id": rotation.key_id,
            "signs_from": rotation.signs_from,
            "old_keys_verify_until": rotation.old_keys_verify_until,
        }));
    }
    print_line(&format!(
        "The new key {} signs from {}. The old keys verify until {}.",
        rotation.key_id, rotation.signs_from, rotation.old_keys_verify_until
    ))
}
