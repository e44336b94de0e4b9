//! Three weeks of a small company, played through the real services on a clock that is moved.

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, Utc, Weekday};
use contracts::{PersonId, Role, TaskId};
use futures_util::future::try_join_all;
use identity::NewPerson;
use kernel::jobs::Outcome;
use kernel::paging::Limit;
use kernel::{Ambient, Problem};
use tasks::{ImportRow, RawTask, TaskFilter};

use crate::Error;
use crate::application::{Application, Options};
use crate::config::Config;

/// The backlog of a real community; see demo/README.md.
const BACKLOG: &str = include_str!("../demo/backlog.csv");
const DAYS: u64 = 21;
/// A person completes at most so many of their tasks in one sitting.
const COMPLETED_AT_ONCE: u16 = 2;
/// When people sit down to work, on working days.
const WORKING_HOURS: [u32; 4] = [10, 12, 14, 17];
/// The place in `PEOPLE` of who is often in debt.
const LATE_RISER: usize = 10;
const DRAIN_DEADLINE: std::time::Duration = std::time::Duration::from_secs(30);

/// Who works there; the first of each role is the one to log in as.
pub const PEOPLE: [(&str, &str, Role, Option<&str>); 12] = [
    ("ada@demo.example", "Ada Admin", Role::Admin, None),
    ("max@demo.example", "Max Manager", Role::Manager, None),
    ("anna@demo.example", "Anna Accountant", Role::Accountant, None),
    ("wim@demo.example", "Wim Worker", Role::Worker, None),
    ("olga@demo.example", "Ольга Петрова", Role::Worker, Some("ru")),
    ("jose@demo.example", "José Núñez", Role::Worker, None),
    ("grace@demo.example", "Grace O'Malley", Role::Worker, None),
    ("li@demo.example", "李娜", Role::Worker, None),
    ("ivan@demo.example", "Иван Смирнов", Role::Worker, Some("ru")),
    ("zoe@demo.example", "Zoë Müller", Role::Worker, None),
    ("tom@demo.example", "Tom Baker", Role::Worker, None),
    ("ines@demo.example", "Inês Duarte", Role::Worker, None),
];

/// Plays the history up to `now`; `progress` hears of each day that is over, and how many there are.
pub async fn play(
    config: &Config,
    password: &str,
    now: DateTime<Utc>,
    mut progress: impl FnMut(u64, u64),
) -> Result<(), Error> {
    let today = now.date_naive();
    let first_day = today.checked_sub_days(Days::new(DAYS)).unwrap_or(today);
    let ambient = Ambient::moving(at(first_day, 8));
    let application = Application::build(config, Options::command(), ambient.clone()).await?;
    let company = Company { application: &application, ambient: &ambient };
    let result = company.live(password, first_day, now, &mut progress).await;
    application.stop().await;
    result
}

fn at(day: NaiveDate, hour: u32) -> DateTime<Utc> {
    day.and_hms_opt(hour, 0, 0).unwrap_or_default().and_utc()
}

struct Company<'a> {
    application: &'a Application,
    ambient: &'a Ambient,
}

