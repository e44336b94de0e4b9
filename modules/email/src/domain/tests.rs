//! Tests of amounts, days, pauses and error texts.

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

#[test]
fn a_pause_doubles_up_to_the_longest_and_never_overflows() {
    let next = |attempts, now| next_attempt_at(1_000, 600_000, attempts, now);
    let pause_ms = |attempts| (next(attempts, DateTime::UNIX_EPOCH) - DateTime::UNIX_EPOCH).num_milliseconds();
    assert_eq!([pause_ms(1), pause_ms(2), pause_ms(3)], [1_000, 2_000, 4_000]);
    assert_eq!([pause_ms(11), pause_ms(12), pause_ms(i32::MAX)], [600_000; 3]);
    assert_eq!(next(1, DateTime::<Utc>::MAX_UTC), DateTime::<Utc>::MAX_UTC);
}

#[test]
fn an_error_text_is_one_line_of_bounded_length() {
    assert_eq!(error_text("550 no\r\nsuch\0user"), "550 no  such user");
    assert_eq!(error_text(&"ж".repeat(5_000)).chars().count(), 1_000);
}
