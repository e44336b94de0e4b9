//! `events replay`: every module publishes its facts again.

use harness::eventually;
use serde_json::{Value, json};

use crate::installation::{Installation, People};

#[tokio::test]
async fn a_replay_changes_nothing_and_sends_no_mail_where_nothing_is_lost() {
    let installation = Installation::with_people().await;
    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    people.work(12).await;
    installation.assert_verified().await;
    let payouts = people.close_day().await;
    assert!(payouts > 0, "nobody is paid, so no mail could be sent twice");
    let sent = async || (i64::try_from(installation.mail_files()).unwrap() == payouts).then_some(());
    eventually("each payout is mailed", sent).await;
    people.work(3).await;
    installation.assert_verified().await;

    let before = installation.totals().await;
    for _ in 0..2 {
        let replayed = installation.command(&["events", "replay", "--json"]).await.json();
        let published = &replayed["published"];
        assert_eq!(published["piecework.identity.people_changed.v1"], 4);
        assert_eq!(published["piecework.tasks.created.v1"], 15);
        assert_eq!(published["piecework.tasks.assigned.v1"], before.of("assignments") - 15);
        assert_eq!(published["piecework.tasks.completed.v1"], 7);
        assert_eq!(published["piecework.accounting.priced.v1"], 15);
        assert_eq!(published["piecework.accounting.paid.v1"], payouts);
        assert_eq!(replayed["events_in_flight"], 0);
        installation.assert_verified().await;
        assert_eq!(installation.totals().await, before);
    }
    // No mail was added, and none was queued again.
    assert_eq!(i64::try_from(installation.mail_files()).unwrap(), payouts);
    server.stop().await;
}

#[tokio::test]
async fn a_replay_brings_back_what_accounting_has_lost() {
    let mut installation = Installation::with_people().await;
    let server = installation.serve().await;
    People::log_in(&server).await.work(6).await;
    installation.assert_verified().await;
    server.stop().await;
    let earlier = installation.accounting.copy().await;

    let server = installation.serve().await;
    installation.hire("cem@example.org", "worker").await;
    People::log_in(&server).await.work(10).await;
    installation.assert_verified().await;
    let before = installation.totals().await;
    server.stop().await;

    installation.accounting = earlier;
    assert!(installation.findings().await.len() >= 10, "the lost bookings are found");
    let text = installation.command(&["events", "replay"]).await.ok();
    assert!(text.contains("piecework.tasks.created.v1: 16 facts are published again"), "{text}");
    installation.assert_verified().await;
    let after = installation.totals().await;
    for name in ["transfers", "wallets"] {
        assert_eq!(after.of(name), before.of(name), "{name}");
    }
    assert_eq!(after.of("prices shown"), after.of("prices"), "both databases have the same prices");
}

/// Renames the first worker. Returns when the accountant sees the name.
async fn rename(people: &People, name: &str) {
    people.workers[0].patch("/me", &json!({ "name": name })).await.expect_status(200);
    eventually(name, async || names_of_wallets(people).await.contains(&json!(name)).then_some(())).await;
}

/// The names of the people who have wallets, as accounting knows them.
async fn names_of_wallets(people: &People) -> Vec<Value> {
    let wallets = people.accountant.read_all("/wallets", 200).await;
    wallets.iter().map(|wallet| wallet["person"]["name"].clone()).collect()
}

#[tokio::test]
async fn after_a_replay_people_are_as_the_tracker_knows_them_and_later_changes_arrive() {
    let mut installation = Installation::with_people().await;
    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    // Of forty draws, the first worker gets one.
    people.work(20).await;
    rename(&people, "Ann Before").await;
    server.stop().await;
    let earlier = installation.tracker.copy().await;
    let server = installation.serve().await;
    rename(&People::log_in(&server).await, "Ann Lost").await;
    server.stop().await;

    installation.tracker = earlier;
    installation.command(&["events", "replay"]).await.ok();
    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    let names = names_of_wallets(&people).await;
    assert!(names.contains(&json!("Ann Before")) && !names.contains(&json!("Ann Lost")), "{names:?}");
    // Without the replay, this change would have the version of the one that is lost.
    rename(&people, "Ann After").await;
    server.stop().await;
    installation.assert_verified().await;
}

#[tokio::test]
async fn a_replay_since_a_time_publishes_later_facts_and_all_people() {
    let installation = Installation::with_people().await;
    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    people.work(4).await;
    let task = people.manager.create_task("The last one").await;
    let since = task["created_at"].as_str().unwrap();
    let replay = async |since: &str| installation.command(&["events", "replay", "--json", "--since", since]).await;
    let published = replay(since).await.json()["published"].clone();
    assert_eq!(published["piecework.identity.people_changed.v1"], 4);
    assert_eq!(published["piecework.tasks.created.v1"], 1);
    assert_eq!(published["piecework.tasks.assigned.v1"], json!(null));
    assert_eq!(replay("2100-01-01").await.json()["published"], json!({ "piecework.identity.people_changed.v1": 4 }));
    assert!(replay("yesterday").await.failed(2).contains("2026-11-22"), "the error shows how a time is written");
    installation.assert_verified().await;
    server.stop().await;
}
