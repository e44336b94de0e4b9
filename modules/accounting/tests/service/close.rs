//! Closing days (A5, A6, A7, A8): a day is closed once, every positive balance is paid in full,
//! debts are carried.

use accounting::Error;
use chrono::NaiveDate;
use contracts::events::accounting::PeoplePaid;

use crate::fixture::{Fixture, fixture, fixture_in, person_id, task_id};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Person 1 has earned a reward, person 2 is in debt, person 3 has no task.
async fn a_day_of_work(fixture: &Fixture) {
    fixture.deliver(&[fixture.created(10, 1, 1), fixture.completed(11, 1, 1), fixture.created(12, 2, 2)]).await;
}

#[tokio::test]
async fn a7_positive_balances_are_paid_in_full_and_published_and_a5_debts_are_carried() {
    let fixture = fixture().await;
    a_day_of_work(&fixture).await;
    let (earned, debt) = (fixture.balance(1).await, fixture.balance(2).await);
    assert!(earned >= 0 && debt < 0);
    fixture.set_time("2026-11-03T00:00:01Z");
    let closed = fixture.accounting.close_due_days().await.unwrap();
    assert_eq!(closed.len(), 1);
    assert_eq!((closed[0].business_day, closed[0].payouts, closed[0].paid_minor), (day("2026-11-02"), 1, earned));
    assert_eq!(closed[0].wallets_below_zero, 1);
    assert_eq!((fixture.balance(1).await, fixture.balance(2).await, fixture.balance(3).await), (0, debt, 0));

    let last = fixture.lines(1).await.pop().unwrap();
    assert_eq!((last.kind.as_str(), last.change_minor, last.balance_after_minor), ("payout", -earned, 0));
    let published: Vec<PeoplePaid> = fixture.published().await;
    assert_eq!(published.len(), 1);
    let payout = &published[0].payouts[0];
    assert_eq!((published[0].business_day, published[0].payouts.len()), (day("2026-11-02"), 1));
    assert_eq!((payout.person_id, payout.amount_minor, payout.opening_balance_minor), (person_id(1), earned, 0));
    let kinds: Vec<_> = payout.lines.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!((kinds, payout.lines_total), (vec!["assignment_fee", "completion_reward"], 2));
    assert_eq!(payout.lines.iter().map(|line| line.amount_minor).sum::<i64>(), earned);
    assert_eq!(payout.lines[1].task_title.as_deref(), Some("Task 1"));
    fixture.verify().await;
}

#[tokio::test]
async fn a6_the_companys_earnings_are_fees_less_rewards_without_payouts() {
    let fixture = fixture().await;
    a_day_of_work(&fixture).await;
    let owed = fixture.balance(1).await + fixture.balance(2).await;
    fixture.set_time("2026-11-03T00:00:01Z");
    fixture.accounting.close_due_days().await.unwrap();
    let day = fixture.accounting.get_day(day("2026-11-02")).await.unwrap();
    assert_eq!(day.earned_minor, -owed);
    assert_eq!(day.earned_minor, day.fees_minor - day.rewards_minor);
    fixture.verify().await;
}

