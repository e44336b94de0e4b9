//! Corrections (A9): a wrong fee or reward is reversed once, with a reason.

use accounting::Error;
use contracts::TransferId;

use crate::fixture::{Fixture, fixture, person_id};

async fn correct(fixture: &Fixture, transfer: TransferId) -> Result<accounting::Transfer, Error> {
    let reason = kernel::Reason::parse("charged by mistake").unwrap();
    fixture.accounting.create_correction(transfer, reason, person_id(3)).await
}

#[tokio::test]
async fn a9_fees_and_rewards_can_be_reversed_once() {
    let fixture = fixture().await;
    fixture.deliver(&[fixture.created(10, 1, 1), fixture.completed(11, 1, 1)]).await;
    let lines = fixture.lines(1).await;
    let fee = correct(&fixture, lines[0].transfer_id).await.unwrap();
    assert_eq!((fee.kind.as_str(), fee.change_minor), ("correction", -lines[0].change_minor));
    assert_eq!(fee.reverses, Some(lines[0].transfer_id));
    assert_eq!(fee.reason.as_deref(), Some("charged by mistake"));
    assert!(matches!(correct(&fixture, lines[0].transfer_id).await, Err(Error::AlreadyReversed)));
    let reward = correct(&fixture, lines[1].transfer_id).await.unwrap();
    assert_eq!((reward.change_minor, reward.balance_after_minor), (-lines[1].change_minor, 0));
    fixture.verify().await;
}

#[tokio::test]
async fn a9_payouts_and_corrections_cannot_be_reversed() {
    let fixture = fixture().await;
    fixture.deliver(&[fixture.created(10, 1, 1), fixture.completed(11, 1, 1), fixture.created(12, 2, 2)]).await;
    let correction = correct(&fixture, fixture.lines(2).await[0].transfer_id).await.unwrap();
    assert!(matches!(correct(&fixture, correction.transfer_id).await, Err(Error::NotReversible)));
    fixture.set_time("2026-11-03T00:00:00Z");
    fixture.accounting.close_due_days().await.unwrap();
    let lines = fixture.lines(1).await;
    if let Some(payout) = lines.iter().find(|line| line.kind.as_str() == "payout") {
        assert!(matches!(correct(&fixture, payout.transfer_id).await, Err(Error::NotReversible)));
    }
    assert!(matches!(correct(&fixture, uuid::Uuid::from_u128(5).into()).await, Err(Error::TransferNotFound)));
}

#[tokio::test]
async fn a6_a_reversal_counts_on_the_day_it_is_booked() {
    let fixture = fixture().await;
    fixture.deliver(&[fixture.created(10, 1, 1)]).await;
    let fee = fixture.lines(1).await.remove(0);
    fixture.set_time("2026-11-03T09:00:00Z");
    fixture.accounting.close_due_days().await.unwrap();
    correct(&fixture, fee.transfer_id).await.unwrap();
    let earned = |date: &str| {
        let accounting = fixture.accounting.clone();
        let date = date.parse().unwrap();
        async move { accounting.get_day(date).await.unwrap().earned_minor }
    };
    assert_eq!(earned("2026-11-02").await, -fee.change_minor);
    assert_eq!(earned("2026-11-03").await, fee.change_minor);
    fixture.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a9_one_of_many_concurrent_reversals_is_booked() {
    let fixture = std::sync::Arc::new(fixture().await);
    fixture.deliver(&[fixture.created(10, 1, 1)]).await;
    let fee = fixture.lines(1).await.remove(0);
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let fixture = std::sync::Arc::clone(&fixture);
        attempts.spawn(async move { correct(&fixture, fee.transfer_id).await });
    }
    let (booked, refused): (Vec<_>, Vec<_>) = attempts.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!(booked.len(), 1);
    assert!(refused.iter().all(|answer| matches!(answer, Err(Error::AlreadyReversed))), "{refused:?}");
    assert_eq!(fixture.balance(1).await, 0);
    fixture.verify().await;
}
