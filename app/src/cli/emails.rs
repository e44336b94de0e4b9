//! `piecework emails resend --parked`: queues parked mail again.

use clap::{Args, Subcommand};
use kernel::Problem;
use serde_json::json;

use super::context::{Context, with_application};
use super::output::{print_json, print_line};
use crate::Error;

/// The commands of `emails`.
#[derive(Debug, Subcommand)]
pub enum EmailsCommand {
    /// Queue mail again that was parked after its last attempt
    ///
    /// Each mail gets a new set of attempts and keeps its Message-ID. `serve` sends the mail.
    Resend(ResendArguments),
}

/// The options of `emails resend`.
#[derive(Debug, Args)]
pub struct ResendArguments {
    /// Every parked mail
    #[arg(long, required = true)]
    parked: bool,
}

/// Runs the command.
pub async fn run(context: &Context, command: &EmailsCommand) -> Result<(), Error> {
    // clap requires --parked, because there is no other set of mails to resend yet.
    let EmailsCommand::Resend(ResendArguments { parked: _ }) = command;
    let queued = with_application(context, async |application| {
        Ok(application.modules.email.resend_parked_mails().await.map_err(Problem::from)?)
    })
    .await?;
    if context.json {
        return print_json(&json!({ "queued": queued }));
    }
    print_line(&format!("Parked mails that are queued again: {queued}"))
}
