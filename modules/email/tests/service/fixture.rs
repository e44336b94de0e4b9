//! What a test uses: a database, a manual clock, the module, and its inbox.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use contracts::events::accounting::{Payout, PeoplePaid, StatementLine};
use contracts::events::identity::{PeopleChanged, PersonState};
use contracts::{Event, Fact, PersonId, Role};
use email::{Email, Language, Mail, MailFilter, MailState, Settings, Transport};
use kernel::Ambient;
use kernel::events::inbox::{Inbox, RetryPolicy};
use kernel::http::paging::Limit;
use kernel::runtime::jobs::Outcome;

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
    /// A module that sends mails to `server`.
    pub async fn with_server(server: &SmtpServer) -> Self {
        Self::new(smtp(&plain_url(server)), PathBuf::new()).await
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

    /// A second instance of the module on the same database, as after a restart.
    pub fn restarted(&self) -> Email {
        make_email(&self.database, &self.ambient, &self.settings, &self.mail_dir)
    }

    pub fn event<F: Fact>(&self, fact: &F) -> Event {
        Event::new(self.ambient.new_id(), self.ambient.now(), fact).unwrap()
    }

    /// Delivers an event with this fact.
    pub async fn deliver<F: Fact>(&self, fact: &F) {
        self.inbox.receive(&[self.event(fact)]).await.unwrap();
        assert_eq!(self.inbox.count_waiting().await.unwrap(), (0, 0), "the event was not applied");
    }

    /// Sends mails until none is due.
    pub async fn send_all(&self) {
        while self.email.deliver_due_mails().await.unwrap() == Outcome::More {}
    }

    /// Advances the clock beyond every pause and lease, and sends the mails that are due.
    pub async fn send_later(&self) {
        self.ambient.advance(Duration::hours(1));
        self.send_all().await;
    }

    pub async fn mails(&self) -> Vec<Mail> {
        self.email.list_mails(&MailFilter::default(), None, Limit::default()).await.unwrap()
    }

    pub async fn only_mail(&self) -> Mail {
        let mut mails = self.mails().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        mails.remove(0)
    }

    /// A module with one queued mail.
    pub async fn with_one_mail(settings: Settings) -> Self {
        let fixture = Self::new(settings, PathBuf::new()).await;
        fixture.deliver(&people([1])).await;
        fixture.deliver(&paid([1], "2026-11-21")).await;
        fixture
    }

    /// Queues one more mail to person 1. Each number is a business day of its own.
    pub async fn queue_mail(&self, number: u64) {
        self.deliver(&paid([1], &business_day(number).to_string())).await;
    }

    /// Asserts the state of the mail with this number. Returns its last error.
    pub async fn expect_mail(&self, number: u64, state: MailState) -> String {
        let mails = self.mails().await;
        let mail = mails.into_iter().find(|mail| mail.business_day == business_day(number)).unwrap();
        assert_eq!(mail.state, state, "{mail:?}");
        mail.last_error.unwrap_or_default()
    }

    /// Asserts the state of the only mail. Returns its last error.
    pub async fn expect_only_mail(&self, state: MailState) -> String {
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

/// The URL of a server without TLS.
pub fn plain_url(server: &SmtpServer) -> String {
    format!("smtp://{}?tls=none", server.address)
}

/// Settings that send mails to a server.
pub fn smtp(url: &str) -> Settings {
    Settings {
        transport: Transport::Smtp,
        smtp_url: Some(url.to_owned()),
        smtp_ca_file: None,
        helo_name: None,
        from: "Piecework <piecework@example.org>".to_owned(),
        language: Language::English,
        message_id_domain: "piecework.local".to_owned(),
        max_attempts: 4,
        first_pause_ms: 1_000,
        longest_pause_ms: 600_000,
        send_timeout_ms: 30_000,
        keep_days: 90,
    }
}

pub fn person(number: u128) -> PersonId {
    PersonId::from(uuid::Uuid::from_u128(number))
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn business_day(number: u64) -> NaiveDate {
    day("2026-01-01") + chrono::Days::new(number)
}

pub fn people(numbers: impl IntoIterator<Item = u128>) -> PeopleChanged {
    PeopleChanged { people: numbers.into_iter().map(|number| person_state(number, 1)).collect() }
}

/// Version `v` of person `n` has the address `pn-vv@example.org`.
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

/// Awaits work that must end within 20 seconds.
pub async fn within_deadline<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(20), work).await.unwrap()
}

pub fn subscriber(email: &Email) -> Arc<dyn kernel::events::inbox::Subscriber> {
    email.module().subscriber.unwrap()
}
