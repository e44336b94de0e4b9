//! Prints results to standard output.

use std::io::{self, Write};

use serde::Serialize;

use crate::Error;

/// Prints a line. A closed pipe (`| head`) is not an error.
pub fn print_line(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Io { action: "print".to_owned(), error }),
        _ => Ok(()),
    }
}

/// Prints a value as JSON with line breaks.
pub fn print_json(value: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::Failed(error.to_string()))?;
    print_line(&text)
}
