//! `reconcile`: bookings whose facts the tracker has lost are reversed.

use serde_json::Value;

use crate::installation::{Installation, People};

/// The bookings that `reconcile` lists.
async fn listed(installation: &Installation, arguments: &[&str]) -> Vec<Value> {
    let text = installation.command(&[&["reconcile", "--json"], arguments].concat()).await.ok();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The words of `remedy` in the findings.
fn remedies(findings: &[Value]) -> Vec<&str> {
    let mut remedies: Vec<&str> = findings.iter().map(|finding| finding["remedy"].as_str().unwrap()).collect();
    remedies.sort_unstable();
    remedies.dedup();
    remedies
}

#[tokio::test]
async fn bookings_of_lost_tasks_are_listed_then_reversed_and_everything_agrees() {
    let mut installation = Installation::with_people().await;
    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    people.work(6).await;
    installation.assert_verified().await;
    server.stop().await;
    let earlier = installation.tracker.copy().await;

    // New tasks, a reassign and completions of tasks of before, and a payout: all but the ledger
    // forgets them.
    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    people.work(8).await;
    people.complete(2).await;
    installation.assert_verified().await;
    assert!(people.close_day().await > 0, "nobody is paid");
    installation.assert_verified().await;
    server.stop().await;

    installation.tracker = earlier;
    installation.command(&["events", "replay"]).await.ok();
    assert_eq!(remedies(&installation.findings().await), ["piecework reconcile"]);
    let before = installation.totals().await;
    let unfounded = listed(&installation, &[]).await;
    let reasons: Vec<&str> = unfounded.iter().map(|booking| booking["reason"].as_str().unwrap()).collect();
    for reason in ["the task was lost", "the assignment was lost", "the completion was lost"] {
        assert!(reasons.contains(&reason), "{reason}: {reasons:?}");
    }
    assert_eq!(installation.totals().await, before, "a list changes nothing");
    let text = installation.command(&["reconcile"]).await.ok();
    assert!(text.contains("would be reversed. Nothing was changed."), "{text}");

    assert_eq!(listed(&installation, &["--apply"]).await.len(), unfounded.len());
    installation.assert_verified().await;
    let transfers = installation.totals().await.of("transfers");
    assert_eq!(transfers, before.of("transfers") + i64::try_from(unfounded.len()).unwrap());
    let text = installation.command(&["reconcile", "--apply"]).await.ok();
    assert!(text.contains("Every fee and every reward has its fact"), "{text}");
    assert_eq!(installation.totals().await.of("transfers"), transfers);

    // Each reversal is a correction with its reason.
    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    let mut corrections = 0;
    for person in people.workers.iter().chain([&people.accountant]) {
        let lines = person.read_all("/wallets/me/transfers", 200).await;
        let corrected = lines.iter().filter(|line| line["kind"] == "correction");
        corrections += corrected.inspect(|line| assert!(line["reason"].as_str().unwrap().contains("lost"))).count();
    }
    assert_eq!(corrections, unfounded.len());
    // What happens again is booked again, although the ledger knows its first key.
    people.work(2).await;
    people.complete(5).await;
    people.reassign().await;
    installation.assert_verified().await;
    server.stop().await;
}

#[tokio::test]
async fn a_fact_that_happened_to_another_person_after_the_loss_is_booked_to_that_person() {
    let mut installation = Installation::with_people().await;
    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    for number in 0..12 {
        people.manager.create_task(&format!("Task {number}")).await;
    }
    installation.assert_verified().await;
    server.stop().await;
    let earlier = installation.tracker.copy().await;

    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    people.reassign().await;
    people.complete(12).await;
    installation.assert_verified().await;
    server.stop().await;

    // After the loss the same tasks are reassigned again, by other draws, and completed again.
    // Their events have the business keys of what the ledger has.
    installation.tracker = earlier;
    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    people.reassign().await;
    people.complete(12).await;
    let findings = installation.findings().await;
    assert_eq!(remedies(&findings), ["piecework reconcile"], "{findings:?}");
    let unfounded = listed(&installation, &["--apply"]).await;
    let is_of_another = |booking: &&Value| booking["reason"].as_str().unwrap().contains("another person");
    assert_eq!(unfounded.iter().filter(is_of_another).count(), unfounded.len(), "{unfounded:?}");
    installation.assert_verified().await;
    installation.command(&["events", "replay"]).await.ok();
    installation.assert_verified().await;
    server.stop().await;
}

#[tokio::test]
async fn a_lost_price_is_the_same_when_it_is_drawn_again_and_a_wrong_copy_is_found_and_repaired() {
    let mut installation = Installation::with_people().await;
    let server = installation.serve().await;
    People::log_in(&server).await.work(1).await;
    installation.assert_verified().await;
    server.stop().await;
    let earlier = installation.accounting.copy().await;
    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    people.work(5).await;
    installation.assert_verified().await;
    let before = installation.totals().await;
    server.stop().await;

    installation.accounting = earlier;
    installation.command(&["events", "replay"]).await.ok();
    installation.assert_verified().await;
    let after = installation.totals().await;
    for name in ["prices", "prices shown", "transfers", "amounts"] {
        assert_eq!(after.of(name), before.of(name), "{name}");
    }

    let mut tracker = installation.tracker.connect().await;
    sqlx::query("update tasks.prices set fee_minor = fee_minor + 1").execute(&mut tracker).await.unwrap();
    let text = installation.command(&["verify"]).await.stdout;
    assert!(text.contains("invariant 3: task") && text.contains("[piecework events replay]"), "{text}");
    sqlx::query("delete from tasks.prices where number % 2 = 0").execute(&mut tracker).await.unwrap();
    assert_eq!(installation.findings().await.len(), 6);
    installation.command(&["events", "replay"]).await.ok();
    installation.assert_verified().await;
    assert_eq!(installation.totals().await, before);
}
