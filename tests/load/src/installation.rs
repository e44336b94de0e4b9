//! A company on the program: two databases, people who are logged in, tasks; and a copy of the databases for the limit.

use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::{Error, Result, failed};
use crate::program::{Program, Serving};
use crate::server::Server;
use crate::sql::Session;
use crate::staff::{Staff, hire};

const SETTLE_DEADLINE: Duration = Duration::from_secs(900);
const BOOKED_LOOK_AGAIN: Duration = Duration::from_millis(5);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How large a company is to be.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub people: usize,
    pub tasks: u64,
}

/// One company.
#[derive(Debug)]
pub struct Installation {
    pub name: String,
    pub program: Program,
    pub serving: Serving,
    pub staff: Staff,
    pub tracker: Session,
    pub accounting: Session,
}

/// The program with its databases of that name.
///
/// # Errors
/// What psql says.
pub async fn program_for(server: &Server, path: &Path, name: &str) -> Result<Program> {
    let mut session = Session::open(server, "postgres")?;
    let hour: i32 = session.value("select extract(hour from now() at time zone 'utc')::integer").await?;
    let settings = [
        ("DATA_DIR", server.directory().join(name).display().to_string()),
        ("HTTP__PORT", "0".to_owned()),
        ("DATABASES__TRACKER__WRITE_URL", server.url(&tracker(name))),
        ("DATABASES__ACCOUNTING__WRITE_URL", server.url(&accounting(name))),
        ("AUTH__ACCESS_TOKEN_S", "86400".to_owned()),
        ("ACCOUNTING__TIME_ZONE", zone_in_the_morning(hour)),
    ];
    let settings = settings.map(|(key, value)| (format!("PIECEWORK__{key}"), value)).into();
    let log = server.directory().join(format!("{name}.log"));
    Ok(Program { path: path.to_owned(), settings, log })
}

/// A zone where it is seven or so, so that no day ends while something is measured.
fn zone_in_the_morning(utc_hour: i32) -> String {
    let ahead = 7 - utc_hour;
    let ahead = if ahead < -12 { ahead + 24 } else { ahead };
    // In these names the sign is the other way round.
    if ahead < 0 { format!("Etc/GMT+{}", -ahead) } else { format!("Etc/GMT-{ahead}") }
}

pub fn tracker(name: &str) -> String {
    format!("{name}_tracker")
}

pub fn accounting(name: &str) -> String {
    format!("{name}_accounting")
}

/// The limit's copy of a company.
pub fn limit_of(name: &str) -> String {
    format!("{name}_limit")
}

/// The title of a task, as long as they usually are; the limit's statements make the same.
pub fn title(number: u64) -> String {
    format!("Load {number}: replace the filter of machine {} in hall {}", number % 977, number % 31)
}

/// # Errors
/// The disk does not take it.
pub fn write_lines(path: &Path, lines: impl Iterator<Item = String>) -> Result<()> {
    let action = || Error::io(format!("write {}", path.display()));
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).map_err(action())?);
    for line in lines {
        writeln!(file, "{line}").map_err(action())?;
    }
    file.flush().map_err(action())
}

impl Installation {
    /// Founds a company, and copies what it has for the limit.
    ///
    /// # Errors
    /// Something of it does not work.
    pub async fn found(server: &Server, path: &Path, name: &str, size: Size) -> Result<Self> {
        let program = program_for(server, path, name).await?;
        let mut company = Self::open(server, program, name, size.people).await?;
        company.import_tasks(server, 0..size.tasks).await?;
        company.settle().await?;
        company.copy_for_limit(server).await
    }

    /// Makes the databases, and hires so many workers.
    ///
    /// # Errors
    /// Something of it does not work.
    pub async fn open(server: &Server, program: Program, name: &str, workers: usize) -> Result<Self> {
        let mut session = Session::open(server, "postgres")?;
        for database in [tracker(name), accounting(name)] {
            session.run(&format!("create database {database}")).await?;
        }
        let serving = program.serve().await?;
        let staff = hire(&serving, workers).await?;
        let (tracker, accounting) = (Session::open(server, &tracker(name))?, Session::open(server, &accounting(name))?);
        let mut company = Self { name: name.to_owned(), program, serving, staff, tracker, accounting };
        company.settle().await?;
        Ok(company)
    }

    /// Imports tasks whose titles have these numbers.
    ///
    /// # Errors
    /// The import fails.
    pub async fn import_tasks(&self, server: &Server, numbers: Range<u64>) -> Result<()> {
        let path = server.directory().join(format!("{}.csv", self.name));
        write_lines(&path, std::iter::once("title".to_owned()).chain(numbers.map(title)))?;
        self.program.run(&["import", "tasks", &path.display().to_string()]).await?;
        std::fs::remove_file(&path).map_err(Error::io("delete an imported file"))
    }

