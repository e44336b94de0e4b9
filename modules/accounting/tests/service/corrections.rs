//! A9: a mistake is mended by a reversal with a reason, once.

use accounting::Error;

use crate::support::{World, person_id, world};

async fn correct(world: &World, transfer: uuid::Uuid) -> Result<accounting::TransferRow, Error> {
    let reason = accounting::Reason::parse("charged by mistake").unwrap();
    world.books.post_correction(transfer.into(), reason, person_id(3)).await
}

#[tokio::test]
async fn a9_fees_and_rewards_can_be_reversed_once() {
    let world = world().await;
    world.hear(&[world.created(10, 1, 1), world.completed(11, 1, 1)]).await;
    let lines = world.lines(1).await;
    let fee = correct(&world, lines[0].transfer_id).await.unwrap();
    assert_eq!((fee.kind.as_str(), fee.change_minor), ("correction", -lines[0].change_minor));
    assert_eq!(fee.reverses, Some(lines[0].transfer_id));
    assert_eq!(fee.reason.as_deref(), Some("charged by mistake"));
    assert!(matches!(correct(&world, lines[0].transfer_id).await, Err(Error::AlreadyReversed)));
    let reward = correct(&world, lines[1].transfer_id).await.unwrap();
    assert_eq!((reward.change_minor, reward.balance_after_minor), (-lines[1].change_minor, 0));
    world.verify().await;
}

#[tokio::test]
async fn a9_payouts_and_corrections_cannot_be_reversed() {
    let world = world().await;
    world.hear(&[world.created(10, 1, 1), world.completed(11, 1, 1), world.created(12, 2, 2)]).await;
    let correction = correct(&world, world.lines(2).await[0].transfer_id).await.unwrap();
    assert!(matches!(correct(&world, correction.transfer_id).await, Err(Error::NotReversible)));
    world.now("2026-11-03T00:00:00Z");
    world.books.close_due_days().await.unwrap();
    let lines = world.lines(1).await;
    if let Some(payout) = lines.iter().find(|line| line.kind == "payout") {
        assert!(matches!(correct(&world, payout.transfer_id).await, Err(Error::NotReversible)));
    }
    assert!(matches!(correct(&world, uuid::Uuid::from_u128(5)).await, Err(Error::TransferNotFound)));
}

#[tokio::test]
async fn a6_reversals_count_on_the_day_they_are_booked() {
    let world = world().await;
    world.hear(&[world.created(10, 1, 1)]).await;
    let fee = world.lines(1).await.remove(0);
    world.now("2026-11-03T09:00:00Z");
    world.books.close_due_days().await.unwrap();
    correct(&world, fee.transfer_id).await.unwrap();
    let earned = |date: &str| {
        let books = world.books.clone();
        let date = date.parse().unwrap();
        async move { books.load_day(date).await.unwrap().earned_minor }
    };
    assert_eq!(earned("2026-11-02").await, -fee.change_minor);
    assert_eq!(earned("2026-11-03").await, fee.change_minor);
    world.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a9_of_many_reversals_at_once_one_is_booked() {
    let world = std::sync::Arc::new(world().await);
    world.hear(&[world.created(10, 1, 1)]).await;
    let fee = world.lines(1).await.remove(0);
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let world = std::sync::Arc::clone(&world);
        attempts.spawn(async move { correct(&world, fee.transfer_id).await });
    }
    let (booked, refused): (Vec<_>, Vec<_>) = attempts.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!(booked.len(), 1);
    assert!(refused.iter().all(|answer| matches!(answer, Err(Error::AlreadyReversed))), "{refused:?}");
    assert_eq!(world.balance(1).await, 0);
    world.verify().await;
}
