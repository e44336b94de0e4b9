//! An installation of the program: two databases, people who are logged in, and tasks. A copy of
//! its databases serves the baseline.

use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::{Error, Result, failed};
use crate::people::{People, create_people};
use crate::program::{Process, Program};
use crate::server::Server;
use crate::sql::Session;

/// Completes tasks in bulk.
const COMPLETE_MANY: &str = include_str!("../baseline/complete_many.sql");

/// Maximum time until all events are delivered, or until transfers are booked.
const DELIVERY_DEADLINE: Duration = Duration::from_secs(900);

/// The pause between two counts of transfers.
const TRANSFERS_POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The pause between two counts of undelivered events.
const EVENTS_POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The initial size of an installation.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Number of workers.
    pub people: usize,
    /// Number of tasks.
    pub tasks: u64,
}

/// An installation whose program runs.
#[derive(Debug)]
pub struct Installation {
    /// The name, which is also the prefix of the names of the databases.
    pub name: String,
    /// The program with its settings.
    pub program: Program,
    /// The running program.
    pub process: Process,
    /// The people who are logged in.
    pub people: People,
    /// A session in the tracker database.
    pub tracker: Session,
    /// A session in the accounting database.
    pub accounting: Session,
}

/// The program with the settings of the installation `name`.
///
/// # Errors
/// psql reports an error.
pub async fn program_for(server: &Server, path: &Path, name: &str) -> Result<Program> {
    let mut session = server.open_session("postgres")?;
    let hour: i32 = session.value("select extract(hour from now() at time zone 'utc')::integer").await?;
    let settings = [
        ("DATA_DIR", server.directory().join(name).display().to_string()),
        ("HTTP__PORT", "0".to_owned()),
        ("DATABASES__TRACKER__WRITE_URL", server.url(&tracker(name))),
        ("DATABASES__ACCOUNTING__WRITE_URL", server.url(&accounting(name))),
        ("AUTH__ACCESS_TOKEN_S", "86400".to_owned()),
        // A few people send all requests, from one address.
        ("LIMITS__FAILED_LOGINS_PER_ADDRESS_PER_MINUTE", "0".to_owned()),
        ("LIMITS__COMMANDS_PER_PERSON_PER_MINUTE", "0".to_owned()),
        ("LIMITS__CREATED_TASKS_PER_PERSON_PER_MINUTE", "0".to_owned()),
        ("LIMITS__UNFINISHED_REASSIGNS_PER_PERSON", "0".to_owned()),
        ("LIMITS__EVENT_STREAMS_PER_PERSON", "0".to_owned()),
        ("ACCOUNTING__TIME_ZONE", time_zone_in_the_morning(hour)),
    ];
    let settings = settings.map(|(key, value)| (format!("PIECEWORK__{key}"), value)).into();
    let log = server.directory().join(format!("{name}.log"));
    Ok(Program { path: path.to_owned(), settings, log })
}

/// A time zone in which it is seven in the morning, so that no business day ends during a run.
fn time_zone_in_the_morning(utc_hour: i32) -> String {
    let offset_hours = 7 - utc_hour;
    let offset_hours = if offset_hours < -12 { offset_hours + 24 } else { offset_hours };
    // The sign in these names is inverted.
    if offset_hours < 0 { format!("Etc/GMT+{}", -offset_hours) } else { format!("Etc/GMT-{offset_hours}") }
}

/// The name of an installation's tracker database.
pub fn tracker(name: &str) -> String {
    format!("{name}_tracker")
}

/// The name of an installation's accounting database.
pub fn accounting(name: &str) -> String {
    format!("{name}_accounting")
}

/// The name of the copy of an installation that serves the baseline.
pub fn baseline_of(name: &str) -> String {
    format!("{name}_baseline")
}

/// A task's title, of a usual length. The baseline's statements make the same titles.
pub fn title(number: u64) -> String {
    format!("Load {number}: replace the filter of machine {} in hall {}", number % 977, number % 31)
}

/// # Errors
/// The file cannot be written.
pub fn write_lines(path: &Path, lines: impl Iterator<Item = String>) -> Result<()> {
    let action = || Error::io(format!("write {}", path.display()));
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).map_err(action())?);
    for line in lines {
        writeln!(file, "{line}").map_err(action())?;
    }
    file.flush().map_err(action())
}

impl Installation {
    /// Creates an installation with people and tasks, and the baseline's copy of its databases.
    ///
    /// # Errors
    /// A step fails.
    pub async fn create(server: &Server, path: &Path, name: &str, size: Size) -> Result<Self> {
        let program = program_for(server, path, name).await?;
        let mut installation = Self::create_without_tasks(server, program, name, size.people).await?;
        installation.import_tasks(server, 0..size.tasks).await?;
        installation.wait_until_delivered().await?;
        installation.copy_for_baseline(server).await
    }

    /// Creates an installation with an admin and `workers` workers.
    ///
    /// # Errors
    /// A step fails.
    pub async fn create_without_tasks(server: &Server, program: Program, name: &str, workers: usize) -> Result<Self> {
        let mut session = server.open_session("postgres")?;
        for database in [tracker(name), accounting(name)] {
            session.run(&format!("create database {database}")).await?;
        }
        let process = program.serve().await?;
        let people = create_people(&process, workers).await?;
        let mut installation = Self::connect(server, name, program, process, people)?;
        installation.wait_until_delivered().await?;
        Ok(installation)
    }

    fn connect(server: &Server, name: &str, program: Program, process: Process, people: People) -> Result<Self> {
        let tracker = server.open_session(&tracker(name))?;
        let accounting = server.open_session(&accounting(name))?;
        Ok(Self { name: name.to_owned(), program, process, people, tracker, accounting })
    }

