//! A5, A6, A7, A8: a day ends once, everybody above zero is paid in full, debts stay.

use accounting::Error;
use chrono::NaiveDate;
use contracts::events::accounting::PeoplePaid;

use crate::support::{World, person_id, task_id, world, world_in};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Person 1 has earned, person 2 is in debt, person 3 has done nothing.
async fn a_day_of_work(world: &World) {
    world.hear(&[world.created(10, 1, 1), world.completed(11, 1, 1), world.created(12, 2, 2)]).await;
}

#[tokio::test]
async fn a7_the_positive_are_paid_in_full_and_told_and_a5_debts_are_carried() {
    let world = world().await;
    a_day_of_work(&world).await;
    let (earned, debt) = (world.balance(1).await, world.balance(2).await);
    assert!(earned >= 0 && debt < 0);
    world.now("2026-11-03T00:00:01Z");
    let closed = world.books.close_due_days().await.unwrap();
    assert_eq!(closed.len(), 1);
    assert_eq!((closed[0].business_day, closed[0].payouts, closed[0].paid_minor), (day("2026-11-02"), 1, earned));
    assert_eq!(closed[0].wallets_below_zero, 1);
    assert_eq!((world.balance(1).await, world.balance(2).await, world.balance(3).await), (0, debt, 0));

    let last = world.lines(1).await.pop().unwrap();
    assert_eq!((last.kind.as_str(), last.change_minor, last.balance_after_minor), ("payout", -earned, 0));
    let said: Vec<PeoplePaid> = world.database.said("accounting").await;
    assert_eq!(said.len(), 1);
    let payout = &said[0].payouts[0];
    assert_eq!((said[0].business_day, said[0].payouts.len()), (day("2026-11-02"), 1));
    assert_eq!((payout.person_id, payout.amount_minor, payout.opening_balance_minor), (person_id(1), earned, 0));
    let kinds: Vec<_> = payout.lines.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!((kinds, payout.lines_total), (vec!["assignment_fee", "completion_reward"], 2));
    assert_eq!(payout.lines.iter().map(|line| line.amount_minor).sum::<i64>(), earned);
    assert_eq!(payout.lines[1].task_title.as_deref(), Some("Task 1"));
    world.verify().await;
}

#[tokio::test]
async fn a6_the_companys_earnings_are_fees_less_rewards_and_payouts_never_enter() {
    let world = world().await;
    a_day_of_work(&world).await;
    let owed = world.balance(1).await + world.balance(2).await;
    world.now("2026-11-03T00:00:01Z");
    world.books.close_due_days().await.unwrap();
    let row = world.books.load_day(day("2026-11-02")).await.unwrap();
    assert_eq!(row.earned_minor, -owed);
    assert_eq!(row.earned_minor, row.fees_minor - row.rewards_minor);
    world.verify().await;
}

