//! A2: one price a task, whole units, both bounds reached, told once.

use std::collections::BTreeSet;

use contracts::events::accounting::TasksPriced;

use crate::support::world;

#[tokio::test]
async fn a2_prices_are_whole_units_of_11_and_21_values_with_both_bounds() {
    let world = world().await;
    let events: Vec<_> = (0..600).map(|number| world.created(1_000 + number, number, 1)).collect();
    world.hear(&events).await;
    let said: Vec<_> = world.database.said::<TasksPriced>("accounting").await;
    let prices: Vec<_> = said.into_iter().flat_map(|event| event.prices).collect();
    assert_eq!(prices.len(), 600);
    let fees: BTreeSet<_> = prices.iter().map(|price| price.fee_minor).collect();
    let rewards: BTreeSet<_> = prices.iter().map(|price| price.reward_minor).collect();
    assert_eq!(fees, (10..=20).map(|units| units * 100).collect());
    assert_eq!(rewards, (20..=40).map(|units| units * 100).collect());
    world.verify().await;
}

#[tokio::test]
async fn a2_a_price_is_drawn_per_task_and_not_per_event() {
    let world = world().await;
    for (event, number) in [(10, 2), (11, 3), (12, 4)] {
        world.hear(&[world.assigned(event, 1, number, 1)]).await;
    }
    world.hear(&[world.created(13, 1, 1), world.completed(14, 1, 1)]).await;
    let fees: BTreeSet<_> = world
        .lines(1)
        .await
        .into_iter()
        .filter(|line| line.kind == "assignment_fee")
        .map(|line| line.change_minor)
        .collect();
    assert_eq!(fees.len(), 1);
    let said: Vec<_> = world.database.said::<TasksPriced>("accounting").await;
    assert_eq!(said.iter().map(|event| event.prices.len()).sum::<usize>(), 1);
    world.verify().await;
}

#[tokio::test]
async fn a2_a_new_policy_changes_no_price_that_was_set() {
    let world = world().await;
    world.hear(&[world.created(10, 1, 1)]).await;
    let fee = -world.balance(1).await;
    let pricing = accounting::PricingSettings { fee_min: 1, fee_max: 1, reward_min: 2, reward_max: 2 };
    let settings = accounting::Settings { pricing, ..accounting::Settings::default() };
    let books =
        accounting::Accounting::new(world.write.clone(), world.database.read_pool("accounting"), &settings).unwrap();
    books.prepare(true).await.unwrap();
    let policy = kernel::inbox::RetryPolicy::default();
    let inbox = kernel::inbox::Inbox::new(books.module().subscriber.unwrap(), world.write.clone(), policy);
    inbox.receive(&[world.assigned(11, 1, 2, 1), world.created(12, 2, 2)]).await.unwrap();
    assert_eq!(world.balance(1).await, -2 * fee);
    assert_eq!(world.balance(2).await, -100);
    // Each price is held against the policy it was drawn under.
    world.verify().await;
}

#[tokio::test]
async fn a1_the_currency_of_the_books_cannot_be_changed() {
    let world = world().await;
    let settings = accounting::Settings { currency: "EUR".to_owned(), ..accounting::Settings::default() };
    let other =
        accounting::Accounting::new(world.write.clone(), world.database.read_pool("accounting"), &settings).unwrap();
    let refused = other.prepare(true).await.unwrap_err().to_string();
    assert!(refused.contains("USD") && refused.contains("EUR"), "{refused}");
}

#[tokio::test]
async fn a2_two_processes_with_different_ranges_record_each_price_under_its_own() {
    let world = world().await;
    let pricing = accounting::PricingSettings { fee_min: 5, fee_max: 8, reward_min: 9, reward_max: 9 };
    let settings = accounting::Settings { pricing, ..accounting::Settings::default() };
    let other =
        accounting::Accounting::new(world.write.clone(), world.database.read_pool("accounting"), &settings).unwrap();
    other.prepare(false).await.unwrap();
    // The first process still draws from its own ranges.
    world.hear(&[world.created(10, 1, 1)]).await;
    world.verify().await;
}

#[tokio::test]
async fn a7_only_who_serves_lets_days_end_in_another_time_zone() {
    let world = world().await;
    let settings = accounting::Settings { time_zone: "Asia/Tokyo".to_owned(), ..accounting::Settings::default() };
    let other =
        accounting::Accounting::new(world.write.clone(), world.database.read_pool("accounting"), &settings).unwrap();
    let refused = other.prepare(false).await.unwrap_err().to_string();
    assert!(refused.contains("UTC") && refused.contains("Asia/Tokyo"), "{refused}");
    other.prepare(true).await.unwrap();
    other.prepare(false).await.unwrap();
}
