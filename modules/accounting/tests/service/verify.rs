//! Each invariant of the ledger is broken on purpose, and `verify` must name it.

use crate::fixture::{Fixture, fixture};

/// The invariants that `verify` finds broken after the statement.
async fn broken_by(statement: &'static str) -> Vec<u8> {
    let fixture = fixture_with_closed_day().await;
    fixture.verify().await;
    let mut connection = fixture.database.connect().await;
    sqlx::raw_sql("alter table accounting.transfers disable trigger transfers_append_only")
        .execute(&mut connection)
        .await
        .unwrap();
    let broken = sqlx::query(statement).execute(&mut connection).await.unwrap().rows_affected();
    assert!(broken > 0, "{statement} broke nothing");
    let mut invariants: Vec<u8> =
        fixture.accounting.verify().await.unwrap().into_iter().map(|finding| finding.invariant).collect();
    invariants.dedup();
    invariants
}

/// A service with a closed day.
async fn fixture_with_closed_day() -> Fixture {
    let fixture = fixture().await;
    for number in 1..=4 {
        fixture.deliver(&[fixture.created(10 + number, number, 1), fixture.completed(20 + number, number, 1)]).await;
    }
    fixture.deliver(&[fixture.created(30, 9, 2)]).await;
    fixture.set_time("2026-11-03T09:00:00Z");
    fixture.accounting.close_due_days().await.unwrap();
    fixture
}

#[tokio::test]
async fn invariant_1_a_balance_that_is_not_the_sum_of_its_transfers_is_found() {
    assert_eq!(broken_by("update accounting.wallets set balance_minor = balance_minor + 1").await, [1]);
}

#[tokio::test]
async fn invariant_1_a_wrong_count_of_wallets_below_zero_is_found() {
    let one_more = "
        insert into accounting.day_totals (business_day, stripe, wallets_below_zero_change)
        select business_day, 99, 1
        from accounting.days
        where closed_at is null
    ";
    assert_eq!(broken_by(one_more).await, [1]);
}

#[tokio::test]
async fn invariant_1_a_deleted_transfer_is_found() {
    let found = broken_by("delete from accounting.transfers where kind = 'assignment_fee' and line = 1").await;
    assert!(found.contains(&1), "{found:?}");
}

#[tokio::test]
async fn invariant_3_a_price_out_of_range_is_found() {
    let found = broken_by("update accounting.prices set fee_minor = 2100").await;
    assert!(found.contains(&3), "{found:?}");
}

#[tokio::test]
async fn invariant_4_a_wallet_that_is_positive_after_a_close_is_found() {
    let found = broken_by("delete from accounting.transfers where kind = 'payout'").await;
    assert!(found.contains(&4), "{found:?}");
}

#[tokio::test]
async fn invariant_5_totals_that_differ_from_the_transfers_are_found() {
    assert_eq!(broken_by("update accounting.day_totals set fees_minor = fees_minor + 1").await, [5]);
}

#[tokio::test]
async fn invariant_5_a_booking_into_a_closed_day_is_found() {
    let found =
        broken_by("update accounting.days set earned_minor = earned_minor + 1 where closed_at is not null").await;
    assert_eq!(found, [5]);
}
