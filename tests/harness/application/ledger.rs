//! The ledger as the transfers of all wallets show it over HTTP.
//!
//! Every figure of accounting and analytics is compared with it (DOMAIN N1 to N4, A6).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use serde_json::Value;

use super::api::{Api, minor};
use super::system::Person;

/// The transfers of all wallets.
pub struct Ledger {
    pub lines: Vec<Line>,
}

/// One transfer as its wallet shows it.
#[derive(Debug, Clone)]
pub struct Line {
    pub id: String,
    pub kind: String,
    pub person: String,
    /// In minor units: negative if the person is charged.
    pub amount: i64,
    /// The business day into which it is booked.
    pub day: NaiveDate,
    pub occurred_at: DateTime<Utc>,
    /// The transfer that this correction reverses.
    pub reverses: Option<String>,
    pub task: Option<String>,
}

/// The sums of one business day, in minor units.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    fees: i64,
    rewards: i64,
    reversed_fees: i64,
    reversed_rewards: i64,
    paid: i64,
}

impl Day {
    const fn earned(self) -> i64 {
        self.fees - self.rewards - self.reversed_fees + self.reversed_rewards
    }

    fn of(view: &Value) -> Self {
        let [fees, rewards, reversed_fees, reversed_rewards] =
            ["fees", "rewards", "reversed_fees", "reversed_rewards"].map(|name| minor(&view[name]));
        let day = Self { fees, rewards, reversed_fees, reversed_rewards, paid: 0 };
        assert_eq!(minor(&view["earned"]), day.earned(), "{view}");
        day
    }
}

impl Line {
    fn of(transfer: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self {
            id: text(&transfer["id"]).unwrap(),
            kind: text(&transfer["kind"]).unwrap(),
            person: text(&transfer["person"]["id"]).unwrap(),
            amount: minor(&transfer["amount"]),
            day: transfer["date"].as_str().unwrap().parse().unwrap(),
            occurred_at: moment(&transfer["occurred_at"]),
            reverses: text(&transfer["reverses"]),
            task: text(&transfer["task"]["id"]),
        }
    }
}

impl Ledger {
    /// Reads every wallet. Asserts that each balance is the sum of the lines before it.
    pub async fn read(accountant: &Api) -> Self {
        let mut lines = Vec::new();
        for wallet in accountant.read_all("/wallets", 200).await {
            let person = wallet["person"]["id"].as_str().unwrap();
            let transfers = accountant.read_all(&format!("/wallets/{person}/transfers"), 200).await;
            let mut balance = 0;
            for transfer in transfers.iter().rev() {
                balance += minor(&transfer["amount"]);
                assert_eq!(minor(&transfer["balance_after"]), balance, "{transfer}");
                lines.push(Line::of(transfer));
            }
            assert_eq!(minor(&wallet["balance"]), balance, "{wallet}");
        }
        Self { lines }
    }

    pub fn of_person(&self, id: &str) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.person == id)
    }

    #[must_use]
    pub fn of_task(&self, id: &str, kind: &str) -> Vec<&Line> {
        self.lines.iter().filter(|line| line.kind == kind && line.task.as_deref() == Some(id)).collect()
    }

    fn day(&self, date: NaiveDate) -> Day {
        let mut day = Day::default();
        for line in self.lines.iter().filter(|line| line.day == date) {
            match line.kind.as_str() {
                "assignment_fee" => day.fees -= line.amount,
                "completion_reward" => day.rewards += line.amount,
                "payout" => day.paid -= line.amount,
                _ => {
                    let reversed = self.lines.iter().find(|other| Some(&other.id) == line.reverses.as_ref()).unwrap();
                    assert_eq!(line.amount, -reversed.amount, "a correction reverses exactly: {line:?}");
                    match reversed.kind.as_str() {
                        "assignment_fee" => day.reversed_fees += line.amount,
                        _ => day.reversed_rewards -= line.amount,
                    }
                }
            }
        }
        day
    }

    /// The number of wallets below zero at the end of a day.
    fn below_zero(&self, date: NaiveDate) -> usize {
        let mut balances: BTreeMap<&str, i64> = BTreeMap::new();
        for line in self.lines.iter().filter(|line| line.day <= date) {
            *balances.entry(&line.person).or_default() += line.amount;
        }
        balances.values().filter(|balance| **balance < 0).count()
    }

    /// The task with the highest reward of those completed from `from` to `to`. Among equals the
    /// first.
    fn top_task(&self, from: NaiveDate, to: NaiveDate, zone: FixedOffset) -> Option<&Line> {
        let in_range = |line: &&Line| (from..=to).contains(&line.occurred_at.with_timezone(&zone).date_naive());
        let rewards = self.lines.iter().filter(|line| line.kind == "completion_reward").filter(in_range);
        rewards.min_by_key(|line| (Reverse(line.amount), line.occurred_at))
    }
}

