//! What a batch of postings does to wallets and to the totals of a day.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use contracts::{PersonId, TransferId};

use super::policy::Policy;
use super::posting::{BalanceOverflow, Posting};
use super::transfer_kind::TransferKind;

/// State of a wallet after one of its transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WalletState {
    /// The balance, in minor units.
    pub balance_minor: i64,
    /// Number of transfers so far.
    pub lines: i64,
}

impl WalletState {
    /// The state after one more transfer.
    pub fn after(self, posting: &Posting) -> Result<Self, BalanceOverflow> {
        let balance = self.balance_minor.checked_add(posting.wallet_change_minor);
        let balance_minor = balance.ok_or(BalanceOverflow(posting.person_id))?;
        Ok(Self { balance_minor, lines: self.lines + 1 })
    }
}

/// Sums of a batch of postings, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Sum of the fees.
    pub fees_minor: i64,
    /// Sum of the rewards.
    pub rewards_minor: i64,
    /// Sum of the fees that are reversed.
    pub reversed_fees_minor: i64,
    /// Sum of the rewards that are reversed.
    pub reversed_rewards_minor: i64,
    /// Change of the number of wallets below zero.
    pub wallets_below_zero_change: i64,
}

impl Totals {
    /// Sums up a batch. Payouts are not earnings (DOMAIN A6).
    pub fn of(postings: &[Posting]) -> Self {
        let mut totals = Self::default();
        for posting in postings {
            let change = posting.wallet_change_minor;
            match posting.kind {
                TransferKind::AssignmentFee => totals.fees_minor -= change,
                TransferKind::CompletionReward => totals.rewards_minor += change,
                // A reversed fee returns to the wallet, a reversed reward leaves it.
                TransferKind::Correction if change > 0 => totals.reversed_fees_minor += change,
                TransferKind::Correction => totals.reversed_rewards_minor -= change,
                TransferKind::Payout => {}
            }
        }
        totals
    }
}

/// Result of booking a batch of postings onto wallets.
#[derive(Debug, PartialEq, Eq)]
pub struct Booked {
    /// State of the posting's wallet after each posting.
    pub lines: Vec<WalletState>,
    /// State of each wallet after the batch.
    pub wallets: BTreeMap<PersonId, WalletState>,
    /// Sums of the batch.
    pub totals: Totals,
}

/// Books postings onto wallets in the given order.
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

/// The highest reward of each day; of equal rewards the one of the earliest completion (DOMAIN N3).
pub fn top_rewards<'a>(policy: &Policy, postings: &'a [Posting]) -> BTreeMap<NaiveDate, &'a Posting> {
    let mut rewards: BTreeMap<NaiveDate, &Posting> = BTreeMap::new();
    let rank = |posting: &Posting| (-posting.wallet_change_minor, posting.occurred_at, posting.task_id);
    for posting in postings.iter().filter(|posting| posting.kind == TransferKind::CompletionReward) {
        let top = rewards.entry(policy.day_of(posting.occurred_at)).or_insert(posting);
        if rank(posting) < rank(top) {
            *top = posting;
        }
    }
    rewards
}

/// A posting with its id and its line in the wallet.
pub struct NewTransfer<'a> {
    /// The id of the transfer.
    pub transfer_id: TransferId,
    /// What is booked.
    pub posting: &'a Posting,
    /// State of the wallet after the transfer.
    pub line: WalletState,
}

/// Everything that one statement writes for a batch of postings.
pub struct Booking<'a> {
    /// When the batch is booked.
    pub booked_at: DateTime<Utc>,
    /// The new transfers.
    pub transfers: Vec<NewTransfer<'a>>,
    /// State of each locked wallet after the batch.
    pub wallets: BTreeMap<PersonId, WalletState>,
    /// Sums of the batch.
    pub totals: Totals,
    /// The batch's highest reward of each day on which a task was completed.
    pub top_rewards: BTreeMap<NaiveDate, &'a Posting>,
}

#[cfg(test)]
mod tests {
    use contracts::TaskId;
    use uuid::Uuid;

    use super::*;

    fn ids() -> (TaskId, PersonId) {
        (TaskId::from(Uuid::from_u128(1)), PersonId::from(Uuid::from_u128(2)))
    }

    #[test]
    fn a_batch_gives_each_posting_its_line_and_the_balance_after_it() {
        let (task, person) = ids();
        let fee = Posting::fee(task, 1, person, 1_500, DateTime::UNIX_EPOCH);
        let reward = Posting::reward(task, person, 3_000, DateTime::UNIX_EPOCH);
        let Booked { lines, wallets, totals } = book(&[fee, reward], BTreeMap::new()).unwrap();
        assert_eq!(totals.wallets_below_zero_change, 0, "the wallet is not below zero after the batch");
        assert_eq!(lines.iter().map(|line| line.balance_minor).collect::<Vec<_>>(), [-1_500, 1_500]);
        assert_eq!(wallets[&person], WalletState { balance_minor: 1_500, lines: 2 });
    }

    #[test]
    fn a6_payouts_are_not_part_of_the_companys_earnings() {
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
    fn a_posting_that_would_overflow_a_balance_is_refused() {
        let (task, person) = ids();
        let full = BTreeMap::from([(person, WalletState { balance_minor: i64::MAX, lines: 1 })]);
        assert!(book(&[Posting::reward(task, person, 1, DateTime::UNIX_EPOCH)], full).is_err());
    }
}
