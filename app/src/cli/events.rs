//! `piecework events parked|retry|discard`: dead letters.

use clap::{Args, Subcommand};
use serde_json::json;
use uuid::Uuid;

use super::output::{print_json, print_line};
use super::{Context, with_application};
use crate::Error;
use crate::application::Application;
use crate::state::discard_reason;

/// So many parked events are read at a time.
const PAGE: i64 = 200;

#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// List events that wait for a person, with the reason
    Parked,
    /// Try parked events again, at once
    Retry {
        /// Ids of events, as `events parked` shows them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<Uuid>,
    },
    /// Give parked events up for good; they stay on record with the reason
    Discard(DiscardArguments),
}

#[derive(Debug, Args)]
pub struct DiscardArguments {
    /// Ids of events, as `events parked` shows them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<Uuid>,
    /// Why they may be forgotten: 1 to 500 characters
    #[arg(long)]
    reason: String,
}

pub async fn run(context: &Context, command: EventsCommand) -> Result<(), Error> {
    match command {
        EventsCommand::Parked => {
            with_application(context, async |application| parked(context, application).await).await
        }
        EventsCommand::Retry { ids } => {
            let unknown = with_application(context, async |application| {
                let mut unknown = Vec::new();
                for id in ids {
                    let subscribers = application.state.retry_parked(id).await.map_err(|error| failed(&error))?;
                    note(context, "retried", id, &subscribers, &mut unknown)?;
                }
                Ok(unknown)
            });
            refuse_unknown(&unknown.await?)
        }
        EventsCommand::Discard(DiscardArguments { ids, reason }) => {
            let reason = discard_reason(&reason).map_err(|problem| Error::Usage(format!("--reason: {problem}")))?;
            let unknown = with_application(context, async |application| {
                let mut unknown = Vec::new();
                for id in ids {
                    let subscribers =
                        application.state.discard_parked(id, &reason).await.map_err(|error| failed(&error))?;
                    note(context, "discarded", id, &subscribers, &mut unknown)?;
                }
                Ok(unknown)
            });
            refuse_unknown(&unknown.await?)
        }
    }
}

async fn parked(context: &Context, application: &Application) -> Result<(), Error> {
    let mut after = None;
    let mut count = 0;
    loop {
        let events = application.state.parked(after.as_ref(), PAGE).await.map_err(|error| failed(&error))?;
        for event in &events {
            if context.json {
                print_line(&serde_json::to_string(event).map_err(|error| Error::Failed(error.to_string()))?)?;
            } else {
                let attempts = event.attempts;
                print_line(&format!(
                    "{}  {}  {}  after {attempts} tries: {}",
                    event.event_id, event.subscriber, event.event_type, event.last_error
                ))?;
            }
        }
        count += events.len();
        match events.last() {
            Some(last) if i64::try_from(events.len()).is_ok_and(|read| read == PAGE) => {
                after = Some((last.event_id, last.subscriber.clone()));
            }
            _ => break,
        }
    }
    if count == 0 && !context.json {
        print_line("No event is parked.")?;
    }
    Ok(())
}

fn note(context: &Context, done: &str, id: Uuid, subscribers: &[&str], unknown: &mut Vec<Uuid>) -> Result<(), Error> {
    if subscribers.is_empty() {
        unknown.push(id);
        return Ok(());
    }
    if context.json {
        print_json(&json!({ "event_id": id, "done": done, "subscribers": subscribers }))
    } else {
        print_line(&format!("{id}  {done}: {}", subscribers.join(", ")))
    }
}

fn refuse_unknown(unknown: &[Uuid]) -> Result<(), Error> {
    if unknown.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = unknown.iter().map(Uuid::to_string).collect();
    Err(Error::Failed(format!("not parked anywhere: {}", ids.join(", "))))
}

fn failed(error: &sqlx::Error) -> Error {
    Error::Failed(format!("a database did not answer: {error}"))
}