impl Company<'_> {
    async fn live(
        &self,
        password: &str,
        first_day: NaiveDate,
        now: DateTime<Utc>,
        progress: &mut impl FnMut(u64, u64),
    ) -> Result<(), Error> {
        let people = self.hire(password).await?;
        let mut backlog = backlog()?;
        for number in 0..DAYS {
            progress(number, DAYS);
            let day = first_day.checked_add_days(Days::new(number)).unwrap_or(first_day);
            let share = backlog.len().div_ceil(usize::try_from(DAYS + 1 - number).unwrap_or(1));
            self.work_through(day, number, backlog.split_off(backlog.len() - share), &people).await?;
            self.end(day).await?;
        }
        // This morning's tasks, as far as this morning has come.
        let morning = at(now.date_naive(), 9);
        if morning < now {
            self.ambient.set(morning);
            self.take_in(backlog).await?;
        }
        for hour in WORKING_HOURS {
            let sitting = at(now.date_naive(), hour);
            if sitting < now {
                self.ambient.set(sitting);
                self.sit_down(DAYS, hour, &people).await?;
            }
        }
        self.ambient.set(now);
        self.settle().await?;
        progress(DAYS, DAYS);
        Ok(())
    }

    async fn hire(&self, password: &str) -> Result<Vec<PersonId>, Error> {
        let mut ids = Vec::with_capacity(PEOPLE.len());
        for (email, name, role, language) in PEOPLE {
            let language = language.map(str::to_owned);
            let new = NewPerson { email: email.to_owned(), name: name.to_owned(), role, language };
            let added = self.application.modules.identity.add_person(new, Some(password)).await;
            ids.push(added.map_err(Problem::from)?.0.id);
        }
        self.settle().await?;
        Ok(ids)
    }

    /// A working day: the morning's tasks, sittings at work, now and then a reassign or a correction. Weekends are quiet.
    async fn work_through(
        &self,
        day: NaiveDate,
        number: u64,
        backlog: Vec<ImportRow>,
        people: &[PersonId],
    ) -> Result<(), Error> {
        self.ambient.set(at(day, 9));
        self.take_in(backlog).await?;
        let is_weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        let sittings: &[u32] = if is_weekend { &[11] } else { &WORKING_HOURS };
        for hour in sittings {
            self.ambient.set(at(day, *hour));
            self.create_one(people, number, *hour).await?;
            self.sit_down(number, *hour, people).await?;
            if number % 5 == 3 && *hour == 14 {
                self.reassign(people[1]).await?;
            }
        }
        if number == 9 {
            self.correct_a_fee(people[2], people[3]).await?;
        }
        Ok(())
    }

    /// Those who are there complete some of their tasks. Somebody is always away, and one only comes in the evening.
    async fn sit_down(&self, number: u64, hour: u32, people: &[PersonId]) -> Result<(), Error> {
        let away = usize::try_from(number + u64::from(hour)).unwrap_or(0) % people.len();
        let is_here = |place: usize| place != away && (place != LATE_RISER || hour >= 17);
        let present = people.iter().enumerate().filter(|(place, _)| is_here(*place));
        self.complete_some(present.map(|(_, person)| *person).collect()).await?;
        self.settle().await
    }

    async fn take_in(&self, rows: Vec<ImportRow>) -> Result<(), Error> {
        let mut import = self.application.modules.tasks.begin_import().await.map_err(Problem::from)?;
        import.add(rows).await.map_err(Problem::from)?;
        import.commit().await.map_err(Problem::from)?;
        self.settle().await
    }

    /// Somebody types a task in by hand.
    async fn create_one(&self, people: &[PersonId], number: u64, hour: u32) -> Result<(), Error> {
        let titles =
            ["Water the plants", "Answer the customer’s letter", "Fix the door “to the roof”", "Update <README.md>"];
        let place = usize::try_from(number * 7 + u64::from(hour)).unwrap_or(0);
        let title = format!("[POP-{}] - {}", number * 24 + u64::from(hour), titles[place % titles.len()]);
        let raw = RawTask { title, ..RawTask::default() };
        let creator = people[place % people.len()];
        self.application.modules.tasks.create_task(raw, creator).await.map_err(Problem::from)?;
        Ok(())
    }

    /// Everybody present completes a few of their oldest tasks, all at the same time.
    async fn complete_some(&self, people: Vec<PersonId>) -> Result<(), Error> {
        let tasks = &self.application.modules.tasks;
        let sittings = people.into_iter().map(async |person| {
            let limit = Limit::try_from(u64::from(COMPLETED_AT_ONCE)).unwrap_or_default();
            let mine = tasks.list_tasks(&TaskFilter::open_of(person), None, limit).await?;
            for task in mine.into_iter().take(usize::from(COMPLETED_AT_ONCE)) {
                tasks.complete_task(TaskId::from(task.task_id), person).await?;
            }
            Ok::<(), tasks::Error>(())
        });
        try_join_all(sittings).await.map_err(Problem::from)?;
        Ok(())
    }

    async fn reassign(&self, manager: PersonId) -> Result<(), Error> {
        let tasks = &self.application.modules.tasks;
        tasks.request_reassignment(manager).await.map_err(Problem::from)?;
        while tasks.reassign_next_chunk().await.map_err(Problem::from)? == Outcome::More {}
        self.settle().await
    }

    async fn correct_a_fee(&self, accountant: PersonId, worker: PersonId) -> Result<(), Error> {
        let books = &self.application.modules.accounting;
        let lines = books.list_transfers(worker, None, Limit::default()).await.map_err(Problem::from)?;
        let Some(fee) = lines.into_iter().find(|line| line.kind == "assignment_fee") else { return Ok(()) };
        let reason = accounting::Reason::parse("The task was assigned while the office was closed")
            .map_err(|error| Error::Failed(error.detail))?;
        books.post_correction(fee.transfer_id.into(), reason, accountant).await.map_err(Problem::from)?;
        Ok(())
    }

    /// A few seconds after midnight: the day is closed, people are paid and written to.
    async fn end(&self, day: NaiveDate) -> Result<(), Error> {
        let midnight = at(day.succ_opt().unwrap_or(day), 0);
        self.ambient.set(midnight + Duration::seconds(5));
        self.application.modules.accounting.close_due_days().await.map_err(Problem::from)?;
        self.settle().await?;
        let email = &self.application.modules.email;
        while email.send_due().await.map_err(Problem::from)? == Outcome::More {}
        Ok(())
    }

    /// Lets every event arrive, so that the next hour begins with all of this one known.
    async fn settle(&self) -> Result<(), Error> {
        let left = self.application.drain(DRAIN_DEADLINE).await.map_err(Problem::from)?;
        if left.is_nothing() {
            Ok(())
        } else {
            Err(Error::Failed("events of the demo's history did not arrive".to_owned()))
        }
    }
}

/// The backlog, newest first, so that its oldest tasks are taken from the end.
fn backlog() -> Result<Vec<ImportRow>, Error> {
    let mut reader = csv::Reader::from_reader(BACKLOG.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| Error::Failed(format!("the demo's backlog: {error}")))?;
        let field = |place: usize| record.get(place).map(str::to_owned);
        let title = field(1).unwrap_or_default();
        let task = RawTask { title, link: field(2), ..RawTask::default() };
        rows.push(ImportRow { line: 0, task, created_by: None, external_id: field(0) });
    }
    rows.reverse();
    Ok(rows)
}