#[tokio::test]
async fn a8_a_day_that_is_closed_twice_pays_once() {
    let world = world().await;
    a_day_of_work(&world).await;
    world.now("2026-11-03T00:00:01Z");
    assert_eq!(world.books.close_due_days().await.unwrap().len(), 1);
    assert_eq!(world.books.close_due_days().await.unwrap().len(), 0);
    let again = world.books.close_day(day("2026-11-02"), None).await;
    assert!(matches!(again, Err(Error::DayAlreadyClosed(_))), "{again:?}");
    assert_eq!(world.kinds(1).await.iter().filter(|kind| *kind == "payout").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_many_that_close_at_once_close_once() {
    let world = world().await;
    a_day_of_work(&world).await;
    world.now("2026-11-03T00:00:01Z");
    let mut closing = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let books = world.books.clone();
        closing.spawn(async move { books.close_due_days().await.unwrap().len() });
    }
    assert_eq!(closing.join_all().await.into_iter().sum::<usize>(), 1);
    assert_eq!(world.database.said::<PeoplePaid>("accounting").await.len(), 1);
    world.verify().await;
}

#[tokio::test]
async fn a8_three_missed_days_are_closed_in_order_at_the_next_start() {
    let world = world().await;
    a_day_of_work(&world).await;
    world.now("2026-11-05T08:00:00Z");
    let World { database, ambient, .. } = world;
    let reborn = World::on(database, ambient, "UTC").await;
    assert_eq!(reborn.books.close_due_days().await.unwrap().len(), 3);
    let days = reborn.books.list_days(None, kernel::paging::Limit::default()).await.unwrap();
    let states: Vec<_> = days.iter().map(|row| (row.business_day.to_string(), row.payouts)).collect();
    let expected = [("2026-11-05", None), ("2026-11-04", Some(0)), ("2026-11-03", Some(0)), ("2026-11-02", Some(1))];
    assert_eq!(states, expected.map(|(day, payouts)| (day.to_owned(), payouts)));
    reborn.verify().await;
}

#[tokio::test]
async fn a8_what_arrives_after_midnight_is_booked_into_the_day_that_is_open_then() {
    let world = world().await;
    let late = world.created(10, 1, 1);
    world.now("2026-11-03T00:10:00Z");
    world.books.close_due_days().await.unwrap();
    world.hear(&[late]).await;
    let line = world.lines(1).await.remove(0);
    assert_eq!(line.occurred_at.to_rfc3339(), "2026-11-02T09:00:00+00:00");
    assert_eq!((line.business_day, line.booked_at), (day("2026-11-03"), world.ambient.now()));
    world.verify().await;
}

#[tokio::test]
async fn a8_today_can_be_closed_early_once_and_the_rest_goes_into_tomorrow() {
    let world = world().await;
    a_day_of_work(&world).await;
    world.books.close_day(day("2026-11-02"), Some(person_id(3))).await.unwrap();
    assert_eq!(world.balance(1).await, 0);
    let again = world.books.close_day(day("2026-11-02"), Some(person_id(3))).await;
    assert!(matches!(again, Err(Error::DayAlreadyClosed(_))), "{again:?}");
    // Tomorrow has not begun, although bookings go there.
    let tomorrow = world.books.close_day(day("2026-11-03"), None).await;
    assert!(matches!(tomorrow, Err(Error::DayNotBegun(_))), "{tomorrow:?}");
    world.hear(&[world.completed(20, 2, 2)]).await;
    assert_eq!(world.lines(2).await.pop().unwrap().business_day, day("2026-11-03"));
    assert_eq!(world.books.load_day(day("2026-11-02")).await.unwrap().closed_by, Some(person_id(3).uuid()));
    // Midnight brings no second close of the day, only that of the next when it is over.
    world.now("2026-11-03T00:00:01Z");
    assert_eq!(world.books.close_due_days().await.unwrap(), []);
    world.now("2026-11-04T00:00:01Z");
    assert_eq!(world.books.close_due_days().await.unwrap().len(), 1);
    world.verify().await;
}

#[tokio::test]
async fn a_day_the_books_do_not_know_is_refused() {
    let world = world().await;
    for (date, begun) in [("1999-01-01", true), ("2999-01-01", false)] {
        let refused = world.books.close_day(day(date), None).await;
        let expected = if begun {
            matches!(refused, Err(Error::DayNotFound(_)))
        } else {
            matches!(refused, Err(Error::DayNotBegun(_)))
        };
        assert!(expected, "{date}: {refused:?}");
    }
}

#[tokio::test]
async fn a8_a_close_that_crashes_half_way_has_not_happened() {
    let world = world().await;
    a_day_of_work(&world).await;
    world.now("2026-11-03T00:00:01Z");
    let mut connection = world.database.connect().await;
    sqlx::raw_sql(
        "create function accounting.fail() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
         create trigger fail before update on accounting.days execute function accounting.fail()",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    assert!(world.books.close_due_days().await.is_err());
    assert!(world.balance(1).await > 0 || world.kinds(1).await.last().unwrap() != "payout");
    assert!(world.database.said::<PeoplePaid>("accounting").await.is_empty());
    sqlx::query("drop trigger fail on accounting.days").execute(&mut connection).await.unwrap();
    assert_eq!(world.books.close_due_days().await.unwrap().len(), 1);
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_bookings_that_race_a_close_land_in_one_day_or_the_next_and_never_after_the_close() {
    let world = std::sync::Arc::new(world().await);
    world.now("2026-11-02T23:59:59Z");
    let mut booking = tokio::task::JoinSet::new();
    for number in 0..30 {
        let world = std::sync::Arc::clone(&world);
        booking.spawn(async move {
            world
                .hear(&[
                    world.created(100 + number, number, 1 + number % 3),
                    world.completed(200 + number, number, 1 + number % 3),
                ])
                .await;
        });
    }
    world.books.close_day(day("2026-11-02"), None).await.unwrap();
    booking.join_all().await;
    world.verify().await;
    world.now("2026-11-04T00:00:00Z");
    world.books.close_due_days().await.unwrap();
    world.verify().await;
}

#[tokio::test]
async fn a7_days_end_by_the_time_zone_across_a_change_of_clocks() {
    // In Berlin the day of 2026-10-25 has 25 hours: from 22:00Z the day before to 23:00Z.
    let world = world_in("Europe/Berlin", "2026-10-24T21:59:00Z").await;
    a_day_of_work(&world).await;
    for (now, closed) in [
        ("2026-10-24T21:59:59Z", 0),
        ("2026-10-24T22:00:00Z", 1),
        ("2026-10-25T22:59:59Z", 0),
        ("2026-10-25T23:00:00Z", 1),
        ("2026-10-26T22:59:59Z", 0),
        ("2026-10-26T23:00:00Z", 1),
    ] {
        world.now(now);
        assert_eq!(world.books.close_due_days().await.unwrap().len(), closed, "{now}");
    }
    // And the night of 2027-03-28 has 23 hours.
    world.now("2027-03-27T23:00:00Z");
    world.books.close_due_days().await.unwrap();
    for (now, closed) in [("2027-03-28T21:59:59Z", 0), ("2027-03-28T22:00:00Z", 1)] {
        world.now(now);
        assert_eq!(world.books.close_due_days().await.unwrap().len(), closed, "{now}");
    }
    world.verify().await;
}

#[tokio::test]
async fn a_long_day_travels_up_to_a_limit_and_says_how_long_it_was() {
    let world = world().await;
    let mut events = Vec::new();
    for number in 0..40 {
        events.push(world.created(100 + number, number, 1));
        events.push(world.completed(200 + number, number, 1));
    }
    world.hear(&events).await;
    world.now("2026-11-03T00:00:00Z");
    world.books.close_due_days().await.unwrap();
    let said: Vec<PeoplePaid> = world.database.said("accounting").await;
    let payout = &said[0].payouts[0];
    assert_eq!((payout.lines.len(), payout.lines_total), (50, 80));
    let limit = kernel::paging::Limit::try_from(200).unwrap();
    let statement = world.books.load_statement(person_id(1), day("2026-11-02"), None, limit).await.unwrap();
    assert_eq!(statement.lines.len(), 81);
    assert_eq!(statement.paid_minor, Some(payout.amount_minor));
    assert_eq!((statement.opening_balance_minor, statement.closing_balance_minor), (0, 0));
    assert!(statement.lines.iter().filter_map(|line| line.task_id).any(|id| id == task_id(39).uuid()));
}

#[tokio::test]
async fn a_clock_that_jumps_years_ahead_closes_nothing_by_itself() {
    let world = world().await;
    a_day_of_work(&world).await;
    world.now("2036-01-01T00:00:00Z");
    let refused = world.books.close_due_days().await;
    assert!(matches!(refused, Err(Error::TooManyDueDays { .. })), "{refused:?}");
    assert_eq!(world.books.close_day(day("2026-11-03"), None).await.unwrap().len(), 2);
    world.verify().await;
}