fn moment(text: &Value) -> DateTime<Utc> {
    text.as_str().unwrap().parse().unwrap()
}

/// Compares the figures of the days from `from` to `today`, which is open, with the ledger.
///
/// Returns the times at which the figures of analytics were true.
pub async fn check_figures(admin: &Person, from: NaiveDate, today: NaiveDate, zone: FixedOffset) -> Vec<DateTime<Utc>> {
    let ledger = Ledger::read(&admin.api).await;
    let range = format!("from={from}&to={today}");
    let days: Vec<NaiveDate> = from.iter_days().take_while(|day| *day <= today).collect();

    let analysed = admin.api.read(&format!("/analytics/earnings?{range}")).await;
    let booked = admin.api.read_all(&format!("/earnings?{range}"), 200).await;
    let below = admin.api.read(&format!("/analytics/wallets-below-zero?{range}")).await;
    assert_eq!(analysed["items"].as_array().unwrap().len(), days.len(), "{analysed}");
    for (place, date) in days.iter().enumerate() {
        let expected = ledger.day(*date);
        let without_payouts = Day { paid: 0, ..expected };
        assert_eq!(Day::of(&analysed["items"][place]), without_payouts, "n1 {date}");
        assert_eq!(Day::of(&booked[days.len() - 1 - place]), without_payouts, "a6 {date}");
        assert_eq!(below["items"][place]["wallets_below_zero"], ledger.below_zero(*date), "n2 {date}");
        let shown = admin.api.read(&format!("/days/{date}")).await;
        if *date < today {
            assert_eq!(minor(&shown["paid"]), expected.paid, "{shown}");
            assert_eq!(shown["wallets_below_zero"], ledger.below_zero(*date), "{shown}");
        }
    }
    let total: i64 = days.iter().map(|day| ledger.day(*day).earned()).sum();
    assert_eq!(minor(&analysed["total"]), total);

    let summary = admin.api.read("/analytics/summary").await;
    assert_eq!(minor(&summary["earned_today"]), ledger.day(today).earned(), "{summary}");
    assert_eq!(summary["wallets_below_zero"], ledger.below_zero(today), "{summary}");
    assert_eq!(below["wallets_below_zero"], summary["wallets_below_zero"]);
    check_top_tasks(admin, &ledger, from, today, zone).await;
    [&analysed, &below, &summary].map(|answer| moment(&answer["as_of"])).to_vec()
}

async fn check_top_tasks(admin: &Person, ledger: &Ledger, from: NaiveDate, to: NaiveDate, zone: FixedOffset) {
    let shown = admin.api.read(&format!("/analytics/top-tasks?from={from}&to={to}")).await;
    let is = |view: &Value, line: Option<&Line>| match line {
        None => assert_eq!(view, &Value::Null),
        Some(line) => {
            assert_eq!(view["id"].as_str(), line.task.as_deref(), "{view}");
            assert_eq!(minor(&view["reward"]), line.amount, "{view}");
            assert_eq!(view["assignee"]["id"], line.person, "{view}");
        }
    };
    is(&shown["top"], ledger.top_task(from, to, zone));
    let completed_on = |day: &NaiveDate| ledger.top_task(*day, *day, zone).is_some();
    let with_tasks: Vec<NaiveDate> = from.iter_days().take_while(|day| *day <= to).filter(completed_on).collect();
    assert_eq!(shown["items"].as_array().unwrap().len(), with_tasks.len(), "{shown}");
    for (item, day) in shown["items"].as_array().unwrap().iter().zip(with_tasks) {
        assert_eq!(item["date"], day.to_string());
        is(&item["task"], ledger.top_task(day, day, zone));
        let of_day = admin.api.read(&format!("/analytics/top-tasks?period=day&date={day}")).await;
        is(&of_day["top"], ledger.top_task(day, day, zone));
    }
    let of_month = admin.api.read(&format!("/analytics/top-tasks?period=month&date={to}")).await;
    let month = |edge: &str| of_month[edge].as_str().unwrap().parse::<NaiveDate>().unwrap();
    is(&of_month["top"], ledger.top_task(month("from"), month("to"), zone));
}
