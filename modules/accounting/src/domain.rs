//! The ledger's rules that need no database: accounts, what a booking does to a wallet, what it is known by.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use contracts::{PersonId, TaskId, TransferId};
use uuid::Uuid;

/// The company's earnings (DOMAIN A6).
pub const EARNINGS: Uuid = Uuid::from_u128(0xe0);
/// The cash that was paid out.
pub const CASH: Uuid = Uuid::from_u128(0xc0);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    AssignmentFee,
    CompletionReward,
    Payout,
    Correction,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AssignmentFee => "assignment_fee",
            Self::CompletionReward => "completion_reward",
            Self::Payout => "payout",
            Self::Correction => "correction",
        }
    }
}

/// A booking to be made.
#[derive(Debug, Clone)]
pub struct Posting {
    pub business_key: String,
    pub kind: Kind,
    pub person_id: PersonId,
    /// The other account.
    pub counterpart: Uuid,
    /// What it does to the wallet, in minor units; never zero.
    pub wallet_change_minor: i64,
    pub task_id: Option<TaskId>,
    pub reverses: Option<TransferId>,
    pub reason: Option<String>,
    /// Who asked for it; `None`: the system.
    pub posted_by: Option<PersonId>,
    pub occurred_at: DateTime<Utc>,
}

impl Posting {
    /// A fee for the `number`-th assignment of a task, charged to whom it was assigned (DOMAIN A3).
    pub fn fee(task_id: TaskId, number: i32, person_id: PersonId, fee_minor: i64, occurred_at: DateTime<Utc>) -> Self {
        Self {
            business_key: format!("fee:{task_id}:{number}"),
            kind: Kind::AssignmentFee,
            person_id,
            counterpart: EARNINGS,
            wallet_change_minor: -fee_minor,
            task_id: Some(task_id),
            reverses: None,
            reason: None,
            posted_by: None,
            occurred_at,
        }
    }

    /// The reward of a task, for whoever completed it (DOMAIN A4).
    pub fn reward(task_id: TaskId, person_id: PersonId, reward_minor: i64, occurred_at: DateTime<Utc>) -> Self {
        Self {
            business_key: format!("reward:{task_id}"),
            kind: Kind::CompletionReward,
            person_id,
            counterpart: EARNINGS,
            wallet_change_minor: reward_minor,
            task_id: Some(task_id),
            reverses: None,
            reason: None,
            posted_by: None,
            occurred_at,
        }
    }

    /// The whole balance of a wallet, paid at the end of a day (DOMAIN A7).
    pub fn payout(day: NaiveDate, person_id: PersonId, balance_minor: i64, occurred_at: DateTime<Utc>) -> Self {
        Self {
            business_key: format!("payout:{person_id}:{day}"),
            kind: Kind::Payout,
            person_id,
            counterpart: CASH,
            wallet_change_minor: -balance_minor,
            task_id: None,
            reverses: None,
            reason: None,
            posted_by: None,
            occurred_at,
        }
    }

    /// The account that loses and the one that gains.
    pub fn accounts(&self) -> (Uuid, Uuid) {
        let wallet = self.person_id.uuid();
        if self.wallet_change_minor < 0 { (wallet, self.counterpart) } else { (self.counterpart, wallet) }
    }
}

/// A wallet as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WalletState {
    pub balance_minor: i64,
    pub lines: i64,
}

/// A wallet cannot hold such an amount.
#[derive(Debug, thiserror::Error)]
#[error("the balance of wallet {0} would leave the range of a 64-bit number")]
pub struct BalanceOverflow(pub PersonId);

impl WalletState {
    /// The wallet after a booking.
    pub fn after(self, posting: &Posting) -> Result<Self, BalanceOverflow> {
        let balance = self.balance_minor.checked_add(posting.wallet_change_minor);
        let balance_minor = balance.ok_or(BalanceOverflow(posting.person_id))?;
        Ok(Self { balance_minor, lines: self.lines + 1 })
    }
}

/// What bookings come to for the company, in minor units, and to how many wallets more or less below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub fees_minor: i64,
    pub rewards_minor: i64,
    pub reversed_fees_minor: i64,
    pub reversed_rewards_minor: i64,
    pub wallets_below_zero_change: i64,
}

