//! Settings of the accounting module, as the configuration states them.

use serde::{Deserialize, Serialize};

/// The section `accounting` of the configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// ISO 4217 code of the currency of all amounts. The first start fixes it.
    pub currency: String,
    /// IANA name of a time zone. A business day is a calendar day of this time zone.
    pub time_zone: String,
    /// Ranges that the prices of tasks are drawn from.
    pub pricing: PricingSettings,
}

/// Ranges of fees and rewards in whole units of the currency; both ends are included (DOMAIN A2).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PricingSettings {
    /// Lowest fee of an assignment.
    pub fee_min: i64,
    /// Highest fee of an assignment.
    pub fee_max: i64,
    /// Lowest reward of a completion.
    pub reward_min: i64,
    /// Highest reward of a completion.
    pub reward_max: i64,
}

impl Default for Settings {
    fn default() -> Self {
        let pricing = PricingSettings { fee_min: 10, fee_max: 20, reward_min: 20, reward_max: 40 };
        Self { currency: "USD".to_owned(), time_zone: "UTC".to_owned(), pricing }
    }
}
