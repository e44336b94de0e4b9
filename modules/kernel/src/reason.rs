//! A reason that a person gives for an action, such as discarding an event.

use crate::Fault;
use crate::text::{self, InvalidText};

/// Maximum number of characters of a reason.
const CHARS_MAX: usize = 500;

/// A reason: one line of 1 to 500 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

/// A text that is not a valid reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a reason {0}")]
pub struct InvalidReason(InvalidText);

impl From<InvalidReason> for Fault {
    fn from(invalid: InvalidReason) -> Self {
        Self::from(invalid.0).of("a reason")
    }
}

impl Reason {
    /// Trims and checks the text of a reason.
    ///
    /// # Errors
    /// The text has no visible character, is too long, or contains a control or hidden character.
    pub fn parse(text: &str) -> Result<Self, InvalidReason> {
        text::parse_line(text, CHARS_MAX).map(Self).map_err(InvalidReason)
    }

    /// The trimmed text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The trimmed text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_1_to_500_characters_and_no_control_characters() {
        let longest = "ж".repeat(CHARS_MAX);
        for valid in ["x", " x ", &longest] {
            assert_eq!(Reason::parse(valid).map(Reason::into_string), Ok(valid.trim().to_owned()));
        }
        for invalid in ["", " \n ", "a\nb", "a\0b", "\u{200b}", &format!("{longest}ж")] {
            let refused = Reason::parse(invalid).unwrap_err().to_string();
            assert!(refused.starts_with("a reason has "), "{invalid:?}: {refused}");
        }
    }
}
