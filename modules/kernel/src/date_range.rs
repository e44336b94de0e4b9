//! Ranges of days, as requests name them.

use chrono::{Days, NaiveDate};

use crate::{Fault, FieldCode, FieldError};

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
    pub fn parse_optional(from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<Option<Self>, FieldError> {
        Self::both(from, to)?.map(|(from, to)| Self::new(from, to)).transpose()
    }

    /// The query parameters `from` and `to`, which are sent together or not at all.
    ///
    /// # Errors
    /// Only one of the two was sent.
    pub fn both(from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<Option<(NaiveDate, NaiveDate)>, FieldError> {
        let missing = |pointer: &str, with: &'static str| {
            let fault = Fault::new(FieldCode::NeededWith, format!("is needed with `{with}`"));
            Err(FieldError::new(pointer, fault.with("with", with)))
        };
        match (from, to) {
            (Some(_), None) => missing("?to", "from"),
            (None, Some(_)) => missing("?from", "to"),
            _ => Ok(from.zip(to)),
        }
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
        let day = "2026-11-21".parse::<NaiveDate>().ok();
        let pointer = |from, to| DateRange::parse_optional(from, to).map_err(|error| error.pointer);
        assert_eq!(pointer(None, None), Ok(None));
        assert!(matches!(pointer(day, day), Ok(Some(_))));
        assert_eq!(pointer(day, None), Err("?to".to_owned()));
        assert_eq!(pointer(None, day), Err("?from".to_owned()));
    }
}
