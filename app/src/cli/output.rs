//! Prints results to standard output.

use std::fmt::Write as _;
use std::io::{self, Write};

use kernel::text::is_terminal_control;
use serde::Serialize;

use super::printable::printable_lines;
use crate::Error;

/// Prints text of one or several lines. What a terminal would act on is escaped.
pub fn print_line(text: &str) -> Result<(), Error> {
    write_line(&printable_lines(text))
}

/// Prints a value as JSON with line breaks.
pub fn print_json(value: &impl Serialize) -> Result<(), Error> {
    write_json(serde_json::to_string_pretty(value))
}

/// Prints a value as JSON on one line.
pub fn print_json_line(value: &impl Serialize) -> Result<(), Error> {
    write_json(serde_json::to_string(value))
}

fn write_json(text: serde_json::Result<String>) -> Result<(), Error> {
    write_line(&json_escaped(&text.map_err(|error| Error::Failed(error.to_string()))?))
}

/// Escapes what a terminal would act on. JSON contains such characters in strings only, and allows
/// some of them there.
fn json_escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '\n' && is_terminal_control(character) {
            // Writing to a string does not fail.
            let _written = write!(safe, "\\u{:04x}", u32::from(character));
        } else {
            safe.push(character);
        }
    }
    safe
}

/// A closed pipe (`| head`) is not an error.
fn write_line(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Io { action: "print".to_owned(), error }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_the_same_value_and_contains_nothing_that_a_terminal_acts_on() {
        let value = serde_json::json!({ "a\u{9b}31m": "\u{1b}[2J\u{202e}x\n", "b": "é 李" });
        let text = json_escaped(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!text.replace('\n', "").contains(is_terminal_control), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
