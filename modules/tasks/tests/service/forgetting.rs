//! The inbox remembers what was applied as long as it has to, and what waits for somebody for ever.

use chrono::Duration;
use contracts::Role;

use crate::support::world;

#[tokio::test]
async fn what_was_applied_long_ago_is_forgotten_and_what_waits_is_kept() {
    let world = world(0).await;
    let event = |number| harness::people_changed(number, vec![harness::person(number, Role::Worker)]);
    world.inbox.receive(&(1..=2_500).map(event).collect::<Vec<_>>()).await.unwrap();
    world.inbox.park(&event(5_001), "as the test wants it").await.unwrap();
    world.inbox.park(&event(5_002), "as the test wants it").await.unwrap();
    assert!(world.inbox.discard_parked(event(5_002).id.uuid(), "no longer needed").await.unwrap());

    world.ambient.advance(Duration::days(29));
    world.inbox.receive(&[event(4_000)]).await.unwrap();
    assert_eq!(world.inbox.forget_applied().await.unwrap(), 0, "not before thirty days");

    world.ambient.advance(Duration::days(1) + Duration::seconds(1));
    for forgotten in [2_000, 500, 0] {
        assert_eq!(world.inbox.forget_applied().await.unwrap(), forgotten);
    }
    let mut connection = world.database.connect().await;
    let left = "select state from tasks.inbox order by event_id";
    let left: Vec<String> = sqlx::query_scalar(left).fetch_all(&mut connection).await.unwrap();
    assert_eq!(left, ["applied", "parked", "discarded"]);
}
