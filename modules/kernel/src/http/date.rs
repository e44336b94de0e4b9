//! Calendar dates, as clients send them.

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

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

#[cfg(test)]
mod tests {
    use super::*;

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