    /// Imports tasks whose titles have these numbers.
    ///
    /// # Errors
    /// The import fails.
    pub async fn import_tasks(&self, server: &Server, titles: Range<u64>) -> Result<()> {
        let path = server.directory().join(format!("{}.csv", self.name));
        write_lines(&path, std::iter::once("title".to_owned()).chain(titles.map(title)))?;
        self.program.run(&["import", "tasks", &path.display().to_string()]).await?;
        std::fs::remove_file(&path).map_err(Error::io("delete an imported file"))
    }

    /// Completes the oldest open tasks in one statement, each by its assignee.
    ///
    /// # Errors
    /// psql reports an error.
    pub async fn complete_tasks(&mut self, tasks: u64) -> Result<()> {
        self.tracker.run(&COMPLETE_MANY.replace(":count", &tasks.to_string())).await
    }

    /// Copies the databases, so that Piecework and the baseline start from the same tables,
    /// analysed and on disk.
    async fn copy_for_baseline(self, server: &Server) -> Result<Self> {
        let (name, program, people) = (self.name.clone(), self.program.clone(), self.people.clone());
        self.shut_down().await?;
        server.copy_database(&tracker(&name), &tracker(&baseline_of(&name))).await?;
        server.copy_database(&accounting(&name), &accounting(&baseline_of(&name))).await?;
        let process = program.serve().await?;
        Self::connect(server, &name, program, process, people)
    }

    /// Stops the program, analyses the databases and disconnects, so that they can be copied.
    ///
    /// # Errors
    /// The program does not stop, or psql reports an error.
    pub async fn shut_down(self) -> Result<()> {
        self.process.stop().await?;
        for mut session in [self.tracker, self.accounting] {
            session.run("vacuum analyze").await?;
            session.close().await?;
        }
        Ok(())
    }

    /// Stops the program and starts it again.
    ///
    /// # Errors
    /// The program does not stop or does not start.
    pub async fn restart(self) -> Result<Self> {
        let Self { name, program, process, people, tracker, accounting } = self;
        process.stop().await?;
        let process = program.serve().await?;
        Ok(Self { name, program, process, people, tracker, accounting })
    }

    /// Waits until every event is applied. Returns how long that took.
    ///
    /// # Errors
    /// It takes longer than the deadline, or psql reports an error.
    pub async fn wait_until_delivered(&mut self) -> Result<Duration> {
        let start = Instant::now();
        let mut empty_polls = 0;
        // One empty poll is not enough: between the two counts of a poll an event may move from the
        // outbox that is counted second to the one that is counted first.
        while empty_polls < 2 {
            if start.elapsed() > DELIVERY_DEADLINE {
                return failed("events were not delivered in time");
            }
            empty_polls = if self.count_undelivered_events().await? == 0 { empty_polls + 1 } else { 0 };
            if empty_polls == 0 {
                tokio::time::sleep(EVENTS_POLL_INTERVAL).await;
            }
        }
        Ok(start.elapsed())
    }

    /// The headers that authenticate the workers.
    pub fn worker_bearers(&self) -> Vec<String> {
        self.people.workers.iter().map(|person| person.bearer.clone()).collect()
    }

    /// Number of booked transfers. Each is a line of exactly one wallet.
    ///
    /// # Errors
    /// psql reports an error.
    pub async fn count_transfers(&mut self) -> Result<i64> {
        self.accounting.value("select coalesce(sum(lines), 0)::bigint from accounting.wallets").await
    }

    /// Waits until this number of transfers is booked.
    ///
    /// # Errors
    /// It takes longer than the deadline, or psql reports an error.
    pub async fn wait_for_transfers(&mut self, transfers: i64) -> Result<()> {
        let start = Instant::now();
        while self.count_transfers().await? < transfers {
            if start.elapsed() > DELIVERY_DEADLINE {
                return failed("transfers were not booked in time");
            }
            tokio::time::sleep(TRANSFERS_POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// Number of events that are not delivered or wait for a retry.
    async fn count_undelivered_events(&mut self) -> Result<i64> {
        let in_tracker =
            "select (select count(*) from tasks.outbox) + (select count(*) from tasks.inbox where state = 'retry')
             + (select count(*) from identity.outbox) + (select count(*) from identity.inbox where state = 'retry')";
        let in_accounting = "select (select count(*) from accounting.outbox) + (select count(*) from email.outbox)
             + (select count(*) from accounting.inbox where state = 'retry')
             + (select count(*) from email.inbox where state = 'retry')";
        let tracker: i64 = self.tracker.value(in_tracker).await?;
        let accounting: i64 = self.accounting.value(in_accounting).await?;
        Ok(tracker + accounting)
    }

    /// Checks every invariant of the data with `piecework verify`.
    ///
    /// # Errors
    /// An invariant does not hold, or an event is lost.
    pub async fn verify(&mut self) -> Result<()> {
        self.wait_until_delivered().await?;
        let report = self.program.run(&["verify"]).await?;
        let holds = report["findings"].as_array().is_some_and(Vec::is_empty) && report["events_in_flight"] == 0;
        if holds { Ok(()) } else { failed(format!("`verify` failed for `{}`: {report}", self.name)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_morning_in_the_time_zone_at_any_hour() {
        for utc_hour in 0..24 {
            let zone = time_zone_in_the_morning(utc_hour);
            let (sign, hours) = zone.strip_prefix("Etc/GMT").unwrap().split_at(1);
            let hours: i32 = hours.parse().unwrap();
            let offset_hours = if sign == "-" { hours } else { -hours };
            assert!((-12..=14).contains(&offset_hours), "{zone}");
            assert_eq!((utc_hour + offset_hours).rem_euclid(24), 7, "{utc_hour}: {zone}");
        }
    }
}
