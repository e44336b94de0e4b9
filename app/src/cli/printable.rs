//! Makes text of a file safe to print: a terminal obeys control characters.

use kernel::text::is_terminal_control;

/// Maximum number of characters of a message. The rest is cut off.
const CHARS_MAX: usize = 1_000;

/// The text on one line, without characters that move the cursor, change colours or reverse the
/// direction of what follows. They are shown as Rust writes them: `\n`, `\u{1b}`.
pub fn printable(text: &str) -> String {
    let mut safe = escaped(text.chars().take(CHARS_MAX), is_terminal_control);
    if text.chars().nth(CHARS_MAX).is_some() {
        safe.push('…');
    }
    safe
}

/// The text as `printable` returns it, with its line breaks and its whole length.
pub fn printable_lines(text: &str) -> String {
    escaped(text.chars(), |character| character != '\n' && is_terminal_control(character))
}

fn escaped(characters: impl Iterator<Item = char>, is_escaped: impl Fn(char) -> bool) -> String {
    let mut safe = String::new();
    for character in characters {
        if is_escaped(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_other_text_stays() {
        for text in ["", "it's \"José\" 李娜 <a\\b>", "e\u{301} 👩\u{200d}🚀"] {
            assert_eq!(printable(text), text);
        }
        let cases = [
            ("\u{1b}[2J\u{7}", "\\u{1b}[2J\\u{7}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\r\nb\tc\u{7f}", "a\\r\\nb\\tc\\u{7f}"),
            ("\u{202e}txt\u{2066}", "\\u{202e}txt\\u{2066}"),
        ];
        for (text, expected) in cases {
            assert_eq!(printable(text), expected);
        }
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(printable_lines("one\ntwo\u{1b}[2J\n"), "one\ntwo\\u{1b}[2J\n");
    }

    #[test]
    fn a_long_text_is_cut_off() {
        let safe = printable(&"x".repeat(1_000_000));
        assert_eq!((safe.chars().count(), safe.chars().last()), (CHARS_MAX + 1, Some('…')));
    }
}
