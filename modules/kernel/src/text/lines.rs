//! Texts on one line (names, titles, reasons) and on several lines (descriptions).

use super::characters::{belongs, is_hidden, is_mark, is_override, is_tag, is_visible};
use super::nfc;
use crate::{Fault, FieldCode};

/// Why a text is refused. It is displayed as the rest of a sentence: `a title {error}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing of the text would be seen.
    #[error("has at least one visible character")]
    Blank,
    /// The text has more characters than allowed.
    #[error("has at most {chars_max} characters, this one has {chars}")]
    TooLong {
        /// Number of characters.
        chars: usize,
        /// Maximum number of characters.
        chars_max: usize,
    },
    /// A control character in a text of one line.
    #[error("has no control characters, such as line breaks and tabs; this one has U+{code_point:04X}")]
    Control {
        /// The character.
        code_point: u32,
    },
    /// A control character in a text of several lines.
    #[error("has no control characters except line breaks and tabs; this one has U+{code_point:04X}")]
    ControlInLines {
        /// The character.
        code_point: u32,
    },
    /// A character that shows nothing, or that changes the direction of what follows.
    #[error("has no invisible characters; this one has U+{code_point:04X} as character {position}")]
    Hidden {
        /// The character.
        code_point: u32,
        /// Its place in the normalised text, from 1.
        position: usize,
    },
    /// The text begins with a mark, which would be drawn upon what is before the text.
    #[error("does not begin with a combining mark")]
    LeadingMark,
}

impl From<InvalidText> for Fault {
    fn from(invalid: InvalidText) -> Self {
        let detail = invalid.to_string();
        let character = |code_point: u32| format!("U+{code_point:04X}");
        match invalid {
            InvalidText::Blank => Self::new(FieldCode::Blank, detail),
            InvalidText::TooLong { chars, chars_max } => {
                Self::new(FieldCode::TooLong, detail).with("max", chars_max).with("actual", chars)
            }
            InvalidText::Control { code_point } | InvalidText::ControlInLines { code_point } => {
                Self::new(FieldCode::ControlCharacter, detail).with("character", character(code_point))
            }
            InvalidText::Hidden { code_point, position } => Self::new(FieldCode::HiddenCharacter, detail)
                .with("character", character(code_point))
                .with("position", position),
            InvalidText::LeadingMark => Self::new(FieldCode::LeadingMark, detail),
        }
    }
}

/// A text of one line: normalised to NFC and trimmed.
///
/// # Errors
/// The text has no visible character, more than `chars_max` characters, a control character or a
/// hidden one. Joiners, direction marks and variation selectors are valid where a writing system
/// or an emoji needs them.
pub fn parse_line(text: &str, chars_max: usize) -> Result<String, InvalidText> {
    let text = nfc(text.trim());
    check_line(&text)?;
    check_length(&text, chars_max)?;
    Ok(text)
}

/// Checks the characters of a text of one line that is stored as it is, such as a web address.
///
/// # Errors
/// As [`parse_line`], except for the length.
pub fn check_line(text: &str) -> Result<(), InvalidText> {
    if text.chars().next().is_some_and(is_mark) && text.chars().any(is_visible) {
        return Err(InvalidText::LeadingMark);
    }
    let is_break = |character: char| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
    if let Some(control) = text.chars().find(|&character| is_break(character)) {
        return Err(InvalidText::Control { code_point: control.into() });
    }
    if !text.chars().any(is_visible) {
        return Err(InvalidText::Blank);
    }
    check_hidden(text, is_hidden)
}

/// A text of several lines: normalised to NFC and trimmed; `None` if nothing of it is visible.
///
/// # Errors
/// The text has more than `chars_max` characters, a control character other than line breaks and
/// tabs, a tag, or a character that forces a direction.
pub fn parse_lines(text: &str, chars_max: usize) -> Result<Option<String>, InvalidText> {
    let text = nfc(text.trim());
    let is_forbidden = |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    if let Some(control) = text.chars().find(|&character| is_forbidden(character)) {
        return Err(InvalidText::ControlInLines { code_point: control.into() });
    }
    if !text.chars().any(is_visible) {
        return Ok(None);
    }
    check_length(&text, chars_max)?;
    check_hidden(&text, |character| is_override(character) || is_tag(character))?;
    Ok(Some(text))
}

fn check_length(text: &str, chars_max: usize) -> Result<(), InvalidText> {
    let chars = text.chars().count();
    if chars > chars_max { Err(InvalidText::TooLong { chars, chars_max }) } else { Ok(()) }
}

