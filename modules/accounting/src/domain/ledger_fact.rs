//! What the ledger contains about tasks; `piecework verify` and `piecework reconcile` compare it
//! with the tasks.

use contracts::{PersonId, TaskId, TransferId};
use kernel::Reason;

/// Price, fees and reward of one task, without what is withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerFact {
    /// The task.
    pub task_id: TaskId,
    /// Number of fees.
    pub fees: i64,
    /// Number of rewards.
    pub rewards: i64,
    /// The person who received the reward.
    pub rewarded: Option<PersonId>,
    /// A digest of the assignment numbers and the persons charged. `None` without a fee.
    pub charged: Option<String>,
    /// Fee of one assignment, in minor units.
    pub fee_minor: i64,
    /// Reward of the completion, in minor units.
    pub reward_minor: i64,
}

/// A fee or a reward in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedFact {
    /// The transfer.
    pub transfer_id: TransferId,
    /// The task.
    pub task_id: TaskId,
    /// What was booked.
    pub kind: BookedFactKind,
    /// The person who was charged or rewarded.
    pub person_id: PersonId,
    /// The amount, in minor units.
    pub amount_minor: i64,
}

/// What a fee or a reward was booked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookedFactKind {
    /// The assignment of this number.
    Assignment(i32),
    /// The completion.
    Completion,
}

/// A fee or a reward whose fact does not exist.
#[derive(Debug, Clone)]
pub struct Withdrawal {
    /// The transfer.
    pub transfer_id: TransferId,
    /// Why it is reversed.
    pub reason: Reason,
}