impl Totals {
    /// Sums of a batch; payouts are not earnings (DOMAIN A6).
    pub fn of(postings: &[Posting]) -> Self {
        let mut totals = Self::default();
        for posting in postings {
            let change = posting.wallet_change_minor;
            match posting.kind {
                Kind::AssignmentFee => totals.fees_minor -= change,
                Kind::CompletionReward => totals.rewards_minor += change,
                // A reversed fee comes back to the wallet, a reversed reward leaves it.
                Kind::Correction if change > 0 => totals.reversed_fees_minor += change,
                Kind::Correction => totals.reversed_rewards_minor -= change,
                Kind::Payout => {}
            }
        }
        totals
    }
}

/// Postings with their places in the wallets.
#[derive(Debug, PartialEq, Eq)]
pub struct Booked {
    /// Each wallet's line number and balance after each posting.
    pub lines: Vec<WalletState>,
    /// The wallets as they end.
    pub wallets: BTreeMap<PersonId, WalletState>,
    pub totals: Totals,
}

/// Books postings onto wallets in the order given.
pub fn book(postings: &[Posting], mut wallets: BTreeMap<PersonId, WalletState>) -> Result<Booked, BalanceOverflow> {
    let below_zero_before = count_below_zero(&wallets);
    let mut lines = Vec::with_capacity(postings.len());
    for posting in postings {
        let wallet = wallets.entry(posting.person_id).or_default();
        *wallet = wallet.after(posting)?;
        lines.push(*wallet);
    }
    let wallets_below_zero_change = count_below_zero(&wallets) - below_zero_before;
    Ok(Booked { lines, wallets, totals: Totals { wallets_below_zero_change, ..Totals::of(postings) } })
}

fn count_below_zero(wallets: &BTreeMap<PersonId, WalletState>) -> i64 {
    wallets.values().map(|wallet| i64::from(wallet.balance_minor < 0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> (TaskId, PersonId) {
        (TaskId::from(Uuid::from_u128(1)), PersonId::from(Uuid::from_u128(2)))
    }

    #[test]
    fn a3_a_fee_leaves_the_wallet_and_a4_a_reward_enters_it() {
        let (task, person) = ids();
        let fee = Posting::fee(task, 1, person, 1_500, DateTime::UNIX_EPOCH);
        let reward = Posting::reward(task, person, 3_000, DateTime::UNIX_EPOCH);
        assert_eq!(fee.accounts(), (person.uuid(), EARNINGS));
        assert_eq!(reward.accounts(), (EARNINGS, person.uuid()));
        let Booked { lines, wallets, totals } = book(&[fee, reward], BTreeMap::new()).unwrap();
        assert_eq!(totals.wallets_below_zero_change, 0, "it was below zero for a moment only");
        assert_eq!(lines.iter().map(|line| line.balance_minor).collect::<Vec<_>>(), [-1_500, 1_500]);
        assert_eq!(wallets[&person], WalletState { balance_minor: 1_500, lines: 2 });
    }

    #[test]
    fn a6_payouts_never_enter_the_companys_earnings() {
        let (task, person) = ids();
        let day = NaiveDate::default();
        let totals = Totals::of(&[
            Posting::fee(task, 1, person, 1_500, DateTime::UNIX_EPOCH),
            Posting::reward(task, person, 3_000, DateTime::UNIX_EPOCH),
            Posting::payout(day, person, 1_500, DateTime::UNIX_EPOCH),
        ]);
        assert_eq!(totals, Totals { fees_minor: 1_500, rewards_minor: 3_000, ..Totals::default() });
    }

    #[test]
    fn a_balance_is_refused_rather_than_overflowed() {
        let (task, person) = ids();
        let full = BTreeMap::from([(person, WalletState { balance_minor: i64::MAX, lines: 1 })]);
        assert!(book(&[Posting::reward(task, person, 1, DateTime::UNIX_EPOCH)], full).is_err());
    }

    #[test]
    fn a10_the_key_names_the_fact_and_nothing_else() {
        let (task, person) = ids();
        let day = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        assert_eq!(Posting::fee(task, 3, person, 1, DateTime::UNIX_EPOCH).business_key, format!("fee:{task}:3"));
        assert_eq!(Posting::reward(task, person, 1, DateTime::UNIX_EPOCH).business_key, format!("reward:{task}"));
        let payout = Posting::payout(day, person, 1, DateTime::UNIX_EPOCH);
        assert_eq!(payout.business_key, format!("payout:{person}:2026-11-22"));
    }
}
