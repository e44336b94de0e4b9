//! The languages of mails, and how each writes days and amounts.

use chrono::{Datelike, NaiveDate};
use contracts::Currency;
use serde::{Deserialize, Serialize};

/// A language that mails are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    #[serde(rename = "en")]
    English,
    #[serde(rename = "ru")]
    Russian,
}

impl Language {
    /// The language of an ISO 639-1 code; `None` if there are no templates for it.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::English),
            "ru" => Some(Self::Russian),
            _ => None,
        }
    }

    const fn decimal_separator(self) -> char {
        match self {
            Self::English => '.',
            Self::Russian => ',',
        }
    }

    /// Formats a day in words, such as `21 November 2026`.
    pub(crate) fn format_day(self, day: NaiveDate) -> String {
        /// The names of the months in the genitive case.
        const RUSSIAN_MONTHS: [&str; 12] = [
            "января",
            "февраля",
            "марта",
            "апреля",
            "мая",
            "июня",
            "июля",
            "августа",
            "сентября",
            "октября",
            "ноября",
            "декабря",
        ];
        match self {
            Self::English => day.format("%-d %B %Y").to_string(),
            Self::Russian => {
                let month = RUSSIAN_MONTHS.get(day.month0() as usize).copied().unwrap_or_default();
                format!("{} {month} {} г.", day.day(), day.year())
            }
        }
    }
}

/// Formats amounts of one currency in one language.
#[derive(Clone, Copy)]
pub(crate) struct AmountFormat {
    /// The language that decides the decimal separator.
    pub language: Language,
    /// The currency of the amounts.
    pub currency: Currency,
    /// Number of decimals of the currency.
    pub exponent: u8,
}

impl AmountFormat {
    /// Formats minor units with a decimal separator, such as `-12.50`, without rounding.
    pub(crate) fn plain(self, amount_minor: i64) -> String {
        let exponent = usize::from(self.exponent);
        let digits = format!("{:0>width$}", amount_minor.unsigned_abs(), width = exponent + 1);
        let (whole, fraction) = digits.split_at(digits.len() - exponent);
        let sign = if amount_minor < 0 { "-" } else { "" };
        if fraction.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}{}{fraction}", self.language.decimal_separator())
        }
    }

    /// Formats as `plain` does, with a `+` before a positive amount.
    pub(crate) fn signed(self, amount_minor: i64) -> String {
        let sign = if amount_minor > 0 { "+" } else { "" };
        format!("{sign}{}", self.plain(amount_minor))
    }

    /// Formats as `plain` does, followed by the currency: `35.00 USD`.
    pub(crate) fn with_currency(self, amount_minor: i64) -> String {
        format!("{} {}", self.plain(amount_minor), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(language: Language, exponent: u8) -> AmountFormat {
        AmountFormat { language, currency: "USD".parse().unwrap(), exponent }
    }

    #[test]
    fn an_amount_of_any_size_and_exponent_is_formatted_exactly() {
        let cases = [
            (0, 2, "0.00"),
            (5, 2, "0.05"),
            (-5, 2, "-0.05"),
            (3_500, 2, "35.00"),
            (-123_456, 2, "-1234.56"),
            (1_234, 0, "1234"),
            (1_234, 3, "1.234"),
            (7, 4, "0.0007"),
            (i64::MAX, 2, "92233720368547758.07"),
            (i64::MIN, 2, "-92233720368547758.08"),
            (1, 30, "0.000000000000000000000000000001"),
        ];
        for (amount, exponent, expected) in cases {
            assert_eq!(format(Language::English, exponent).plain(amount), expected);
            assert_eq!(format(Language::Russian, exponent).plain(amount), expected.replace('.', ","));
        }
        let widest = format(Language::English, u8::MAX).plain(i64::MIN);
        assert_eq!(widest.len(), "-0.".len() + 255);
    }

    #[test]
    fn a_line_shows_its_sign_and_a_total_its_currency() {
        let format = format(Language::Russian, 2);
        assert_eq!(format.signed(2_000), "+20,00");
        assert_eq!(format.signed(-1_250), "-12,50");
        assert_eq!(format.signed(0), "0,00");
        assert_eq!(format.with_currency(3_500), "35,00 USD");
    }

    #[test]
    fn a_day_is_formatted_in_words() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
        assert_eq!(Language::English.format_day(day), "1 November 2026");
        assert_eq!(Language::Russian.format_day(day), "1 ноября 2026 г.");
    }
}
