//! Days that end early, late, or while nobody was there (DOMAIN A7, A8).

use serde_json::{Value, json};

use crate::api::minor;
use crate::support::{Company, Stage, World};

/// Somebody is owed money: both who can have tasks complete what they got, and not all of it comes to nothing.
async fn earn(company: &Company) -> i64 {
    loop {
        let task = company.create("Worth paying for").await;
        company.complete(&task).await;
        let owed = company.balance(&company.worker).await.max(0) + company.balance(&company.accountant).await.max(0);
        if owed > 0 {
            return owed;
        }
    }
}

#[tokio::test]
async fn a8_an_accountant_closes_today_once_and_what_comes_after_lands_in_tomorrow() {
    let company = Company::new().await;
    let owed = earn(&company).await;
    let accountant = &company.accountant.api;
    let preview = accountant.read("/days/2026-11-02/preview").await;
    assert_eq!(minor(&preview["paid"]), owed);
    accountant.post_nothing("/days/2026-11-03/close").await.expect_problem(422, "accounting.day_not_begun");
    accountant.post_nothing("/days/2026-11-01/close").await.expect_problem(404, "accounting.day_not_found");

    let closed = accountant.post_nothing("/days/2026-11-02/close").await.expect_status(200).json;
    assert_eq!((&closed["status"], minor(&closed["paid"])), (&json!("closed"), owed));
    assert_eq!(closed["closed_by"], *company.accountant.id);
    accountant.post_nothing("/days/2026-11-02/close").await.expect_problem(409, "accounting.day_already_closed");
    // Tomorrow is open and has not begun: it cannot be closed as well.
    accountant.post_nothing("/days/2026-11-03/close").await.expect_problem(422, "accounting.day_not_begun");

    let task = company.create("After the close").await;
    let lines = company.assignee(&task).api.read("/wallets/me/transfers?limit=1").await;
    let fee = &lines["items"][0];
    assert_eq!((&fee["kind"], &fee["business_day"]), (&json!("assignment_fee"), &json!("2026-11-03")));
    assert!(fee["occurred_at"].as_str().unwrap().starts_with("2026-11-02"), "when it happened is kept: {fee}");

    // Midnight comes: that day is closed already, and Tuesday ends a day later.
    company.world.move_to("2026-11-03T00:00:05Z").await;
    assert_eq!(accountant.read("/days/2026-11-02").await["paid"], closed["paid"]);
    assert_eq!(accountant.read("/days/2026-11-03").await["status"], "open");
    company.finish().await;
}

#[tokio::test]
async fn a8_of_many_who_close_today_at_once_one_does() {
    let company = Company::new().await;
    let owed = earn(&company).await;
    let mut asks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let api = if number % 2 == 0 { &company.accountant.api } else { &company.admin.api }.clone();
        asks.spawn(async move { api.post_nothing("/days/2026-11-02/close").await });
    }
    let answers = asks.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.expect_problem(409, "accounting.day_already_closed");
    }
    let payouts = company.accountant.api.read_all("/payouts", 200).await;
    assert_eq!(payouts.iter().map(|line| -minor(&line["amount"])).sum::<i64>(), owed);
    company.finish().await;
}

#[tokio::test]
async fn a8_three_days_missed_while_the_system_was_down_are_closed_in_order_at_the_next_start() {
    let company = Company::new().await;
    let owed = earn(&company).await;
    let Company { world, admin, accountant, .. } = company;
    let world = world.stop().await.start("2026-11-05T07:00:00Z").await;
    let (admin, accountant) = (world.again(&admin).await, world.again(&accountant).await);
    world.settle().await;

    let days = accountant.api.read_all("/days", 2).await;
    let shown: Vec<(&str, &str)> =
        days.iter().map(|day| (day["date"].as_str().unwrap(), day["status"].as_str().unwrap())).collect();
    let expected =
        [("2026-11-05", "open"), ("2026-11-04", "closed"), ("2026-11-03", "closed"), ("2026-11-02", "closed")];
    assert_eq!(shown, expected);
    let paid: Vec<i64> = days[1..].iter().map(|day| minor(&day["paid"])).collect();
    assert_eq!(paid, [0, 0, owed], "each is paid once, for the day it was earned in");
    one_mail_a_payout(&world, &admin.api.read_all("/payouts", 200).await, &admin.api).await;
    world.stop().await;
}

/// E2: as many mails as payouts, and a mail can be sent once more without another payout.
async fn one_mail_a_payout(world: &World, payouts: &[Value], admin: &crate::api::Api) {
    let sent = async || {
        let mails = admin.read_all("/admin/emails?state=sent", 200).await;
        (mails.len() == payouts.len()).then_some(mails)
    };
    let mails = harness::eventually("every payout is mailed", sent).await;
    let path = format!("/admin/emails/{}/resend", mails[0]["id"].as_str().unwrap());
    let queued = admin.post_nothing(&path).await.expect_status(202).json;
    assert_eq!(queued["message_id"], mails[0]["message_id"], "e2: the same mail");
    harness::eventually("it is sent again", sent).await;
    assert_eq!(admin.read_all("/payouts", 200).await.len(), payouts.len());
    let files = std::fs::read_dir(world.ground.mail_folder()).unwrap().count();
    assert_eq!(files, payouts.len(), "a resend is no second mail on the disk");
}
