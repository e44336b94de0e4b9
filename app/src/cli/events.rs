//! `piecework events parked|retry|discard|replay`: events that a module could not apply, and those
//! that a module has lost.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::Reason;
use serde_json::json;
use uuid::Uuid;

use super::context::{Context, with_application};
use super::output::{print_json, print_json_line, print_line};
use crate::Error;
use crate::application::Application;
use crate::recovery::{self, Replayed};

/// Number of parked events that are read at a time.
const PAGE_ROWS: i64 = 200;

/// The commands of `events`.
#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// List the events that wait for an admin, with the reason
    Parked,
    /// Retry parked events immediately
    Retry {
        /// Ids of events, as printed by `events parked`
        #[arg(required = true, value_name = "ID")]
        ids: Vec<Uuid>,
    },
    /// Give up parked events; they stay in the database with the reason
    Discard(DiscardArguments),
    /// Publish the facts of all modules again, for modules that have lost them
    ///
    /// After one of the databases has lost data, the modules in it lack facts that the others
    /// have. A fact that a module has already changes nothing: nothing is booked twice, and no mail
    /// is sent twice. The command may run beside a server.
    Replay(ReplayArguments),
}

/// The options of `events replay`.
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// Publish only facts since this time, such as 2026-11-22T09:30:00Z, or since this day in UTC.
    /// People are always published
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<DateTime<Utc>>,
}

/// The options of `events discard`.
#[derive(Debug, Args)]
pub struct DiscardArguments {
    /// Ids of events, as printed by `events parked`
    #[arg(required = true, value_name = "ID")]
    ids: Vec<Uuid>,
    /// Why the modules need not apply the events: 1 to 500 characters
    #[arg(long)]
    reason: String,
}

/// Runs the command.
pub async fn run(context: &Context, command: EventsCommand) -> Result<(), Error> {
    match command {
        EventsCommand::Parked => {
            with_application(context, async |application| parked(context, application).await).await
        }
        EventsCommand::Retry { ids } => {
            let unknown = with_application(context, async |application| {
                let mut unknown = Vec::new();
                for id in ids {
                    let subscribers = application.status.retry_parked(id).await.map_err(|error| failed(&error))?;
                    print_result(context, "retried", id, &subscribers, &mut unknown)?;
                }
                Ok(unknown)
            });
            refuse_unknown(&unknown.await?)
        }
        EventsCommand::Discard(DiscardArguments { ids, reason }) => {
            let reason = Reason::parse(&reason).map_err(|error| Error::Usage(format!("--reason: {error}")))?;
            let unknown = with_application(context, async |application| {
                let mut unknown = Vec::new();
                for id in ids {
                    let subscribers =
                        application.status.discard_parked(id, &reason).await.map_err(|error| failed(&error))?;
                    print_result(context, "discarded", id, &subscribers, &mut unknown)?;
                }
                Ok(unknown)
            });
            refuse_unknown(&unknown.await?)
        }
        EventsCommand::Replay(arguments) => replay(context, &arguments).await,
    }
}

async fn replay(context: &Context, arguments: &ReplayArguments) -> Result<(), Error> {
    let bar = ProgressBar::new_spinner().with_style(
        ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    let shown = bar.clone();
    let observe = move |kind: &'static str, facts| {
        shown.set_message(format!("{kind}: {facts} facts"));
        shown.tick();
    };
    let replayed =
        with_application(context, async |application| recovery::replay(application, arguments.since, observe).await)
            .await;
    bar.finish_and_clear();
    print_replayed(context, &replayed?)
}

fn print_replayed(context: &Context, replayed: &Replayed) -> Result<(), Error> {
    if context.json {
        return print_json(replayed);
    }
    for (kind, facts) in &replayed.published {
        print_line(&format!("{kind}: {facts} facts are published again"))?;
    }
    match replayed.events_in_flight {
        0 => print_line("Every module has applied them."),
        left => print_line(&format!("{left} events are not applied yet; a running server applies them.")),
    }
}

/// A time in RFC 3339, or a day, which begins at midnight in UTC.
fn parse_time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    text.parse().map_err(|_| "a time is written as 2026-11-22T09:30:00Z, a day as 2026-11-22".to_owned())
}

async fn parked(context: &Context, application: &Application) -> Result<(), Error> {
    let mut after = None;
    let mut count = 0;
    loop {
        let events = application.status.parked(after.as_ref(), PAGE_ROWS).await.map_err(|error| failed(&error))?;
        for event in &events {
            if context.json {
                print_json_line(event)?;
            } else {
                let attempts = event.attempts;
                print_line(&format!(
                    "{}  {}  {}  after {attempts} attempts: {}",
                    event.event_id, event.subscriber, event.event_type, event.last_error
                ))?;
            }
        }
        count += events.len();
        match events.last() {
            Some(last) if i64::try_from(events.len()).is_ok_and(|read| read == PAGE_ROWS) => {
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

fn print_result(
    context: &Context,
    done: &str,
    id: Uuid,
    subscribers: &[&str],
    unknown: &mut Vec<Uuid>,
) -> Result<(), Error> {
    if subscribers.is_empty() {
        unknown.push(id);
        return Ok(());
    }
    if context.json {
        print_json(&json!({ "id": id, "done": done, "modules": subscribers }))
    } else {
        print_line(&format!("{id}  {done}: {}", subscribers.join(", ")))
    }
}

fn refuse_unknown(unknown: &[Uuid]) -> Result<(), Error> {
    if unknown.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = unknown.iter().map(Uuid::to_string).collect();
    Err(Error::Failed(format!("no module has parked these events: {}", ids.join(", "))))
}

fn failed(error: &kernel::DbError) -> Error {
    Error::Failed(format!("a database did not answer: {error}"))
}
