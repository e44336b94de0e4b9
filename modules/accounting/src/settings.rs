//! The settings of accounting, and what they mean once they are found good.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use contracts::Currency;
use serde::{Deserialize, Serialize};

/// Whole units never exceed this, so that no sum of real life overflows.
const AMOUNT_MAX: i64 = 1_000_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// ISO 4217; fixed by the first start.
    pub currency: String,
    /// IANA name; a business day is a calendar day there.
    pub time_zone: String,
    pub pricing: PricingSettings,
}

/// Ranges in whole units of the currency, both ends included (DOMAIN A2).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PricingSettings {
    pub fee_min: i64,
    pub fee_max: i64,
    pub reward_min: i64,
    pub reward_max: i64,
}

impl Default for Settings {
    fn default() -> Self {
        let pricing = PricingSettings { fee_min: 10, fee_max: 20, reward_min: 20, reward_max: 40 };
        Self { currency: "USD".to_owned(), time_zone: "UTC".to_owned(), pricing }
    }
}

/// Which setting cannot be, and why.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSettings {
    #[error("accounting.currency: {0:?} is not a currency of ISO 4217 with minor units")]
    Currency(String),
    #[error("accounting.time_zone: {0:?} is not a time zone of the IANA database, such as Europe/Berlin")]
    TimeZone(String),
    #[error("accounting.pricing.{0}: the range goes from at least 1 up to at most {AMOUNT_MAX}, the smaller end first")]
    Range(&'static str),
}

/// Settings that were found good.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    pub currency: Currency,
    /// Digits after the point: 2 for USD.
    pub exponent: u8,
    pub time_zone: Tz,
    pub fee: PriceRange,
    pub reward: PriceRange,
}

/// A range of whole units and what a unit is in minor ones.
#[derive(Debug, Clone, Copy)]
pub struct PriceRange {
    pub low: i64,
    pub high: i64,
    pub unit_minor: i64,
}

impl PriceRange {
    pub const fn low_minor(self) -> i64 {
        self.low * self.unit_minor
    }

    pub const fn high_minor(self) -> i64 {
        self.high * self.unit_minor
    }
}

impl Policy {
    pub fn parse(settings: &Settings) -> Result<Self, InvalidSettings> {
        let unknown = || InvalidSettings::Currency(settings.currency.clone());
        let currency = Currency::from_str(&settings.currency).map_err(|_| unknown())?;
        let exponent = iso_currency::Currency::from_code(&settings.currency)
            .and_then(|currency| u8::try_from(currency.exponent()?).ok())
            .filter(|exponent| *exponent <= 4)
            .ok_or_else(unknown)?;
        let time_zone =
            Tz::from_str(&settings.time_zone).map_err(|_| InvalidSettings::TimeZone(settings.time_zone.clone()))?;
        let unit_minor = 10_i64.pow(u32::from(exponent));
        let range = |name, low, high| {
            let possible = 1 <= low && low <= high && high <= AMOUNT_MAX;
            possible.then_some(PriceRange { low, high, unit_minor }).ok_or(InvalidSettings::Range(name))
        };
        let PricingSettings { fee_min, fee_max, reward_min, reward_max } = settings.pricing;
        let fee = range("fee_min, fee_max", fee_min, fee_max)?;
        let reward = range("reward_min, reward_max", reward_min, reward_max)?;
        Ok(Self { currency, exponent, time_zone, fee, reward })
    }

    /// The calendar day it is at `time` where the business is.
    pub fn day_of(&self, time: DateTime<Utc>) -> NaiveDate {
        time.with_timezone(&self.time_zone).date_naive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(change: impl FnOnce(&mut Settings)) -> Result<Policy, InvalidSettings> {
        let mut settings = Settings::default();
        change(&mut settings);
        Policy::parse(&settings)
    }

    #[test]
    fn a2_amounts_are_minor_units_of_the_currency() {
        let dollars = parse(|_| {}).unwrap();
        assert_eq!((dollars.fee.low_minor(), dollars.fee.high_minor()), (1_000, 2_000));
        assert_eq!((dollars.reward.low_minor(), dollars.reward.high_minor()), (2_000, 4_000));
        let yen = parse(|settings| settings.currency = "JPY".to_owned()).unwrap();
        assert_eq!((yen.exponent, yen.fee.low_minor()), (0, 10));
    }

    #[test]
    fn settings_that_cannot_be_are_refused_by_name() {
        for (expected, result) in [
            ("accounting.currency", parse(|settings| settings.currency = "ABC".to_owned())),
            ("accounting.currency", parse(|settings| settings.currency = "usd".to_owned())),
            ("accounting.time_zone", parse(|settings| settings.time_zone = "Mars/Olympus".to_owned())),
            ("accounting.pricing.fee_min", parse(|settings| settings.pricing.fee_min = 21)),
            ("accounting.pricing.fee_min", parse(|settings| settings.pricing.fee_min = 0)),
            ("accounting.pricing.reward_min", parse(|settings| settings.pricing.reward_max = i64::MAX)),
        ] {
            let message = result.err().unwrap().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }

    #[test]
    fn a7_a_business_day_follows_the_time_zone_across_a_change_of_clocks() {
        let berlin = parse(|settings| settings.time_zone = "Europe/Berlin".to_owned()).unwrap();
        let day = |time: &str| berlin.day_of(time.parse().unwrap()).to_string();
        // The night of 2026-03-29 has 23 hours, the one of 2026-10-25 has 25.
        assert_eq!(day("2026-03-28T22:59:59Z"), "2026-03-28");
        assert_eq!(day("2026-03-28T23:00:00Z"), "2026-03-29");
        assert_eq!(day("2026-03-29T21:59:59Z"), "2026-03-29");
        assert_eq!(day("2026-03-29T22:00:00Z"), "2026-03-30");
        assert_eq!(day("2026-10-25T22:59:59Z"), "2026-10-25");
        assert_eq!(day("2026-10-25T23:00:00Z"), "2026-10-26");
    }
}
