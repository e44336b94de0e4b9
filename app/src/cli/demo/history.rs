//! Creates the history of the demo company: three weeks, by the real services, on a clock that is
//! moved.

use accounting::TransfersFilter;
use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, Utc, Weekday};
use contracts::{PersonId, Role};
use futures_util::future::try_join_all;
use identity::NewPerson;
use kernel::http::paging::Limit;
use kernel::runtime::jobs::Outcome;
use kernel::{Ambient, Problem};
use tasks::{ImportRow, RawTask, TaskFilter};

use crate::Error;
use crate::application::{Application, Options};
use crate::config::Config;

/// The tasks of a real community; see demo/README.md.
const BACKLOG: &str = include_str!("../../../demo/backlog.csv");
/// Number of days before today.
const DAYS: u64 = 21;
/// The hours at which people work, on working days.
const WORKING_HOURS: [i32; 4] = [10, 12, 14, 17];
/// The hours at which people work, on a weekend.
const WEEKEND_HOURS: [i32; 1] = [11];
/// The hour at which the work of a day is over.
const END_OF_WORK: i32 = 18;
/// The indexes in `PEOPLE` of the people who complete tasks until their balance is positive. They
/// are a minority: a reward is about twice a fee, so the company earns while fewer than half of its
/// tasks are completed. The others are often in debt.
const DILIGENT: [usize; 4] = [3, 6, 7, 9];
/// The tasks that a diligent person completes in each round of an evening, until the balance is
/// positive. After a reassign that takes many.
const EVENING_ROUNDS: [u16; 7] = [1, 1, 2, 4, 8, 16, 32];
/// The index in `PEOPLE` of the worker whose login the demo shows.
const SHOWN_WORKER: usize = 3;
/// The open tasks that this worker has at least when the history ends.
const OPEN_TASKS_MIN: usize = 5;
/// The open tasks up to which tasks are created if there are fewer: some of them are completed for
/// their fees.
const OPEN_TASKS_TARGET: u16 = 15;
/// Maximum time until the events of one hour are delivered.
const DRAIN_DEADLINE: std::time::Duration = std::time::Duration::from_secs(30);

/// The people of the company: email, name, role and language. The demo prints the first login of
/// each role.
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

/// Creates the history up to `now`. It calls `progress` with the number of finished days and of all
/// days.
pub async fn create(
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
    let result = company.run(password, first_day, now, &mut progress).await;
    application.stop().await;
    result
}

fn at(day: NaiveDate, hour: u32) -> DateTime<Utc> {
    day.and_hms_opt(hour, 0, 0).unwrap_or_default().and_utc()
}

/// One day of the history.
struct DemoDay {
    /// The number of days since the first day.
    number: u64,
    /// The date in UTC.
    date: NaiveDate,
    /// The time from its midnight to the next one. It is less than a day for a day that was only
    /// just begun: the hours of work are over all the same, and there are balances to pay.
    length: Duration,
}

impl DemoDay {
    /// The last day of the history. Its work is over at `now`.
    fn ending_at(now: DateTime<Utc>) -> Self {
        let date = now.date_naive();
        let length = (now - at(date, 0)) * 24 / END_OF_WORK;
        Self { number: DAYS, date, length: length.min(Duration::days(1)) }
    }

    fn at(&self, hour: i32) -> DateTime<Utc> {
        at(self.date, 0) + self.length * hour / 24
    }

    fn hours(&self) -> &'static [i32] {
        if matches!(self.date.weekday(), Weekday::Sat | Weekday::Sun) { &WEEKEND_HOURS } else { &WORKING_HOURS }
    }

    /// The number of hours between the first midnight and this hour.
    fn place(&self, hour: i32) -> usize {
        usize::try_from(self.number * 24 + u64::from(hour.unsigned_abs())).unwrap_or_default()
    }
}

struct Company<'a> {
    application: &'a Application,
    ambient: &'a Ambient,
}

