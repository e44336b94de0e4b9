//! A clock that is wrong (A8): it closes a month of days at most, and people are paid again on the
//! true clock.

use accounting::{DueDays, Error};
use chrono::{Days, NaiveDate};
use contracts::events::accounting::PeoplePaid;
use harness::eventually;
use kernel::runtime::jobs::Outcome;

use crate::fixture::{Fixture, fixture, person_id};

const FIRST_DAY: &str = "2026-11-02";
/// The lock that a close holds.
const DAY_LOCK: i64 = 0xACC0_0001;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Sets the clock to noon, this number of days after the first day. Returns that day.
fn set_day(fixture: &Fixture, number: u64) -> NaiveDate {
    let day = day(FIRST_DAY).checked_add_days(Days::new(number)).unwrap();
    fixture.ambient.set(day.and_hms_opt(12, 0, 0).unwrap().and_utc());
    day
}

/// Person 1 completes a task and has earned a reward.
async fn earn(fixture: &Fixture, number: u128) {
    fixture.deliver(&[fixture.created(10 + number, number, 1), fixture.completed(50 + number, number, 1)]).await;
}

async fn notice(fixture: &Fixture) -> Option<String> {
    fixture.accounting.get_notice().await.unwrap().map(|notice| format!("{}; {}", notice.found, notice.advice))
}

#[tokio::test]
async fn a8_a_month_of_missed_days_is_closed_unasked_and_no_more() {
    let month = u64::try_from(DueDays::UNASKED_DAYS_MAX).unwrap();
    for (days, closed) in [(1, 1), (month, DueDays::UNASKED_DAYS_MAX), (month + 1, 0), (300, 0), (20_000, 0)] {
        let fixture = fixture().await;
        earn(&fixture, 1).await;
        let today = set_day(&fixture, days);
        // As the start of a server does, and then its job.
        fixture.accounting.catch_up().await.unwrap();
        assert_eq!(fixture.accounting.close_next_due_day().await.unwrap(), Outcome::Idle);
        let due = fixture.accounting.get_due_days().await.unwrap();
        assert_eq!(due.open_day.signed_duration_since(day(FIRST_DAY)).num_days(), closed, "after {days} days");
        let yesterday = today.pred_opt().unwrap();
        let notice = notice(&fixture).await;
        if closed > 0 {
            assert_eq!(notice, None, "after {days} days");
        } else {
            let notice = notice.unwrap();
            assert!(notice.contains(&format!("close-day --date {yesterday}")), "after {days} days: {notice}");
        }
        fixture.verify().await;
    }
}

#[tokio::test]
async fn a8_a_clock_that_jumps_ahead_while_a_close_waits_closes_nothing() {
    let fixture = fixture().await;
    earn(&fixture, 1).await;
    set_day(&fixture, 1);
    let mut ledger = fixture.database.connect().await;
    sqlx::query("select pg_advisory_lock($1)").bind(DAY_LOCK).execute(&mut ledger).await.unwrap();
    let closing = tokio::spawn({
        let accounting = fixture.accounting.clone();
        async move { accounting.close_due_days().await }
    });
    let waiting = "select exists (select from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database()))";
    eventually("the close waits", async || {
        sqlx::query_scalar::<_, bool>(waiting).fetch_one(&mut ledger).await.unwrap().then_some(())
    })
    .await;
    set_day(&fixture, 300);
    sqlx::query("select pg_advisory_unlock($1)").bind(DAY_LOCK).execute(&mut ledger).await.unwrap();
    let refused = closing.await.unwrap();
    assert!(matches!(refused, Err(Error::TooManyDueDays { .. })), "{refused:?}");
    assert_eq!(fixture.accounting.get_due_days().await.unwrap().open_day, day(FIRST_DAY));
    fixture.verify().await;
}

#[tokio::test]
async fn a8_back_on_the_true_clock_nothing_was_closed_and_people_are_paid_the_same_night() {
    let fixture = fixture().await;
    earn(&fixture, 1).await;
    set_day(&fixture, 300);
    fixture.accounting.catch_up().await.unwrap();
    set_day(&fixture, 0);
    assert_eq!(notice(&fixture).await, None);
    set_day(&fixture, 1);
    assert_eq!(fixture.accounting.close_due_days().await.unwrap().len(), 1);
    assert_eq!((fixture.balance(1).await, fixture.published::<PeoplePaid>().await.len()), (0, 1));
    fixture.verify().await;
}

