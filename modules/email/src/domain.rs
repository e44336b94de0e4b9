//! The pure rules of mail: its states, languages, names, amounts, and how long to wait before another try.

use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use contracts::events::accounting::Payout;
use contracts::{Currency, EventId, Id, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::settings::Settings;

/// Marks the ids of mails.
pub enum Mail {}

/// One mail.
pub type MailId = Id<Mail>;

/// The one kind of mail there is (DOMAIN A7).
pub(crate) const PAYOUT_STATEMENT: &str = "payout_statement";

/// A stored reason is at most so many characters.
const REASON_LIMIT: usize = 1_000;

/// Where a mail is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MailState {
    /// To be sent, now or after a pause.
    Queued,
    /// The server, or the disk, has it.
    Sent,
    /// Given up; it waits for a person.
    Parked,
}

impl MailState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Parked => "parked",
        }
    }

    /// The reverse of `as_str`; the database allows no other text.
    pub(crate) fn from_stored(text: &str) -> Self {
        match text {
            "sent" => Self::Sent,
            "parked" => Self::Parked,
            _ => Self::Queued,
        }
    }
}

/// A language that mail is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    #[serde(rename = "en")]
    English,
    #[serde(rename = "ru")]
    Russian,
}

impl Language {
    /// The language of that code; none for what has no templates.
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

    /// A day in words, such as `21 November 2026`.
    pub(crate) fn day(self, day: NaiveDate) -> String {
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

/// What a payout's mail says, as stored with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PayoutStatement {
    pub currency: Currency,
    pub currency_exponent: u8,
    pub payout: Payout,
}

/// How amounts of one currency are written in one language.
#[derive(Clone, Copy)]
pub(crate) struct AmountFormat {
    pub language: Language,
    pub currency: Currency,
    pub exponent: u8,
}

impl AmountFormat {
    /// Minor units with the point put in, such as `-12.50`: digits only, nothing is ever rounded.
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

    /// As `plain`, with a `+` before what came in.
    pub(crate) fn signed(self, amount_minor: i64) -> String {
        let sign = if amount_minor > 0 { "+" } else { "" };
        format!("{sign}{}", self.plain(amount_minor))
    }

    /// As `plain`, with the currency: `35.00 USD`.
    pub(crate) fn with_currency(self, amount_minor: i64) -> String {
        format!("{} {}", self.plain(amount_minor), self.currency)
    }
}

/// The Message-ID: a function of the event and the person, so that a repeat is known for what it is (DOMAIN E2).
pub(crate) fn message_id(event_id: EventId, person_id: PersonId, domain: &str) -> String {
    format!("<{event_id}.{person_id}@{domain}>")
}

/// The name of a mail's file: a function of the mail, so that a repeat writes the same file.
pub(crate) fn file_name(business_day: NaiveDate, person_id: PersonId, mail_id: MailId) -> String {
    format!("{business_day}-{person_id}-{mail_id}.eml")
}

/// When to try again after `attempts` failures: the pause doubles up to the longest.
pub(crate) fn next_attempt_at(settings: &Settings, attempts: i32, now: DateTime<Utc>) -> DateTime<Utc> {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or_default().min(40);
    let millis = settings.first_pause_ms.saturating_mul(1 << doublings).min(settings.longest_pause_ms);
    now.checked_add_signed(Duration::milliseconds(i64::try_from(millis).unwrap_or_default())).unwrap_or(now)
}

/// Somebody else's words made fit for one line and for storage: no control characters, not too long.
pub(crate) fn reason(words: &str) -> String {
    one_line(words).chars().take(REASON_LIMIT).collect()
}

/// Control characters become spaces, so that no text can end a header or hide in a log.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(language: Language, exponent: u8) -> AmountFormat {
        AmountFormat { language, currency: "USD".parse().unwrap(), exponent }
    }

    #[test]
    fn amounts_are_written_by_integer_arithmetic_at_any_size_and_exponent() {
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
    fn lines_carry_their_sign_and_totals_their_currency() {
        let format = format(Language::Russian, 2);
        assert_eq!(format.signed(2_000), "+20,00");
        assert_eq!(format.signed(-1_250), "-12,50");
        assert_eq!(format.signed(0), "0,00");
        assert_eq!(format.with_currency(3_500), "35,00 USD");
    }

    #[test]
    fn days_are_written_in_words() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
        assert_eq!(Language::English.day(day), "1 November 2026");
        assert_eq!(Language::Russian.day(day), "1 ноября 2026 г.");
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_never_overflow() {
        let settings = Settings::for_tests();
        let now = DateTime::UNIX_EPOCH;
        let pause = |attempts| (next_attempt_at(&settings, attempts, now) - now).num_milliseconds();
        assert_eq!([pause(1), pause(2), pause(3)], [1_000, 2_000, 4_000]);
        assert_eq!([pause(11), pause(12), pause(i32::MAX)], [600_000; 3]);
        assert_eq!(next_attempt_at(&settings, 1, DateTime::<Utc>::MAX_UTC), DateTime::<Utc>::MAX_UTC);
    }

    #[test]
    fn a_reason_is_one_line_of_bounded_length() {
        assert_eq!(reason("550 no\r\nsuch\0user"), "550 no  such user");
        assert_eq!(reason(&"ж".repeat(5_000)).chars().count(), 1_000);
    }
}
