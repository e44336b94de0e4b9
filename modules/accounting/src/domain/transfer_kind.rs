//! Why a transfer exists.

use serde::{Deserialize, Serialize};

/// The kind of a transfer (DOMAIN A9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// The fee of an assignment.
    AssignmentFee,
    /// The reward of a completion.
    CompletionReward,
    /// A payout at the close of a day.
    Payout,
    /// The reversal of a fee or a reward.
    Correction,
}

impl TransferKind {
    /// The name in the database and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AssignmentFee => "assignment_fee",
            Self::CompletionReward => "completion_reward",
            Self::Payout => "payout",
            Self::Correction => "correction",
        }
    }

    /// The reverse of `as_str`. The database allows no other text.
    pub fn from_stored(text: &str) -> Self {
        match text {
            "assignment_fee" => Self::AssignmentFee,
            "completion_reward" => Self::CompletionReward,
            "payout" => Self::Payout,
            _ => Self::Correction,
        }
    }
}
