//! One test's world: a database, a clock that stands still, the module, and its ear on the bus.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use contracts::events::accounting::{Payout, PeoplePaid, StatementLine};
use contracts::events::identity::{PeopleChanged, PersonState};
use contracts::{Event, Fact, PersonId, Role};
use email::{Email, Language, MailState, MailView, Settings, Transport};
use kernel::Ambient;
use kernel::inbox::{Inbox, RetryPolicy};
use kernel::jobs::Outcome;
use kernel::paging::Limit;

use crate::smtp_server::SmtpServer;

pub struct Fixture {
    pub database: harness::TestDatabase,
    pub ambient: Ambient,
    pub email: Email,
    pub settings: Settings,
    mail_dir: PathBuf,
    pub inbox: Inbox,
}

impl Fixture {
    pub async fn with_server(server: &SmtpServer) -> Self {
        Self::new(smtp(&format!("smtp://{}", server.address)), PathBuf::new()).await
    }

    pub async fn new(settings: Settings, mail_dir: PathBuf) -> Self {
        let database = harness::accounting().await;
        let now: DateTime<Utc> = "2026-11-22T00:00:05Z".parse().unwrap();
        let ambient = Ambient::manual(now, 1);
        let email = make_email(&database, &ambient, &settings, &mail_dir);
        email.prepare().await.unwrap();
        let subscriber = email.module().subscriber.unwrap();
        let inbox = Inbox::new(subscriber, database.write_pool("email", &ambient), RetryPolicy::default());
        Self { database, ambient, email, settings, mail_dir, inbox }
    }

    /// Another process on the same database, as after a restart.
    pub fn another(&self) -> Email {
        make_email(&self.database, &self.ambient, &self.settings, &self.mail_dir)
    }

    pub fn event<F: Fact>(&self, fact: &F) -> Event {
        Event::new(self.ambient.new_id(), self.ambient.now(), None, fact).unwrap()
    }

    /// Delivers a fact in an event of its own.
    pub async fn tell<F: Fact>(&self, fact: &F) {
        self.inbox.receive(&[self.event(fact)]).await.unwrap();
        assert_eq!(self.inbox.waiting().await.unwrap(), (0, 0), "the event was not applied");
    }

    /// Sends until nothing is due.
    pub async fn send_all(&self) {
        while self.email.send_due().await.unwrap() == Outcome::More {}
    }

    /// Lets the longest pause and any lease pass, and sends.
    pub async fn send_later(&self) {
        self.ambient.advance(Duration::hours(1));
        self.send_all().await;
    }

    pub async fn mails(&self) -> Vec<MailView> {
        self.email.list(None, None, Limit::default()).await.unwrap().items
    }

    pub async fn only_mail(&self) -> MailView {
        let mut mails = self.mails().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        mails.remove(0)
    }

    /// The only mail, which is in that state, and its last error.
    pub async fn only_mail_is(&self, state: MailState) -> String {
        let mail = self.only_mail().await;
        assert_eq!(mail.state, state, "{mail:?}");
        mail.last_error.unwrap_or_default()
    }
}

fn make_email(
    database: &harness::TestDatabase,
    ambient: &Ambient,
    settings: &Settings,
    mail_dir: &std::path::Path,
) -> Email {
    let write = database.write_pool("email", ambient);
    let url = "https://work.example.org/".to_owned();
    Email::new(write, database.read_pool("email"), settings.clone(), mail_dir.to_owned(), url).unwrap()
}

pub fn smtp(url: &str) -> Settings {
    Settings {
        transport: Transport::Smtp,
        smtp_url: Some(url.to_owned()),
        from: "Piecework <piecework@example.org>".to_owned(),
        language: Language::English,
        message_id_domain: "piecework.local".to_owned(),
        max_attempts: 4,
        first_pause_ms: 1_000,
        longest_pause_ms: 600_000,
        send_timeout_ms: 30_000,
    }
}

pub fn person(number: u128) -> PersonId {
    PersonId::from(uuid::Uuid::from_u128(number))
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn people(numbers: impl IntoIterator<Item = u128>) -> PeopleChanged {
    PeopleChanged { people: numbers.into_iter().map(|number| person_state(number, 1)).collect() }
}

/// Person `n` of version `v` is at `pn-vv@example.org`.
pub fn person_state(number: u128, version: i64) -> PersonState {
    PersonState {
        person_id: person(number),
        version,
        name: format!("Person {number}"),
        email: format!("p{number}-v{version}@example.org"),
        role: Role::Worker,
        active: true,
        language: None,
    }
}

pub fn paid(numbers: impl IntoIterator<Item = u128>, business_day: &str) -> PeoplePaid {
    let payout = |number| Payout {
        transfer_id: uuid::Uuid::from_u128(1_000 + number).into(),
        person_id: person(number),
        amount_minor: 3_500,
        opening_balance_minor: -500,
        lines_total: 1,
        lines: vec![StatementLine {
            kind: "completion_reward".to_owned(),
            task_title: Some("Fix `Vec<[u8]>` & “doors”".to_owned()),
            amount_minor: 4_000,
            occurred_at: "2026-11-21T14:05:00Z".parse().unwrap(),
        }],
    };
    PeoplePaid {
        business_day: day(business_day),
        currency: "USD".parse().unwrap(),
        currency_exponent: 2,
        payouts: numbers.into_iter().map(payout).collect(),
    }
}

/// Runs work that must not last.
pub async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(20), work).await.unwrap()
}

pub fn subscriber(email: &Email) -> Arc<dyn kernel::inbox::Subscriber> {
    email.module().subscriber.unwrap()
}