#[tokio::test]
async fn a8_an_open_day_in_the_future_is_noticed_and_can_be_closed_by_its_date() {
    for ahead in [1, 2, 20] {
        let fixture = fixture().await;
        earn(&fixture, 1).await;
        let open_day = set_day(&fixture, ahead);
        fixture.accounting.catch_up().await.unwrap();
        // Back on the true clock, with a fact that is booked into the open day.
        let today = set_day(&fixture, 0);
        earn(&fixture, 2).await;
        let owed = fixture.balance(1).await;
        assert!(owed >= 0);
        let found = notice(&fixture).await.unwrap();
        assert!(found.contains(&format!("{open_day} lies in the future: today is {today}")), "{found}");
        assert_eq!(fixture.accounting.close_due_days().await.unwrap(), [], "{ahead} days ahead");

        let refused = fixture.accounting.close_day(today, None).await;
        assert!(
            matches!(refused, Err(Error::OpenDayAhead { open_day: named, .. }) if named == open_day),
            "{refused:?}"
        );
        let beyond = open_day.succ_opt().unwrap();
        let refused = fixture.accounting.close_day(beyond, None).await;
        assert!(matches!(refused, Err(Error::DayNotBegun(_))), "{refused:?}");
        let closed = fixture.accounting.close_day(open_day, Some(person_id(3))).await.unwrap();
        assert_eq!((closed.len(), closed[0].business_day, closed[0].paid_minor), (1, open_day, owed));
        assert_eq!(fixture.balance(1).await, 0);
        let again = fixture.accounting.close_day(open_day, Some(person_id(3))).await;
        assert!(matches!(again, Err(Error::DayAlreadyClosed(_) | Error::OpenDayAhead { .. })), "{again:?}");
        fixture.verify().await;

        // The days go on when the clock reaches the open day.
        set_day(&fixture, ahead + 2);
        fixture.accounting.close_due_days().await.unwrap();
        assert_eq!(notice(&fixture).await, None);
        fixture.verify().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_concurrent_closes_of_an_open_day_in_the_future_close_it_once() {
    let fixture = fixture().await;
    let open_day = set_day(&fixture, 20);
    fixture.accounting.catch_up().await.unwrap();
    set_day(&fixture, 0);
    earn(&fixture, 1).await;
    let mut closing = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let accounting = fixture.accounting.clone();
        closing.spawn(async move { accounting.close_day(open_day, None).await.map_or(0, |closed| closed.len()) });
    }
    assert_eq!(closing.join_all().await.into_iter().sum::<usize>(), 1);
    fixture.verify().await;
}

#[tokio::test]
async fn a8_a_first_start_with_a_wrong_clock_is_noticed_on_the_true_clock() {
    // In the past, like a machine whose clock begins at 1970 until it has a network.
    let fixture = crate::fixture::fixture_in("UTC", "1970-01-01T00:01:00Z").await;
    let today = set_day(&fixture, 0);
    fixture.accounting.catch_up().await.unwrap();
    let yesterday = today.pred_opt().unwrap();
    assert!(notice(&fixture).await.unwrap().contains(&format!("close-day --date {yesterday}")));
    // In the future.
    let fixture = crate::fixture::fixture_in("UTC", "2038-01-19T03:14:07Z").await;
    set_day(&fixture, 0);
    assert!(notice(&fixture).await.unwrap().contains("2038-01-19 lies in the future"));
    assert_eq!(fixture.accounting.close_day(day("2038-01-19"), None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a8_the_day_after_an_early_close_is_no_fault() {
    let fixture = fixture().await;
    earn(&fixture, 1).await;
    fixture.accounting.close_day(day(FIRST_DAY), None).await.unwrap();
    assert_eq!(notice(&fixture).await, None);
}

#[tokio::test]
async fn a_fact_that_a_clock_ahead_has_delayed_is_booked_on_the_true_clock() {
    let fixture = fixture().await;
    set_day(&fixture, 300);
    let mut connection = fixture.database.connect().await;
    let mut rename = async |statement| sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    rename("alter table accounting.transfers rename to unavailable_transfers").await;
    fixture.inbox.receive(&[fixture.created(11, 1, 1)]).await.unwrap();
    rename("alter table accounting.unavailable_transfers rename to transfers").await;
    set_day(&fixture, 0);
    assert_eq!((fixture.inbox.count_waiting().await.unwrap(), fixture.inbox.count_due().await.unwrap()), ((1, 0), 1));
    assert!(fixture.inbox.retry_next().await.unwrap());
    assert_eq!(fixture.inbox.count_waiting().await.unwrap(), (0, 0));
    assert!(fixture.balance(1).await < 0, "the fee is charged");
    fixture.verify().await;
}
