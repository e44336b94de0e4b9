//! Prices (A1, A2): one price a task in whole units, published once.

use std::collections::BTreeSet;

use contracts::events::accounting::TasksPriced;

use crate::fixture::fixture;

#[tokio::test]
async fn a2_prices_are_whole_units_between_both_bounds_inclusive() {
    let fixture = fixture().await;
    let events: Vec<_> = (0..600).map(|number| fixture.created(1_000 + number, number, 1)).collect();
    fixture.deliver(&events).await;
    let published: Vec<_> = fixture.published::<TasksPriced>().await;
    let prices: Vec<_> = published.into_iter().flat_map(|event| event.prices).collect();
    assert_eq!(prices.len(), 600);
    let fees: BTreeSet<_> = prices.iter().map(|price| price.fee_minor).collect();
    let rewards: BTreeSet<_> = prices.iter().map(|price| price.reward_minor).collect();
    assert_eq!(fees, (10..=20).map(|units| units * 100).collect());
    assert_eq!(rewards, (20..=40).map(|units| units * 100).collect());
    fixture.verify().await;
}

#[tokio::test]
async fn a2_a_price_is_drawn_once_per_task() {
    let fixture = fixture().await;
    for (event, number) in [(10, 2), (11, 3), (12, 4)] {
        fixture.deliver(&[fixture.assigned(event, 1, number, 1)]).await;
    }
    fixture.deliver(&[fixture.created(13, 1, 1), fixture.completed(14, 1, 1)]).await;
    let fees: BTreeSet<_> = fixture
        .lines(1)
        .await
        .into_iter()
        .filter(|line| line.kind.as_str() == "assignment_fee")
        .map(|line| line.change_minor)
        .collect();
    assert_eq!(fees.len(), 1);
    let published: Vec<_> = fixture.published::<TasksPriced>().await;
    assert_eq!(published.iter().map(|event| event.prices.len()).sum::<usize>(), 1);
    fixture.verify().await;
}

#[tokio::test]
async fn a2_a_new_policy_changes_no_stored_price() {
    let fixture = fixture().await;
    fixture.deliver(&[fixture.created(10, 1, 1)]).await;
    let fee = -fixture.balance(1).await;
    let pricing = accounting::PricingSettings { fee_min: 1, fee_max: 1, reward_min: 2, reward_max: 2 };
    let settings = accounting::Settings { pricing, ..accounting::Settings::default() };
    let accounting =
        accounting::Accounting::new(fixture.write.clone(), fixture.database.read_pool("accounting"), &settings)
            .unwrap();
    accounting.prepare(true).await.unwrap();
    let policy = kernel::events::inbox::RetryPolicy::default();
    let inbox =
        kernel::events::inbox::Inbox::new(accounting.module().subscriber.unwrap(), fixture.write.clone(), policy);
    inbox.receive(&[fixture.assigned(11, 1, 2, 1), fixture.created(12, 2, 2)]).await.unwrap();
    assert_eq!(fixture.balance(1).await, -2 * fee);
    assert_eq!(fixture.balance(2).await, -100);
    // `verify` compares each price with the policy that it was drawn from.
    fixture.verify().await;
}

#[tokio::test]
async fn a1_the_currency_of_the_ledger_cannot_be_changed() {
    let fixture = fixture().await;
    let settings = accounting::Settings { currency: "EUR".to_owned(), ..accounting::Settings::default() };
    let other = accounting::Accounting::new(fixture.write.clone(), fixture.database.read_pool("accounting"), &settings)
        .unwrap();
    let refused = other.prepare(true).await.unwrap_err().to_string();
    assert!(refused.contains("USD") && refused.contains("EUR"), "{refused}");
}

#[tokio::test]
async fn a2_each_process_stores_prices_under_the_policy_it_draws_from() {
    let fixture = fixture().await;
    let pricing = accounting::PricingSettings { fee_min: 5, fee_max: 8, reward_min: 9, reward_max: 9 };
    let settings = accounting::Settings { pricing, ..accounting::Settings::default() };
    let other = accounting::Accounting::new(fixture.write.clone(), fixture.database.read_pool("accounting"), &settings)
        .unwrap();
    other.prepare(false).await.unwrap();
    // The first process still draws from its own ranges.
    fixture.deliver(&[fixture.created(10, 1, 1)]).await;
    fixture.verify().await;
}

#[tokio::test]
async fn a7_only_serve_changes_the_time_zone_of_business_days() {
    let fixture = fixture().await;
    let settings = accounting::Settings { time_zone: "Asia/Tokyo".to_owned(), ..accounting::Settings::default() };
    let other = accounting::Accounting::new(fixture.write.clone(), fixture.database.read_pool("accounting"), &settings)
        .unwrap();
    let refused = other.prepare(false).await.unwrap_err().to_string();
    assert!(refused.contains("UTC") && refused.contains("Asia/Tokyo"), "{refused}");
    other.prepare(true).await.unwrap();
    other.prepare(false).await.unwrap();
}
