//! `piecework verify`: names the rows that violate an invariant.

use std::collections::BTreeSet;

use chrono::SecondsFormat;
use clap::Args;
use kernel::CalendarDate;
use kernel::verify::{Remedy, Server};

use super::context::{Context, with_application};
use super::output::{print_json, print_line};
use crate::Error;
use crate::application::Application;
use crate::verification::{self, Report, VerifyOptions};

/// The options of the command.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// Check this day and later ones, YYYY-MM-DD; for earlier closed days, the sealed
    /// figures are used
    #[arg(long, value_name = "DATE")]
    since: Option<CalendarDate>,
    /// Read from the replicas instead of the primaries
    #[arg(long)]
    replica: bool,
}

/// Runs the command.
pub async fn run(context: &Context, arguments: &VerifyArguments) -> Result<(), Error> {
    let since = arguments.since.map(CalendarDate::date);
    let server = if arguments.replica { Server::Replica } else { Server::Primary };
    if arguments.replica {
        check_replicas(context)?;
    }
    let verify =
        async |application: &Application| verification::verify(application, VerifyOptions { since, server }).await;
    let report = with_application(context, verify).await?;
    if context.json {
        print_json(&report)?;
    } else {
        print_report(&report)?;
    }
    fail_if_found(&report)
}

/// Refuses to read from replicas that the settings do not name.
fn check_replicas(context: &Context) -> Result<(), Error> {
    let databases = &context.loaded.config.databases;
    for (name, database) in [("tracker", &databases.tracker), ("accounting", &databases.accounting)] {
        if database.read_urls.is_empty() {
            let text = format!("--replica needs a replica of each database: databases.{name}.read_urls is empty");
            return Err(Error::Configuration(text));
        }
    }
    Ok(())
}

/// Prints the findings, each with its remedy.
pub fn print_report(report: &Report) -> Result<(), Error> {
    for finding in &report.findings {
        print_line(&format!("invariant {}: {} [{}]", finding.invariant, finding.detail, finding.remedy))?;
    }
    let remedies: BTreeSet<Remedy> = report.findings.iter().map(|finding| finding.remedy).collect();
    for remedy in remedies {
        print_line(&format!("{remedy}: {}.", remedy.explanation()))?;
    }
    match (report.events_in_flight, report.events_parked) {
        (0, _) => {}
        (waiting, 0) => print_line(&format!("{waiting} events are not applied yet; a running server applies them."))?,
        (waiting, parked) => print_line(&format!(
            "{waiting} events are not applied yet, {parked} of them are parked (`piecework events parked`)."
        ))?,
    }
    for noticed in &report.notices {
        print_line(&format!("note from {}: {}; {}", noticed.module, noticed.notice.found, noticed.notice.advice))?;
    }
    if report.findings.is_empty() {
        print_line("All invariants hold.")?;
    }
    let as_of = report.as_of.to_rfc3339_opts(SecondsFormat::Secs, true);
    match report.checked_since {
        None => print_line(&format!("Checked: everything that was committed before {as_of}.")),
        Some(day) => print_line(&format!(
            "Checked: what was committed since the beginning of {day} and before {as_of}, and the seals of earlier days."
        )),
    }
}

/// An error if there is a finding.
pub fn fail_if_found(report: &Report) -> Result<(), Error> {
    match report.findings.len() {
        0 => Ok(()),
        count => Err(Error::Failed(format!("{count} rows violate an invariant"))),
    }
}
