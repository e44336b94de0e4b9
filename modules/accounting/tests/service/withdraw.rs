//! Withdrawals (A11): a booking whose fact was lost is reversed once, and its fact can be booked
//! again.

use accounting::{TransferKind, Withdrawal};
use contracts::TransferId;

use crate::fixture::{Fixture, fixture, person_id, task_id};

async fn withdraw(fixture: &Fixture, transfer_id: TransferId) -> usize {
    let reason = kernel::Reason::parse("the task was lost").unwrap();
    fixture.accounting.withdraw(&[Withdrawal { transfer_id, reason }]).await.unwrap()
}

#[tokio::test]
async fn a11_a_withdrawn_fact_is_reversed_once_and_booked_again_when_it_happens_again() {
    let fixture = fixture().await;
    fixture.deliver(&[fixture.created(10, 1, 1)]).await;
    let fee = fixture.lines(1).await.remove(0);
    assert_eq!(withdraw(&fixture, fee.transfer_id).await, 1);
    assert_eq!(withdraw(&fixture, fee.transfer_id).await, 0, "it is withdrawn already");
    let correction = fixture.lines(1).await.remove(1);
    assert_eq!((correction.change_minor, correction.balance_after_minor), (-fee.change_minor, 0));
    assert_eq!(correction.reason.as_deref(), Some("the task was lost"));

    // The same fact for another person, twice, and after a second withdrawal.
    for event in [11, 12] {
        fixture.deliver(&[fixture.created(event, 1, 2)]).await;
        assert_eq!(fixture.balance(2).await, fee.change_minor);
    }
    let again = fixture.lines(2).await.remove(0);
    assert_eq!(withdraw(&fixture, again.transfer_id).await, 1);
    fixture.deliver(&[fixture.created(13, 1, 1), fixture.created(14, 1, 1)]).await;
    assert_eq!((fixture.balance(1).await, fixture.balance(2).await), (fee.change_minor, 0));
    fixture.verify().await;
}

#[tokio::test]
async fn a11_a_fee_that_an_accountant_has_reversed_is_not_reversed_again() {
    let fixture = fixture().await;
    fixture.deliver(&[fixture.created(10, 1, 1)]).await;
    let fee = fixture.lines(1).await.remove(0).transfer_id;
    let reason = kernel::Reason::parse("charged by mistake").unwrap();
    fixture.accounting.create_correction(fee, reason, person_id(3)).await.unwrap();
    assert_eq!(withdraw(&fixture, fee).await, 1);
    assert_eq!(fixture.balance(1).await, 0);
    fixture.deliver(&[fixture.created(11, 1, 1)]).await;
    assert!(fixture.balance(1).await < 0, "the fact happened again");
    fixture.verify().await;
}

#[tokio::test]
async fn a11_the_task_with_the_highest_reward_of_a_day_is_chosen_again() {
    let fixture = fixture().await;
    for number in 1..=6 {
        fixture.deliver(&[fixture.created(10 + number, number, 1), fixture.completed(20 + number, number, 1)]).await;
    }
    let rewards = async || {
        let lines = fixture.lines(1).await.into_iter().filter(|line| line.kind == TransferKind::CompletionReward);
        let mut rewards: Vec<_> = lines.map(|line| (-line.change_minor, line.occurred_at, line.task_id)).collect();
        rewards.sort();
        rewards
    };
    let top = async || {
        let top = sqlx::query_scalar::<_, uuid::Uuid>("select task_id from accounting.top_tasks");
        top.fetch_all(&mut fixture.database.connect().await).await.unwrap()
    };
    let by_reward = rewards().await;
    assert_eq!(top().await, [by_reward[0].2.unwrap().uuid()]);
    let best = by_reward[0].2;
    let line = fixture.lines(1).await.into_iter().find(|line| line.task_id == best && line.change_minor > 0).unwrap();
    withdraw(&fixture, line.transfer_id).await;
    assert_eq!(top().await, [by_reward[1].2.unwrap().uuid()]);
    for number in 1..=6 {
        let lines = fixture.lines(1).await;
        let of_task = |line: &&accounting::Transfer| {
            line.task_id == Some(task_id(number)) && line.kind == TransferKind::CompletionReward
        };
        withdraw(&fixture, lines.iter().find(of_task).unwrap().transfer_id).await;
    }
    assert!(top().await.is_empty(), "no reward is left");
    fixture.verify().await;
}
