//! `piecework verify`: says which invariant is broken by which rows.

use super::output::{print_json, print_line};
use super::{Context, with_application};
use crate::{Error, verify};

pub async fn run(context: &Context) -> Result<(), Error> {
    let report = with_application(context, async |application| verify::verify(application).await).await?;
    if context.json {
        print_json(&report)?;
    } else {
        for finding in &report.findings {
            print_line(&format!("invariant {}: {}", finding.invariant, finding.detail))?;
        }
        if report.events_in_flight > 0 {
            print_line(&format!(
                "{} events are still in flight, {} of them parked (`piecework events parked`).",
                report.events_in_flight, report.events_parked
            ))?;
        }
        if report.findings.is_empty() {
            print_line("All invariants hold.")?;
        }
    }
    match report.findings.len() {
        0 => Ok(()),
        count => Err(Error::Failed(format!("{count} rows break an invariant"))),
    }
}
