//! Accounts, postings and their business keys (DOMAIN A3, A4, A7, A9, A10).

use chrono::{DateTime, NaiveDate, Utc};
use contracts::{PersonId, TaskId, TransferId};
use kernel::Reason;
use uuid::Uuid;

use super::transfer_kind::TransferKind;
use super::wallet::Transfer;

/// The account of the company's earnings (DOMAIN A6).
pub const EARNINGS: Uuid = Uuid::from_u128(0xe0);
/// The account of the cash that is paid out.
pub const CASH: Uuid = Uuid::from_u128(0xc0);

/// What is to be booked: one transfer between a wallet and an account of the company.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Names the fact that is booked. The ledger contains each key at most once (DOMAIN A10).
    pub business_key: String,
    /// Why the transfer exists.
    pub kind: TransferKind,
    /// The owner of the wallet.
    pub person_id: PersonId,
    /// The other account: `EARNINGS` or `CASH`.
    pub counterpart: Uuid,
    /// Change of the wallet's balance, in minor units; never zero.
    pub wallet_change_minor: i64,
    /// The task of a fee, of a reward, or of a correction of these.
    pub task_id: Option<TaskId>,
    /// The transfer that a correction reverses.
    pub reverses: Option<TransferId>,
    /// The reason of a correction.
    pub reason: Option<String>,
    /// The person who asked for the posting. `None`: the system.
    pub posted_by: Option<PersonId>,
    /// When the fact happened.
    pub occurred_at: DateTime<Utc>,
}

impl Posting {
    /// The fee of the `number`-th assignment of a task, charged to the assignee (DOMAIN A3).
    pub fn fee(task_id: TaskId, number: i32, person_id: PersonId, fee_minor: i64, occurred_at: DateTime<Utc>) -> Self {
        Self {
            business_key: format!("fee:{task_id}:{number}"),
            kind: TransferKind::AssignmentFee,
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

    /// The reward of a task, credited to the person who completed it (DOMAIN A4).
    pub fn reward(task_id: TaskId, person_id: PersonId, reward_minor: i64, occurred_at: DateTime<Utc>) -> Self {
        Self {
            business_key: format!("reward:{task_id}"),
            kind: TransferKind::CompletionReward,
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

    /// The payout of a wallet's whole balance at the end of a day (DOMAIN A7).
    pub fn payout(day: NaiveDate, person_id: PersonId, balance_minor: i64, occurred_at: DateTime<Utc>) -> Self {
        Self {
            business_key: format!("payout:{person_id}:{day}"),
            kind: TransferKind::Payout,
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

    /// The reversal of a fee or a reward (DOMAIN A9). `None`: payouts and corrections cannot be
    /// reversed.
    pub fn correction(
        transfer: &Transfer,
        reason: Reason,
        corrected_by: Option<PersonId>,
        occurred_at: DateTime<Utc>,
    ) -> Option<Self> {
        let is_reversible = matches!(transfer.kind, TransferKind::AssignmentFee | TransferKind::CompletionReward);
        is_reversible.then(|| Self {
            business_key: format!("correction:{}", transfer.transfer_id),
            kind: TransferKind::Correction,
            person_id: transfer.person_id,
            counterpart: EARNINGS,
            wallet_change_minor: -transfer.change_minor,
            task_id: transfer.task_id,
            reverses: Some(transfer.transfer_id),
            reason: Some(reason.into_string()),
            posted_by: corrected_by,
            occurred_at,
        })
    }

    /// The debited account and the credited account.
    pub fn accounts(&self) -> (Uuid, Uuid) {
        let wallet = self.person_id.uuid();
        if self.wallet_change_minor < 0 { (wallet, self.counterpart) } else { (self.counterpart, wallet) }
    }
}

/// Stands in a business key before the number of withdrawals of its fact.
const AGAIN: &str = ":again:";

/// The key of a fact whose transfer with the key `withdrawn` is withdrawn (DOMAIN A11).
pub fn key_after_withdrawal(withdrawn: &str) -> String {
    let (fact, withdrawals) = withdrawn.split_once(AGAIN).unwrap_or((withdrawn, "0"));
    let withdrawals: u32 = withdrawals.parse().unwrap_or_default();
    format!("{fact}{AGAIN}{}", withdrawals + 1)
}

/// A balance cannot hold the result of a posting.
#[derive(Debug, thiserror::Error)]
#[error("the balance of wallet {0} would exceed the range of a 64-bit number")]
pub struct BalanceOverflow(pub PersonId);

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> (TaskId, PersonId) {
        (TaskId::from(Uuid::from_u128(1)), PersonId::from(Uuid::from_u128(2)))
    }

    #[test]
    fn a3_a_fee_debits_the_wallet_and_a4_a_reward_credits_it() {
        let (task, person) = ids();
        let fee = Posting::fee(task, 1, person, 1_500, DateTime::UNIX_EPOCH);
        let reward = Posting::reward(task, person, 3_000, DateTime::UNIX_EPOCH);
        assert_eq!(fee.accounts(), (person.uuid(), EARNINGS));
        assert_eq!(reward.accounts(), (EARNINGS, person.uuid()));
    }

    #[test]
    fn a11_a_fact_has_another_key_after_each_withdrawal() {
        let first = key_after_withdrawal("fee:7:2");
        assert_eq!(first, "fee:7:2:again:1");
        assert_eq!(key_after_withdrawal(&first), "fee:7:2:again:2");
        assert_eq!(key_after_withdrawal("reward:7"), "reward:7:again:1");
    }

    #[test]
    fn a10_the_business_key_names_the_fact_and_nothing_else() {
        let (task, person) = ids();
        let day = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        assert_eq!(Posting::fee(task, 3, person, 1, DateTime::UNIX_EPOCH).business_key, format!("fee:{task}:3"));
        assert_eq!(Posting::reward(task, person, 1, DateTime::UNIX_EPOCH).business_key, format!("reward:{task}"));
        let payout = Posting::payout(day, person, 1, DateTime::UNIX_EPOCH);
        assert_eq!(payout.business_key, format!("payout:{person}:2026-11-22"));
    }
}
