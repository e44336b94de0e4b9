//! Each invariant of the ledger is broken on purpose, and `verify` must name it.

use kernel::runtime::jobs::Outcome;
use kernel::verify::{Finding, Scope, Server};

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
    let mut invariants: Vec<u8> = fixture
        .accounting
        .verify(Scope::everything(Server::Primary))
        .await
        .unwrap()
        .into_iter()
        .map(|finding| finding.invariant)
        .collect();
    invariants.dedup();
    invariants
}

/// Allows changes of the ledger and of the seals.
async fn allow_changes(connection: &mut sqlx::PgConnection) {
    let statement = "
        alter table accounting.transfers disable trigger transfers_append_only;
        alter table accounting.day_seals disable trigger day_seals_append_only";
    sqlx::raw_sql(statement).execute(connection).await.unwrap();
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

/// A service with three closed days, each with a reward and a payout, and a fee in the open day.
async fn with_three_sealed_days() -> Fixture {
    let fixture = fixture().await;
    for day in 2..=4_u32 {
        let number = u128::from(day) * 10;
        for event in 0..4 {
            let (task, person) = (number + event, event % 2 + 1);
            fixture
                .deliver(&[fixture.created(100 + task, task, person), fixture.completed(200 + task, task, person)])
                .await;
        }
        fixture.set_time(&format!("2026-11-{:02}T09:00:00Z", day + 1));
        fixture.accounting.close_due_days().await.unwrap();
    }
    fixture.deliver(&[fixture.created(300, 90, 1)]).await;
    while fixture.accounting.seal_next_day().await.unwrap() == Outcome::More {}
    fixture
}

/// What a verification since a day finds.
async fn find_since(fixture: &Fixture, day: &str) -> Vec<Finding> {
    let scope = fixture.accounting.find_scope(Server::Primary, day.parse().unwrap()).await.unwrap();
    fixture.accounting.verify(scope).await.unwrap()
}

#[tokio::test]
async fn a_closed_day_is_sealed_once_and_the_open_day_is_not() {
    let fixture = with_three_sealed_days().await;
    let sealed = "
        select business_day::text, transfers, wallets_change_minor + earned_minor + paid_minor
        from accounting.day_seals
        order by business_day";
    let sealed: Vec<(String, i64, i64)> =
        sqlx::query_as(sealed).fetch_all(&mut fixture.database.connect().await).await.unwrap();
    // Four fees, four rewards and two payouts; what wallets and company gain is what was paid out.
    assert_eq!(sealed, ["02", "03", "04"].map(|day| (format!("2026-11-{day}"), 10, 0)));
    assert_eq!(fixture.accounting.seal_next_day().await.unwrap(), Outcome::Idle);
    fixture.verify().await;
}

#[tokio::test]
async fn invariant_8_a_transfer_of_a_sealed_day_that_was_changed_is_found() {
    let changes = [
        "update accounting.transfers set occurred_at = occurred_at + interval '1 microsecond'",
        "update accounting.transfers set booked_at = booked_at - interval '1 second'",
        "update accounting.transfers set business_key = business_key || ' '",
        "update accounting.transfers set posted_by = person_id",
    ];
    for change in changes {
        let fixture = with_three_sealed_days().await;
        let mut connection = fixture.database.connect().await;
        allow_changes(&mut connection).await;
        let change = format!("{change} where business_day = '2026-11-03' and kind = 'completion_reward' and line = (
            select min(line) from accounting.transfers where business_day = '2026-11-03' and kind = 'completion_reward')");
        sqlx::query(sqlx::AssertSqlSafe(change.as_str())).execute(&mut connection).await.unwrap();
        let found = fixture.accounting.verify(Scope::everything(Server::Primary)).await.unwrap();
        let expected = "transfers of 2026-11-03 were changed after it was sealed";
        assert_eq!(found.iter().map(|one| (one.invariant, one.detail.as_str())).collect::<Vec<_>>(), [(8, expected)]);
        assert_eq!(find_since(&fixture, "2026-11-03").await, found, "{change}");
        assert_eq!(find_since(&fixture, "2026-11-04").await, [], "for earlier days, the sealed figures are used");
    }
}

#[tokio::test]
async fn invariant_8_a_deleted_transfer_of_a_day_that_is_not_read_is_found_by_the_balances() {
    let fixture = with_three_sealed_days().await;
    let mut connection = fixture.database.connect().await;
    allow_changes(&mut connection).await;
    let delete = "delete from accounting.transfers where business_day = '2026-11-02' and kind = 'payout'";
    sqlx::query(delete).execute(&mut connection).await.unwrap();
    // Each wallet has later lines, which are right.
    assert_eq!(find_since(&fixture, "2026-11-04").await, []);
    let found = find_since(&fixture, "2026-11-03").await;
    let expected = "before 2026-11-03 the wallets have 8 lines";
    assert!(found.iter().any(|one| one.invariant == 8 && one.detail.starts_with(expected)), "{found:?}");
    let found = fixture.accounting.verify(Scope::everything(Server::Primary)).await.unwrap();
    assert!(found.iter().any(|one| one.detail == "2026-11-02 has 8 transfers, but was sealed with 10"), "{found:?}");
}

#[tokio::test]
async fn a_day_of_the_scope_is_checked_as_if_every_day_were() {
    for change in [
        "update accounting.transfers set amount_minor = amount_minor + 1 where business_day = '2026-11-04'",
        "update accounting.wallets set balance_minor = balance_minor + 1",
        "update accounting.wallets set lines = lines + 1",
        "update accounting.prices set fee_minor = 1 where priced_at >= '2026-11-04'",
        "delete from accounting.transfers where business_day = '2026-11-04' and kind = 'payout'",
        "update accounting.days set earned_minor = earned_minor + 1 where business_day = '2026-11-02'",
        "update accounting.day_totals set rewards_minor = rewards_minor + 1 where business_day = '2026-11-02'",
        "update accounting.day_seals set transfers = transfers + 1 where business_day = '2026-11-02'",
    ] {
        let fixture = with_three_sealed_days().await;
        assert_eq!(find_since(&fixture, "2026-11-04").await, []);
        let mut connection = fixture.database.connect().await;
        allow_changes(&mut connection).await;
        sqlx::query(change).execute(&mut connection).await.unwrap();
        let found = find_since(&fixture, "2026-11-04").await;
        assert!(!found.is_empty(), "{change}");
        let all = fixture.accounting.verify(Scope::everything(Server::Primary)).await.unwrap();
        assert!(!all.is_empty(), "{change}");
    }
}

#[tokio::test]
async fn a_day_without_a_seal_is_checked_also_if_a_later_day_is_asked_for() {
    let fixture = with_three_sealed_days().await;
    let scope = async || fixture.accounting.find_scope(Server::Primary, "2026-11-30".parse().unwrap()).await.unwrap();
    assert_eq!(scope().await.first_date.to_string(), "2026-11-05", "the open day has no seal");
    let mut connection = fixture.database.connect().await;
    allow_changes(&mut connection).await;
    let delete = "delete from accounting.day_seals where business_day = '2026-11-03'";
    sqlx::query(delete).execute(&mut connection).await.unwrap();
    assert_eq!(scope().await.first_date.to_string(), "2026-11-03");
    assert_eq!(fixture.accounting.verify(scope().await).await.unwrap(), []);
    // A day that was closed before the program could seal is sealed later.
    assert_eq!(fixture.accounting.seal_next_day().await.unwrap(), Outcome::More);
    assert_eq!(scope().await.first_date.to_string(), "2026-11-05");
    fixture.verify().await;
}
