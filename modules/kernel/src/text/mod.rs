//! The rules for texts that people enter: one spelling (NFC), visible, on one line or on several.
//! `hex` writes bytes as text.

mod address;
mod characters;
mod lines;
mod search;

pub use address::{InvalidAddress, MailAddress};
pub use characters::is_terminal_control;
pub use lines::{InvalidText, check_line, parse_line, parse_lines};
pub use search::parse_search;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};

/// The languages that a person can choose. Mails and pages have texts in each of them.
pub const LANGUAGES: [&str; 2] = ["en", "ru"];

/// Whether a reader sees nothing of the text.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    !text.chars().any(characters::is_visible)
}

/// The text in Unicode's Normalization Form C, in which equal letters have one spelling.
#[must_use]
pub fn nfc(text: &str) -> String {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.to_owned(),
        _ => text.nfc().collect(),
    }
}

/// The text in Normalization Form KC, which also replaces variants of a letter, such as its
/// full-width form.
#[must_use]
pub fn nfkc(text: &str) -> String {
    match is_nfkc_quick(text.chars()) {
        IsNormalized::Yes => text.to_owned(),
        _ => text.nfkc().collect(),
    }
}

/// Bytes as hexadecimal digits, in lower case.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_two_hexadecimal_digits() {
        assert_eq!(hex(&[0, 7, 0x10, 0xAB, 0xFF]), "000710abff");
    }
}
