//! `piecework verify`: names the rows that violate an invariant.

use std::collections::BTreeSet;

use kernel::verify::Remedy;

use super::context::{Context, with_application};
use super::output::{print_json, print_line};
use crate::Error;
use crate::verification::{self, Report};

/// Runs the command.
pub async fn run(context: &Context) -> Result<(), Error> {
    let report = with_application(context, async |application| verification::verify(application).await).await?;
    if context.json {
        print_json(&report)?;
    } else {
        print_report(&report)?;
    }
    fail_if_found(&report)
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
    if report.events_in_flight > 0 {
        print_line(&format!(
            "{} events are not applied yet, {} of them are parked (`piecework events parked`).",
            report.events_in_flight, report.events_parked
        ))?;
    }
    for noticed in &report.notices {
        print_line(&format!("note from {}: {}; {}", noticed.module, noticed.notice.found, noticed.notice.advice))?;
    }
    if report.findings.is_empty() {
        print_line("All invariants hold.")?;
    }
    Ok(())
}

/// An error if there is a finding.
pub fn fail_if_found(report: &Report) -> Result<(), Error> {
    match report.findings.len() {
        0 => Ok(()),
        count => Err(Error::Failed(format!("{count} rows violate an invariant"))),
    }
}
