//! Business days that close early, by several requests, or after a downtime (DOMAIN A7, A8).

use harness::{Api, Company, System, TestApp, eventually, minor};
use serde_json::{Value, json};

/// Creates and completes tasks until a balance is positive. Returns the sum of the positive
/// balances.
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
async fn a8_an_accountant_closes_today_once_and_later_transfers_belong_to_tomorrow() {
    let company = Company::new().await;
    let owed = earn(&company).await;
    let accountant = &company.accountant.api;
    let preview = accountant.read("/days/2026-11-02/preview").await;
    assert_eq!(minor(&preview["paid"]), owed);
    accountant.post_nothing("/days/2026-11-03/close").await.expect_problem(422, "accounting.day_not_begun");
    accountant.post_nothing("/days/2026-11-01/close").await.expect_problem(404, "accounting.day_not_found");

    let closed = accountant.post_nothing("/days/2026-11-02/close").await.expect_status(200).json;
    assert_eq!((&closed["status"], minor(&closed["paid"])), (&json!("closed"), owed));
    assert_eq!(closed["closed_by"]["id"], *company.accountant.id);
    accountant.post_nothing("/days/2026-11-02/close").await.expect_problem(409, "accounting.day_already_closed");
    // The next day is open but has not begun, so it cannot be closed.
    accountant.post_nothing("/days/2026-11-03/close").await.expect_problem(422, "accounting.day_not_begun");

    let task = company.create("After the close").await;
    let lines = company.assignee(&task).api.read("/wallets/me/transfers?limit=1").await;
    let fee = &lines["items"][0];
    assert_eq!((&fee["kind"], &fee["date"]), (&json!("assignment_fee"), &json!("2026-11-03")));
    assert!(fee["occurred_at"].as_str().unwrap().starts_with("2026-11-02"), "the time of the fee is unchanged: {fee}");

    // At midnight, Monday is closed already, and Tuesday stays open.
    company.system.move_to("2026-11-03T00:00:05Z").await;
    assert_eq!(accountant.read("/days/2026-11-02").await["paid"], closed["paid"]);
    assert_eq!(accountant.read("/days/2026-11-03").await["status"], "open");
    company.finish().await;
}

#[tokio::test]
async fn a8_of_several_parallel_closes_of_today_one_succeeds() {
    let company = Company::new().await;
    let owed = earn(&company).await;
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..8 {
        let api = if number % 2 == 0 { &company.accountant.api } else { &company.admin.api }.clone();
        requests.spawn(async move { api.post_nothing("/days/2026-11-02/close").await });
    }
    let answers = requests.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.expect_problem(409, "accounting.day_already_closed");
    }
    let payouts = company.accountant.api.read_all("/payouts", 200).await;
    assert_eq!(payouts.iter().map(|line| -minor(&line["amount"])).sum::<i64>(), owed);
    company.finish().await;
}

#[tokio::test]
async fn a8_three_days_that_ended_during_a_downtime_are_closed_in_order_at_the_next_start() {
    let company = Company::new().await;
    let owed = earn(&company).await;
    let Company { system: app, admin, accountant, .. } = company;
    let app = app.stop().await.start("2026-11-05T07:00:00Z").await;
    let (admin, accountant) = (app.log_in_again(&admin).await, app.log_in_again(&accountant).await);
    app.settle().await;

    let days = accountant.api.read_all("/days", 2).await;
    let shown: Vec<(&str, &str)> =
        days.iter().map(|day| (day["date"].as_str().unwrap(), day["status"].as_str().unwrap())).collect();
    let expected =
        [("2026-11-05", "open"), ("2026-11-04", "closed"), ("2026-11-03", "closed"), ("2026-11-02", "closed")];
    assert_eq!(shown, expected);
    let paid: Vec<i64> = days[1..].iter().map(|day| minor(&day["paid"])).collect();
    assert_eq!(paid, [0, 0, owed], "each balance is paid once, for the day in which it was earned");
    one_mail_a_payout(&app, &admin.api.read_all("/payouts", 200).await, &admin.api).await;
    app.stop().await;
}

/// E2: each payout causes one mail, and a mail can be sent again without another payout.
async fn one_mail_a_payout(app: &TestApp, payouts: &[Value], admin: &Api) {
    let sent = async || {
        let mails = admin.read_all("/admin/emails?status=sent", 200).await;
        (mails.len() == payouts.len()).then_some(mails)
    };
    let mails = eventually("every payout is mailed", sent).await;
    let path = format!("/admin/emails/{}/resend", mails[0]["id"].as_str().unwrap());
    let queued = admin.post_nothing(&path).await.expect_status(202).json;
    assert_eq!(queued["message_id"], mails[0]["message_id"], "e2: the same mail");
    eventually("the mail is sent again", sent).await;
    assert_eq!(
        admin.post_nothing("/admin/emails/resend").await.expect_status(202).json["queued"],
        0,
        "no mail is parked"
    );
    assert_eq!(admin.read_all("/payouts", 200).await.len(), payouts.len());
    let files = std::fs::read_dir(app.environment.mail_directory()).unwrap().count();
    assert_eq!(files, payouts.len(), "a resend replaces the file of the mail");
}