/// Refuses the first character that `is_suspect` and does not belong to its neighbours.
fn check_hidden(text: &str, is_suspect: impl Fn(char) -> bool) -> Result<(), InvalidText> {
    if !text.chars().any(&is_suspect) {
        return Ok(());
    }
    let characters: Vec<char> = text.chars().collect();
    let hidden = (0..characters.len()).find(|&index| is_suspect(characters[index]) && !belongs(&characters, index));
    match hidden {
        Some(index) => Err(InvalidText::Hidden { code_point: characters[index].into(), position: index + 1 }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Characters that show nothing, of every kind: spaces, format characters, fillers, overrides,
    /// tags, variation selectors, annotations, marks, and code points that are no characters.
    const INVISIBLE: [char; 44] = [
        '\u{a0}',
        '\u{ad}',
        '\u{301}',
        '\u{34f}',
        '\u{61c}',
        '\u{115f}',
        '\u{1160}',
        '\u{17b4}',
        '\u{17b5}',
        '\u{180b}',
        '\u{180e}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{200e}',
        '\u{200f}',
        '\u{2028}',
        '\u{202a}',
        '\u{202d}',
        '\u{202e}',
        '\u{2060}',
        '\u{2063}',
        '\u{2066}',
        '\u{2068}',
        '\u{2069}',
        '\u{206a}',
        '\u{2800}',
        '\u{3000}',
        '\u{3164}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{ffa0}',
        '\u{fff0}',
        '\u{fff9}',
        '\u{ffff}',
        '\u{fdd0}',
        '\u{e000}',
        '\u{1bca0}',
        '\u{1d173}',
        '\u{e0001}',
        '\u{e0041}',
        '\u{e007f}',
        '\u{e0100}',
        '\u{e0fff}',
    ];

    #[test]
    fn a_line_without_a_visible_character_is_refused() {
        for invisible in INVISIBLE {
            for text in [format!("{invisible}"), format!(" {invisible}{invisible} "), format!("{invisible}\u{200b}")] {
                assert!(parse_line(&text, 500).is_err(), "{text:?}");
            }
        }
        assert_eq!(parse_line(" \u{a0}\u{3000}", 500), Err(InvalidText::Blank));
        assert_eq!(parse_line("\u{301}", 500), Err(InvalidText::Blank));
    }

    #[test]
    fn a_hidden_character_in_a_line_is_refused_and_named() {
        // Spaces, Braille's blank and private characters take room; a mark belongs to its letter.
        let shows_room = |character: &char| "\u{a0}\u{301}\u{2800}\u{3000}\u{e000}".contains(*character);
        for hidden in INVISIBLE.into_iter().filter(|character| !shows_room(character)) {
            for text in
                [format!("Ada{hidden}Ada"), format!("{hidden}Ada"), format!("Ada {hidden}"), format!("да{hidden}")]
            {
                // The trimmed end of a line may be a line separator.
                assert!(parse_line(&text, 500).is_err() || text.trim().chars().all(|one| one != hidden), "{text:?}");
            }
        }
        let refused = parse_line("Ada \u{202e}moc", 500).unwrap_err();
        assert_eq!(refused.to_string(), "has no invisible characters; this one has U+202E as character 5");
    }

    #[test]
    fn a_line_of_any_writing_system_is_accepted() {
        for text in [
            "Zoë Łukasiewicz-O'Brien",
            "Ольга «Оля»",
            "محمد العربي",
            "שָׁלוֹם",
            "می\u{200c}خواهم",
            "PDF\u{200c}ها",
            "سنة 1446 ه\u{200d}.",
            "क\u{94d}\u{200d}ष",
            "क\u{94d}\u{200c}ष",
            "ශ\u{dca}\u{200d}රී",
            "ന\u{d4d}\u{200d}",
            "Fix \u{200f}(שלום)\u{200e} now",
            "ᠮᠣᠩ\u{180b}ᠭᠣᠯ",
            "葛\u{e0100}飾区",
            "ไทย ភាសាខ្មែរ 한국어 日本語",
            "\u{1112}\u{1161}\u{11ab}",
            "👩\u{200d}💻 👨\u{200d}👩\u{200d}👧\u{200d}👦",
            "❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3} ©\u{fe0f}",
            "👩🏽\u{200d}⚕\u{fe0f}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "🇺🇦",
            "x\u{304}\u{331} a\u{301}",
            "⠓⠊⠀⠓⠊",
            "-",
            "42",
            "Vec<[u8]>",
        ] {
            let parsed = parse_line(text, 500);
            assert!(parsed.is_ok(), "{text:?}: {parsed:?}");
        }
    }

    #[test]
    fn a_flag_hides_no_message() {
        let tags =
            |text: &str| -> String { text.chars().map(|one| char::from_u32(0xe0000 + one as u32).unwrap()).collect() };
        for hidden in [tags("gbeng"), tags("ignore this\u{7f}"), format!("{}x", tags("gbeng"))] {
            assert!(parse_line(&format!("🏴{hidden}"), 500).is_err(), "{hidden:?}");
            assert!(parse_lines(&format!("🏴{hidden}"), 500).is_err(), "{hidden:?}");
        }
    }

    #[test]
    fn a_text_has_one_spelling_and_is_measured_in_it() {
        assert_eq!(parse_line(" e\u{301}te\u{301} ", 3).as_deref(), Ok("\u{e9}t\u{e9}"));
        assert_eq!(parse_line("\u{212b}", 1).as_deref(), Ok("\u{c5}"));
        assert_eq!(parse_line("abcd", 3), Err(InvalidText::TooLong { chars: 4, chars_max: 3 }));
        assert_eq!(parse_lines("e\u{301}\r\n\tx", 10), Ok(Some("\u{e9}\r\n\tx".to_owned())));
    }

    #[test]
    fn a_line_has_no_control_character_and_no_mark_at_its_beginning() {
        for control in ["two\nlines", "a\tb", "bell\u{7}", "c1\u{85}x", "a\u{2028}b", "a\u{2029}b", "\0"] {
            assert!(matches!(parse_line(control, 500), Err(InvalidText::Control { .. })), "{control:?}");
        }
        assert_eq!(parse_line("\u{301}abc", 500), Err(InvalidText::LeadingMark));
    }

    #[test]
    fn several_lines_may_have_isolates_but_nothing_that_forces_a_direction() {
        assert!(parse_lines("see \u{2068}שלום\u{2069}\nsoft\u{ad}hyphen", 500).unwrap().is_some());
        for invisible in ["", " \n", "\u{200b}", "\u{feff}\n\u{2060}", "\u{301}"] {
            assert_eq!(parse_lines(invisible, 500), Ok(None), "{invisible:?}");
        }
        for refused in ["a\u{202e}b", "a\u{202d}b", "a\u{e0041}b", "a\0b", "a\u{1b}[31m"] {
            assert!(parse_lines(refused, 500).is_err(), "{refused:?}");
        }
    }
}
