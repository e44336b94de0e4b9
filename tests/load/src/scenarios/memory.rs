//! Measures the memory of the program after the scenarios before this one, and after many people
//! have logged in at once.

use std::time::Duration;

use crate::environment::Environment;
use crate::error::Result;
use crate::generator::{Generator, RequestSource};
use crate::installation::Installation;
use crate::people::login_request;
use crate::report::{Goal, Row};
use crate::resources::Memory;
use crate::rounds::spread;
use crate::scenarios::unread;

/// Number of logins.
const LOGINS: usize = 1_000;
/// Number of logins in a short run.
const LOGINS_SHORT: usize = 120;
/// Number of clients that log in concurrently. The program admits a few more.
const CLIENTS: usize = 60;
/// Maximum time for all logins.
const LOGIN_DEADLINE: Duration = Duration::from_secs(600);

pub async fn run(environment: &mut Environment<'_>) -> Result<Vec<Row>> {
    let count = if environment.arguments.short { LOGINS_SHORT } else { LOGINS };
    let installation = environment.main().await?;
    installation.wait_until_delivered().await?;
    let before = measure("memory", installation, Goal::AtMost(96.0))?;
    let generator = Generator {
        address: installation.process.address,
        connections: CLIENTS,
        expected_status: 200,
        per_second: None,
    };
    let logins = generator.send_for(LOGIN_DEADLINE, logins(installation, count)).await?;
    let after = measure("memory after logins", installation, Goal::AtMost(128.0))?;
    let unread = unread::measure(installation).await?;
    let note = format!("{} logins by {CLIENTS} clients at once, {:.0}/s", logins.answered, logins.per_second());
    Ok(vec![before, after.with_note(note), unread])
}

fn measure(name: &str, installation: &Installation, goal: Goal) -> Result<Row> {
    let memory = Memory::of(installation.process.pid()?)?;
    let note = format!("peak {:.0} MiB", memory.peak_mib);
    Ok(Row::new(name, "MiB", spread(&[memory.resident_mib])?, None, goal).with_note(note))
}

/// Logs in one worker after the other.
fn logins(installation: &Installation, count: usize) -> impl RequestSource + use<> {
    let emails: Vec<String> = installation.people.workers.iter().map(|person| person.email.clone()).collect();
    let mut emails = emails.into_iter().cycle().take(count);
    move |request: &mut Vec<u8>| {
        let Some(email) = emails.next() else { return false };
        *request = login_request(&email);
        true
    }
}