impl Company<'_> {
    async fn run(
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
            let date = first_day.checked_add_days(Days::new(number)).unwrap_or(first_day);
            let share = backlog.len().div_ceil(usize::try_from(DAYS + 1 - number).unwrap_or(1));
            let day = DemoDay { number, date, length: Duration::days(1) };
            self.play_day(&day, backlog.split_off(backlog.len() - share), &people).await?;
            self.close(date).await?;
        }
        // Today, until now.
        let today = DemoDay::ending_at(now);
        self.play_day(&today, backlog, &people).await?;
        self.leave_work(&today, &people).await?;
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
            let added = self.application.modules.identity.create_person(new, Some(password)).await;
            ids.push(added.map_err(Problem::from)?.0.id);
        }
        self.settle().await?;
        Ok(ids)
    }

    /// One day: new tasks in the morning, sessions of work, on some days a reassign or a
    /// correction. On a weekend there is one session.
    async fn play_day(&self, day: &DemoDay, backlog: Vec<ImportRow>, people: &[PersonId]) -> Result<(), Error> {
        self.ambient.set(day.at(9));
        self.import(backlog).await?;
        for hour in day.hours() {
            self.ambient.set(day.at(*hour));
            self.create_one(people, day.place(*hour)).await?;
            self.work(day, *hour, people).await?;
            if day.number % 5 == 3 && *hour == 14 {
                self.reassign(people[1]).await?;
            }
        }
        self.work_until_positive(people).await?;
        if day.number == 9 {
            self.correct_a_fee(people[2], people[3]).await?;
        }
        Ok(())
    }

    /// One session of work: each diligent person completes a task, and at noon some of the others
    /// do. At each hour one person is absent.
    async fn work(&self, day: &DemoDay, hour: i32, people: &[PersonId]) -> Result<(), Error> {
        let absent = day.place(hour) % people.len();
        let works = |place: usize| {
            DILIGENT.contains(&place) || (hour == 12 && (day.place(hour) / 24 + place).is_multiple_of(2))
        };
        let present = people.iter().enumerate().filter(|(place, _)| *place != absent && works(*place));
        self.complete_some(present.map(|(_, person)| *person).collect(), 1).await?;
        self.settle().await
    }

    /// The evening: the diligent people complete tasks until their balance is positive, so that
    /// each day has payouts.
    async fn work_until_positive(&self, people: &[PersonId]) -> Result<(), Error> {
        for count in EVENING_ROUNDS {
            let mut in_debt = Vec::new();
            for person in DILIGENT.map(|place| people[place]) {
                let wallet = self.application.modules.accounting.get_wallet(person).await.map_err(Problem::from)?;
                if wallet.is_none_or(|wallet| wallet.balance_minor <= 0) {
                    in_debt.push(person);
                }
            }
            if in_debt.is_empty() {
                break;
            }
            self.complete_some(in_debt, count).await?;
            self.settle().await?;
        }
        Ok(())
    }

    /// Creates tasks until the shown worker has enough open ones: the draws of the history may have
    /// left them few.
    async fn leave_work(&self, day: &DemoDay, people: &[PersonId]) -> Result<(), Error> {
        let target = Limit::try_from(u64::from(OPEN_TASKS_TARGET)).unwrap_or_default();
        let open = async || {
            let mine = TaskFilter::open_of(people[SHOWN_WORKER]);
            let open = self.application.modules.tasks.list_tasks(&mine, None, target).await;
            Ok::<_, Error>(open.map_err(Problem::from)?.len())
        };
        let mut place = day.place(END_OF_WORK);
        while open().await? < OPEN_TASKS_MIN {
            while open().await? < usize::from(OPEN_TASKS_TARGET) {
                place += 1;
                self.create_one(people, place).await?;
            }
            self.settle().await?;
            self.work_until_positive(people).await?;
        }
        Ok(())
    }

    async fn import(&self, rows: Vec<ImportRow>) -> Result<(), Error> {
        let mut import = self.application.modules.tasks.begin_import().await.map_err(Problem::from)?;
        import.add(rows).await.map_err(Problem::from)?;
        import.commit().await.map_err(Problem::from)?;
        self.settle().await
    }

    /// One person creates a task.
    async fn create_one(&self, people: &[PersonId], place: usize) -> Result<(), Error> {
        let titles =
            ["Water the plants", "Answer the customer’s letter", "Fix the door “to the roof”", "Update <README.md>"];
        let title = format!("[POP-{place}] - {}", titles[place % titles.len()]);
        let raw = RawTask { title, ..RawTask::default() };
        let creator = people[place % people.len()];
        self.application.modules.tasks.create_task(raw, creator).await.map_err(Problem::from)?;
        Ok(())
    }

    /// These people complete `count` of their tasks each, at the same time.
    async fn complete_some(&self, people: Vec<PersonId>, count: u16) -> Result<(), Error> {
        let tasks = &self.application.modules.tasks;
        let completions = people.into_iter().map(async |person| {
            let limit = Limit::try_from(u64::from(count)).unwrap_or_default();
            let mine = tasks.list_tasks(&TaskFilter::open_of(person), None, limit).await?;
            for task in mine.into_iter().take(usize::from(count)) {
                tasks.complete_task(task.task_id, person).await?;
            }
            Ok::<(), tasks::Error>(())
        });
        try_join_all(completions).await.map_err(Problem::from)?;
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
        let lines = books
            .list_transfers(TransfersFilter::all_of(worker), None, Limit::default())
            .await
            .map_err(Problem::from)?;
        let Some(fee) = lines.into_iter().find(|line| line.kind.as_str() == "assignment_fee") else { return Ok(()) };
        let reason = kernel::Reason::parse("The task was assigned while the office was closed")
            .map_err(|error| Error::Failed(error.to_string()))?;
        books.create_correction(fee.transfer_id, reason, accountant).await.map_err(Problem::from)?;
        Ok(())
    }

    /// A few seconds after midnight, the day is closed, balances are paid out and mails are sent.
    async fn close(&self, day: NaiveDate) -> Result<(), Error> {
        let midnight = at(day.succ_opt().unwrap_or(day), 0);
        self.ambient.set(midnight + Duration::seconds(5));
        self.application.modules.accounting.close_due_days().await.map_err(Problem::from)?;
        self.settle().await?;
        let email = &self.application.modules.email;
        while email.deliver_due_mails().await.map_err(Problem::from)? == Outcome::More {}
        Ok(())
    }

    /// Waits until every event is delivered, so that the next hour starts with all effects of this
    /// one.
    async fn settle(&self) -> Result<(), Error> {
        let undelivered = self.application.drain(DRAIN_DEADLINE).await.map_err(Problem::from)?;
        if undelivered.is_nothing() {
            Ok(())
        } else {
            Err(Error::Failed("events of the demo's history were not delivered in time".to_owned()))
        }
    }
}

/// The tasks of the backlog, newest first. The history takes the oldest ones from the end.
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
