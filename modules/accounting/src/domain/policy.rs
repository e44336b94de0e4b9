//! What the settings mean: currency, time zone, and the ranges of prices in minor units.

use std::str::FromStr;

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use contracts::Currency;

use crate::settings::{PricingSettings, Settings};

/// Highest fee and reward in whole units of the currency. Sums of such amounts do not overflow 64
/// bits.
const AMOUNT_MAX: i64 = 1_000_000;
/// Largest number of digits after the decimal point of a supported currency.
const EXPONENT_MAX: u8 = 4;

/// A setting that accounting cannot work with.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSettings {
    #[error("accounting.currency: {0:?} is not an ISO 4217 currency with minor units")]
    Currency(String),
    #[error("accounting.time_zone: {0:?} is not a time zone of the IANA database, such as Europe/Berlin")]
    TimeZone(String),
    #[error(
        "accounting.pricing.{0}: the range must begin at 1 or higher, end at {AMOUNT_MAX} or lower, and not be empty"
    )]
    Range(&'static str),
}

/// The settings that the ledger stores. They may differ from those of the process.
pub struct LedgerSettings {
    /// ISO 4217 code of the currency of all amounts.
    pub currency: String,
    /// Name of the time zone in which the open day ends.
    pub time_zone: String,
    /// The seed from which prices are drawn.
    pub price_seed: i64,
}

/// Settings that were checked.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Currency of all amounts.
    pub currency: Currency,
    /// Number of digits after the decimal point: 2 for USD.
    pub exponent: u8,
    /// A business day is a calendar day of this time zone.
    pub time_zone: Tz,
    /// Range that fees are drawn from.
    pub fee: PriceRange,
    /// Range that rewards are drawn from.
    pub reward: PriceRange,
}

/// A range of prices in whole units of the currency; both ends are included.
#[derive(Debug, Clone, Copy)]
pub struct PriceRange {
    /// Lowest price, in whole units.
    pub low: i64,
    /// Highest price, in whole units.
    pub high: i64,
    /// Number of minor units in one whole unit: 100 for USD.
    pub unit_minor: i64,
}

impl PriceRange {
    /// Lowest price, in minor units.
    pub const fn low_minor(self) -> i64 {
        self.low * self.unit_minor
    }

    /// Highest price, in minor units.
    pub const fn high_minor(self) -> i64 {
        self.high * self.unit_minor
    }
}

impl Policy {
    /// Checks the settings.
    ///
    /// # Errors
    /// The first setting that is not valid.
    pub fn parse(settings: &Settings) -> Result<Self, InvalidSettings> {
        let unknown = || InvalidSettings::Currency(settings.currency.clone());
        let currency = Currency::from_str(&settings.currency).map_err(|_| unknown())?;
        let exponent = iso_currency::Currency::from_code(&settings.currency)
            .and_then(|currency| u8::try_from(currency.exponent()?).ok())
            .filter(|exponent| *exponent <= EXPONENT_MAX)
            .ok_or_else(unknown)?;
        let time_zone =
            Tz::from_str(&settings.time_zone).map_err(|_| InvalidSettings::TimeZone(settings.time_zone.clone()))?;
        let unit_minor = 10_i64.pow(u32::from(exponent));
        let range = |name, low, high| {
            let is_valid = 1 <= low && low <= high && high <= AMOUNT_MAX;
            is_valid.then_some(PriceRange { low, high, unit_minor }).ok_or(InvalidSettings::Range(name))
        };
        let PricingSettings { fee_min, fee_max, reward_min, reward_max } = settings.pricing;
        let fee = range("fee_min, fee_max", fee_min, fee_max)?;
        let reward = range("reward_min, reward_max", reward_min, reward_max)?;
        Ok(Self { currency, exponent, time_zone, fee, reward })
    }

    /// The calendar day of the business at `time`.
    pub fn day_of(&self, time: DateTime<Utc>) -> NaiveDate {
        time.with_timezone(&self.time_zone).date_naive()
    }

    /// The end of a business day: the first moment of the next calendar day.
    pub fn end_of(&self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.succ_opt().unwrap_or(day).and_time(NaiveTime::MIN);
        // Where the clocks are put forward at midnight, the day begins an hour later.
        let begins = |later: i64| (midnight + Duration::hours(later)).and_local_timezone(self.time_zone).earliest();
        begins(0).or_else(|| begins(1)).map_or_else(|| midnight.and_utc(), |end| end.with_timezone(&Utc))
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
    fn an_invalid_setting_is_refused_by_its_name() {
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
    fn a7_a_business_day_follows_the_time_zone_when_the_clocks_change() {
        let berlin = parse(|settings| settings.time_zone = "Europe/Berlin".to_owned()).unwrap();
        let day = |time: &str| berlin.day_of(time.parse().unwrap()).to_string();
        // In Berlin 2026-03-29 has 23 hours and 2026-10-25 has 25 hours.
        assert_eq!(day("2026-03-28T22:59:59Z"), "2026-03-28");
        assert_eq!(day("2026-03-28T23:00:00Z"), "2026-03-29");
        assert_eq!(day("2026-03-29T21:59:59Z"), "2026-03-29");
        assert_eq!(day("2026-03-29T22:00:00Z"), "2026-03-30");
        assert_eq!(day("2026-10-25T22:59:59Z"), "2026-10-25");
        assert_eq!(day("2026-10-25T23:00:00Z"), "2026-10-26");
        let end = |policy: &Policy, day: &str| policy.end_of(day.parse().unwrap()).to_rfc3339();
        assert_eq!(end(&berlin, "2026-03-29"), "2026-03-29T22:00:00+00:00");
        assert_eq!(end(&berlin, "2026-10-25"), "2026-10-25T23:00:00+00:00");
        // In Santiago 2026-09-06 begins at one o'clock.
        let santiago = parse(|settings| settings.time_zone = "America/Santiago".to_owned()).unwrap();
        assert_eq!(end(&santiago, "2026-09-05"), "2026-09-06T04:00:00+00:00");
    }
}