    /// Both sides start from the same tables, analysed and on disk.
    async fn copy_for_limit(self, server: &Server) -> Result<Self> {
        let (name, program, staff) = (self.name.clone(), self.program.clone(), self.staff.clone());
        self.leave().await?;
        server.copy_database(&tracker(&name), &tracker(&limit_of(&name))).await?;
        server.copy_database(&accounting(&name), &accounting(&limit_of(&name))).await?;
        let serving = program.serve().await?;
        let (tracker, accounting) =
            (Session::open(server, &tracker(&name))?, Session::open(server, &accounting(&name))?);
        Ok(Self { name, program, serving, staff, tracker, accounting })
    }

    /// Stops the program and leaves the databases, analysed, so that they can be copied.
    ///
    /// # Errors
    /// The program does not stop, or what psql says.
    pub async fn leave(self) -> Result<()> {
        self.serving.stop().await?;
        for mut session in [self.tracker, self.accounting] {
            session.run("vacuum analyze").await?;
            session.close().await?;
        }
        Ok(())
    }

    /// Stops the program and starts it anew.
    ///
    /// # Errors
    /// It does not stop, or does not come up.
    pub async fn restart(self) -> Result<Self> {
        let Self { name, program, serving, staff, tracker, accounting } = self;
        serving.stop().await?;
        let serving = program.serve().await?;
        Ok(Self { name, program, serving, staff, tracker, accounting })
    }

    /// Waits until every event has taken effect; how long that took.
    ///
    /// # Errors
    /// It takes a quarter of an hour, or an event could not be applied.
    pub async fn settle(&mut self) -> Result<Duration> {
        let began = Instant::now();
        let mut quiet_looks = 0;
        // What one outbox loses another may gain between two looks.
        while quiet_looks < 2 {
            if began.elapsed() > SETTLE_DEADLINE {
                return failed("events do not arrive");
            }
            quiet_looks = if self.under_way().await? == 0 { quiet_looks + 1 } else { 0 };
            if quiet_looks == 0 {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
        Ok(began.elapsed())
    }

    /// The headers of the workers.
    pub fn bearers(&self) -> Vec<String> {
        self.staff.workers.iter().map(|person| person.bearer.clone()).collect()
    }

    /// How many lines all wallets have: one a transfer.
    ///
    /// # Errors
    /// What psql says.
    pub async fn booked(&mut self) -> Result<i64> {
        self.accounting.value("select coalesce(sum(lines), 0)::bigint from accounting.wallets").await
    }

    /// Waits until so many transfers are booked.
    ///
    /// # Errors
    /// It takes a quarter of an hour.
    pub async fn wait_booked(&mut self, transfers: i64) -> Result<()> {
        let began = Instant::now();
        while self.booked().await? < transfers {
            if began.elapsed() > SETTLE_DEADLINE {
                return failed("what was done is not booked");
            }
            tokio::time::sleep(BOOKED_LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// Events that are not delivered or wait for another try.
    async fn under_way(&mut self) -> Result<i64> {
        let in_tracker =
            "select (select count(*) from tasks.outbox) + (select count(*) from tasks.inbox where state = 'retry')
             + (select count(*) from identity.outbox)";
        let in_accounting = "select (select count(*) from accounting.outbox) + (select count(*) from email.outbox)
             + (select count(*) from accounting.inbox where state = 'retry')
             + (select count(*) from email.inbox where state = 'retry')";
        let one: i64 = self.tracker.value(in_tracker).await?;
        let other: i64 = self.accounting.value(in_accounting).await?;
        Ok(one + other)
    }

    /// Holds the data against every rule.
    ///
    /// # Errors
    /// A rule is broken, or an event is lost on its way.
    pub async fn verify(&mut self) -> Result<()> {
        self.settle().await?;
        let report = self.program.run(&["verify"]).await?;
        let holds = report["findings"].as_array().is_some_and(Vec::is_empty) && report["events_in_flight"] == 0;
        if holds { Ok(()) } else { failed(format!("`verify` does not hold for `{}`: {report}", self.name)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_morning_there_at_any_hour() {
        for utc_hour in 0..24 {
            let zone = zone_in_the_morning(utc_hour);
            let (sign, hours) = zone.strip_prefix("Etc/GMT").unwrap().split_at(1);
            let hours: i32 = hours.parse().unwrap();
            let ahead = if sign == "-" { hours } else { -hours };
            assert!((-12..=14).contains(&ahead), "{zone}");
            assert_eq!((utc_hour + ahead).rem_euclid(24), 7, "{utc_hour}: {zone}");
        }
    }
}
