//! Calendar dates and ranges of days, as clients send them.

use chrono::{Datelike, Days, NaiveDate};
use serde::Deserialize;

use crate::{Fault, FieldCode, FieldError};

/// A date written as `YYYY-MM-DD`, in the years 1970 to 2999: PostgreSQL and all calculations can
/// represent them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct CalendarDate(NaiveDate);

impl CalendarDate {
    /// The date without the promise about its years.
    #[must_use]
    pub const fn date(self) -> NaiveDate {
        self.0
    }
}

impl std::str::FromStr for CalendarDate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_written_out = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let date = text.parse::<NaiveDate>().ok().filter(|date| is_written_out && (1970..3000).contains(&date.year()));
        date.map(Self).ok_or("a date is YYYY-MM-DD, from 1970-01-01 to 2999-12-31")
    }
}

impl TryFrom<String> for CalendarDate {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// A range of days; the first and the last day are included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    from: NaiveDate,
    to: NaiveDate,
}

impl DateRange {
    /// Number of days of the longest range that a request may ask for: ten years.
    pub const DAYS_MAX: i64 = 3_660;

    /// Makes a range of its first and its last day.
    ///
    /// # Errors
    /// The range ends before it begins, or has more than `DAYS_MAX` days. The error names the query
    /// parameter `to`.
    pub fn new(from: NaiveDate, to: NaiveDate) -> Result<Self, FieldError> {
        if to < from {
            return Err(FieldError::new("?to", Fault::new(FieldCode::RangeReversed, "is before `from`")));
        }
        if to.signed_duration_since(from).num_days() >= Self::DAYS_MAX {
            let fault = Fault::new(FieldCode::RangeTooLong, format!("a range is at most {} days", Self::DAYS_MAX));
            return Err(FieldError::new("?to", fault.with("max_days", Self::DAYS_MAX)));
        }
        Ok(Self { from, to })
    }

    /// Makes a range of the query parameters `from` and `to`. `None` if neither was sent.
    ///
    /// # Errors
    /// Only one of the two was sent, or `new` refuses them.
    pub fn parse_optional(from: Option<CalendarDate>, to: Option<CalendarDate>) -> Result<Option<Self>, FieldError> {
        match (from, to) {
            (None, None) => Ok(None),
            (Some(from), Some(to)) => Self::new(from.date(), to.date()).map(Some),
            (Some(_), None) => Err(Self::one_of_two("?to", "from")),
            (None, Some(_)) => Err(Self::one_of_two("?from", "to")),
        }
    }

    /// The error of a parameter that is missing although the other one, `with`, was sent.
    #[must_use]
    pub fn one_of_two(pointer: &str, with: &'static str) -> FieldError {
        let fault = Fault::new(FieldCode::NeededWith, format!("is needed with `{with}`"));
        FieldError::new(pointer, fault.with("with", with))
    }

    /// The last `days` days up to `to`.
    #[must_use]
    pub fn last_days(to: NaiveDate, days: u64) -> Self {
        let from = to.checked_sub_days(Days::new(days.saturating_sub(1))).unwrap_or(to);
        Self { from, to }
    }

    /// The first day.
    #[must_use]
    pub const fn from(&self) -> NaiveDate {
        self.from
    }

    /// The last day.
    #[must_use]
    pub const fn to(&self) -> NaiveDate {
        self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_runs_forward_and_has_at_most_ten_years() {
        let day: NaiveDate = "2026-11-21".parse().unwrap_or_default();
        assert!(DateRange::new(day, day).is_ok());
        assert!(DateRange::new(day, day - Days::new(1)).is_err());
        assert!(DateRange::new(day, day + Days::new(3_659)).is_ok());
        assert!(DateRange::new(day, day + Days::new(3_660)).is_err());
        assert!(DateRange::new(NaiveDate::MIN, NaiveDate::MAX).is_err());
    }

    #[test]
    fn the_parameters_of_a_range_are_sent_together_or_not_at_all() {
        let day = "2026-11-21".parse::<CalendarDate>().ok();
        let pointer = |from, to| DateRange::parse_optional(from, to).map_err(|error| error.pointer);
        assert_eq!(pointer(None, None), Ok(None));
        assert!(matches!(pointer(day, day), Ok(Some(_))));
        assert_eq!(pointer(day, None), Err("?to".to_owned()));
        assert_eq!(pointer(None, day), Err("?from".to_owned()));
    }

    #[test]
    fn dates_outside_the_supported_years_are_refused() {
        for wrong in
            ["", "2026-2-1", "2026-02-30", "+262142-12-31", "-0001-01-01", "1969-12-31", "3000-01-01", "26-01-01"]
        {
            assert!(wrong.parse::<CalendarDate>().is_err(), "{wrong}");
        }
        assert!("1970-01-01".parse::<CalendarDate>().is_ok() && "2999-12-31".parse::<CalendarDate>().is_ok());
    }
}