#[tokio::test]
async fn a8_closing_a_day_twice_pays_once() {
    let fixture = fixture().await;
    a_day_of_work(&fixture).await;
    fixture.set_time("2026-11-03T00:00:01Z");
    assert_eq!(fixture.accounting.close_due_days().await.unwrap().len(), 1);
    assert_eq!(fixture.accounting.close_due_days().await.unwrap().len(), 0);
    let again = fixture.accounting.close_day(day("2026-11-02"), None).await;
    assert!(matches!(again, Err(Error::DayAlreadyClosed(_))), "{again:?}");
    assert_eq!(fixture.kinds(1).await.iter().filter(|kind| *kind == "payout").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_concurrent_closes_close_a_day_once() {
    let fixture = fixture().await;
    a_day_of_work(&fixture).await;
    fixture.set_time("2026-11-03T00:00:01Z");
    let mut closing = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let accounting = fixture.accounting.clone();
        closing.spawn(async move { accounting.close_due_days().await.unwrap().len() });
    }
    assert_eq!(closing.join_all().await.into_iter().sum::<usize>(), 1);
    assert_eq!(fixture.published::<PeoplePaid>().await.len(), 1);
    fixture.verify().await;
}

#[tokio::test]
async fn a8_three_missed_days_are_closed_in_order_at_the_next_start() {
    let fixture = fixture().await;
    a_day_of_work(&fixture).await;
    fixture.set_time("2026-11-05T08:00:00Z");
    let Fixture { database, ambient, .. } = fixture;
    let restarted = Fixture::on(database, ambient, "UTC").await;
    assert_eq!(restarted.accounting.close_due_days().await.unwrap().len(), 3);
    let days = restarted.accounting.list_days(None, None, kernel::http::paging::Limit::default()).await.unwrap();
    let states: Vec<_> = days.iter().map(|day| (day.business_day.to_string(), day.payouts)).collect();
    let expected = [("2026-11-05", None), ("2026-11-04", Some(0)), ("2026-11-03", Some(0)), ("2026-11-02", Some(1))];
    assert_eq!(states, expected.map(|(day, payouts)| (day.to_owned(), payouts)));
    restarted.verify().await;
}

#[tokio::test]
async fn a8_a_fact_that_arrives_after_midnight_is_booked_into_the_day_that_is_open_then() {
    let fixture = fixture().await;
    let late = fixture.created(10, 1, 1);
    fixture.set_time("2026-11-03T00:10:00Z");
    fixture.accounting.close_due_days().await.unwrap();
    fixture.deliver(&[late]).await;
    let line = fixture.lines(1).await.remove(0);
    assert_eq!(line.occurred_at.to_rfc3339(), "2026-11-02T09:00:00+00:00");
    assert_eq!((line.business_day, line.booked_at), (day("2026-11-03"), fixture.ambient.now()));
    fixture.verify().await;
}

#[tokio::test]
async fn a8_the_present_day_can_be_closed_early_once_and_later_facts_are_booked_into_the_next() {
    let fixture = fixture().await;
    a_day_of_work(&fixture).await;
    fixture.accounting.close_day(day("2026-11-02"), Some(person_id(3))).await.unwrap();
    assert_eq!(fixture.balance(1).await, 0);
    let again = fixture.accounting.close_day(day("2026-11-02"), Some(person_id(3))).await;
    assert!(matches!(again, Err(Error::DayAlreadyClosed(_))), "{again:?}");
    // The next day has not begun, although it is open.
    let tomorrow = fixture.accounting.close_day(day("2026-11-03"), None).await;
    assert!(matches!(tomorrow, Err(Error::DayNotBegun(_))), "{tomorrow:?}");
    fixture.deliver(&[fixture.completed(20, 2, 2)]).await;
    assert_eq!(fixture.lines(2).await.pop().unwrap().business_day, day("2026-11-03"));
    assert_eq!(fixture.accounting.get_day(day("2026-11-02")).await.unwrap().closed_by, Some(person_id(3)));
    // Midnight does not close the day again. The next day is closed when it is over.
    fixture.set_time("2026-11-03T00:00:01Z");
    assert_eq!(fixture.accounting.close_due_days().await.unwrap(), []);
    fixture.set_time("2026-11-04T00:00:01Z");
    assert_eq!(fixture.accounting.close_due_days().await.unwrap().len(), 1);
    fixture.verify().await;
}

#[tokio::test]
async fn a_day_that_does_not_exist_cannot_be_closed() {
    let fixture = fixture().await;
    for (date, begun) in [("1999-01-01", true), ("2999-01-01", false)] {
        let refused = fixture.accounting.close_day(day(date), None).await;
        let expected = if begun {
            matches!(refused, Err(Error::DayNotFound(_)))
        } else {
            matches!(refused, Err(Error::DayNotBegun(_)))
        };
        assert!(expected, "{date}: {refused:?}");
    }
}

#[tokio::test]
async fn a8_a_close_that_fails_half_way_changes_nothing() {
    let fixture = fixture().await;
    a_day_of_work(&fixture).await;
    fixture.set_time("2026-11-03T00:00:01Z");
    let mut connection = fixture.database.connect().await;
    sqlx::raw_sql(
        "create function accounting.fail() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
         create trigger fail before update on accounting.days execute function accounting.fail()",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    assert!(fixture.accounting.close_due_days().await.is_err());
    assert!(fixture.balance(1).await > 0 || fixture.kinds(1).await.last().unwrap() != "payout");
    assert!(fixture.published::<PeoplePaid>().await.is_empty());
    sqlx::query("drop trigger fail on accounting.days").execute(&mut connection).await.unwrap();
    assert_eq!(fixture.accounting.close_due_days().await.unwrap().len(), 1);
    fixture.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_a_booking_beside_a_close_is_in_the_closed_day_or_in_the_next() {
    let fixture = std::sync::Arc::new(fixture().await);
    fixture.set_time("2026-11-02T23:59:59Z");
    let mut booking = tokio::task::JoinSet::new();
    for number in 0..30 {
        let fixture = std::sync::Arc::clone(&fixture);
        booking.spawn(async move {
            fixture
                .deliver(&[
                    fixture.created(100 + number, number, 1 + number % 3),
                    fixture.completed(200 + number, number, 1 + number % 3),
                ])
                .await;
        });
    }
    fixture.accounting.close_day(day("2026-11-02"), None).await.unwrap();
    booking.join_all().await;
    fixture.verify().await;
    fixture.set_time("2026-11-04T00:00:00Z");
    fixture.accounting.close_due_days().await.unwrap();
    fixture.verify().await;
}

#[tokio::test]
async fn a7_days_end_by_the_time_zone_when_the_clocks_change() {
    // In Berlin 2026-10-25 has 25 hours: from 22:00Z of the day before to 23:00Z.
    let fixture = fixture_in("Europe/Berlin", "2026-10-24T21:59:00Z").await;
    a_day_of_work(&fixture).await;
    for (now, closed) in [
        ("2026-10-24T21:59:59Z", 0),
        ("2026-10-24T22:00:00Z", 1),
        ("2026-10-25T22:59:59Z", 0),
        ("2026-10-25T23:00:00Z", 1),
        ("2026-10-26T22:59:59Z", 0),
        ("2026-10-26T23:00:00Z", 1),
    ] {
        fixture.set_time(now);
        assert_eq!(fixture.accounting.close_due_days().await.unwrap().len(), closed, "{now}");
    }
    // In Berlin 2027-03-28 has 23 hours.
    fixture.set_time("2027-03-27T23:00:00Z");
    fixture.accounting.close_day(day("2027-03-27"), None).await.unwrap();
    for (now, closed) in [("2027-03-28T21:59:59Z", 0), ("2027-03-28T22:00:00Z", 1)] {
        fixture.set_time(now);
        assert_eq!(fixture.accounting.close_due_days().await.unwrap().len(), closed, "{now}");
    }
    fixture.verify().await;
}

#[tokio::test]
async fn a_published_statement_is_cut_off_and_contains_the_number_of_all_lines() {
    let fixture = fixture().await;
    let mut events = Vec::new();
    for number in 0..40 {
        events.push(fixture.created(100 + number, number, 1));
        events.push(fixture.completed(200 + number, number, 1));
    }
    fixture.deliver(&events).await;
    fixture.set_time("2026-11-03T00:00:00Z");
    fixture.accounting.close_due_days().await.unwrap();
    let published: Vec<PeoplePaid> = fixture.published().await;
    let payout = &published[0].payouts[0];
    assert_eq!((payout.lines.len(), payout.lines_total), (50, 80));
    let limit = kernel::http::paging::Limit::try_from(200).unwrap();
    let statement = fixture.accounting.get_statement(person_id(1), day("2026-11-02"), None, limit).await.unwrap();
    assert_eq!(statement.lines.len(), 81);
    assert_eq!(statement.paid_minor, Some(payout.amount_minor));
    assert_eq!((statement.opening_balance_minor, statement.closing_balance_minor), (0, 0));
    assert!(statement.lines.iter().filter_map(|line| line.task_id).any(|id| id == task_id(39)));
}

#[tokio::test]
async fn a_clock_that_jumps_years_ahead_closes_no_day_automatically() {
    let fixture = fixture().await;
    a_day_of_work(&fixture).await;
    fixture.set_time("2036-01-01T00:00:00Z");
    let refused = fixture.accounting.close_due_days().await;
    assert!(matches!(refused, Err(Error::TooManyDueDays { .. })), "{refused:?}");
    assert_eq!(fixture.accounting.close_day(day("2026-11-03"), None).await.unwrap().len(), 2);
    fixture.verify().await;
}
