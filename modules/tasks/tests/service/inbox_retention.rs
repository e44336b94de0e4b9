//! The inbox prunes applied events after thirty days. It never prunes parked and discarded ones.

use chrono::Duration;
use contracts::Role;

use crate::fixture::fixture;

#[tokio::test]
async fn applied_events_are_pruned_after_thirty_days_and_parked_ones_are_not() {
    let fixture = fixture(0).await;
    let event = |number| harness::people_changed(number, vec![harness::person(number, Role::Worker)]);
    fixture.inbox.receive(&(1..=2_500).map(event).collect::<Vec<_>>()).await.unwrap();
    fixture.inbox.park(&event(5_001), "as the test wants it").await.unwrap();
    fixture.inbox.park(&event(5_002), "as the test wants it").await.unwrap();
    assert!(fixture.inbox.discard_parked(event(5_002).id.uuid(), "no longer needed").await.unwrap());

    fixture.ambient.advance(Duration::days(29));
    fixture.inbox.receive(&[event(4_000)]).await.unwrap();
    assert_eq!(fixture.inbox.prune_applied().await.unwrap(), 0, "not before thirty days");

    fixture.ambient.advance(Duration::days(1) + Duration::seconds(1));
    for pruned in [2_000, 500, 0] {
        assert_eq!(fixture.inbox.prune_applied().await.unwrap(), pruned);
    }
    let mut connection = fixture.database.connect().await;
    let left = "select state from tasks.inbox order by event_id";
    let left: Vec<String> = sqlx::query_scalar(left).fetch_all(&mut connection).await.unwrap();
    assert_eq!(left, ["applied", "parked", "discarded"]);
}
