//! The text that a list is searched for.

use super::nfc;
use crate::{Fault, FieldCode, FieldError};

/// Maximum length of a search text, in characters.
const SEARCH_CHARS_MAX: usize = 200;

/// The value of the query parameter `q`: trimmed, and in NFC, as texts are stored. `None` if it was
/// not sent or is blank.
///
/// # Errors
/// The text is too long or has a control character.
pub fn parse_search(text: Option<&str>) -> Result<Option<String>, FieldError> {
    let text = nfc(text.unwrap_or_default().trim());
    if text.chars().count() > SEARCH_CHARS_MAX || text.chars().any(char::is_control) {
        let detail =
            format!("a search text has at most {SEARCH_CHARS_MAX} characters, none of them a control character");
        let is_long = text.chars().count() > SEARCH_CHARS_MAX;
        let code = if is_long { FieldCode::TooLong } else { FieldCode::ControlCharacter };
        return Err(FieldError::new("?q", Fault::new(code, detail).with("max", SEARCH_CHARS_MAX)));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_text_is_trimmed_and_a_blank_one_is_none() {
        assert_eq!(parse_search(Some(" Zoe\u{308} ")).unwrap().as_deref(), Some("Zo\u{eb}"));
        assert_eq!((parse_search(Some("  ")), parse_search(None)), (Ok(None), Ok(None)));
        assert!(parse_search(Some(&"ы".repeat(200))).is_ok());
        for invalid in ["a\0", "a\nb", &"a".repeat(201)] {
            assert_eq!(parse_search(Some(invalid)).unwrap_err().pointer, "?q");
        }
    }
}
