//! The fields of a line of the log in text form. Some contain text of clients or of other servers,
//! so no text can end its line, look like another one, or command a terminal.

use std::fmt::{self, Debug, Write};

use kernel::text::is_terminal_control;
use tracing::field::Field;
use tracing_subscriber::fmt::format::Writer;

/// The name of the field that is written without its name.
const MESSAGE: &str = "message";

/// Writes one field, on one line.
///
/// # Errors
/// The writer fails.
pub fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    if field.name() == MESSAGE {
        return write!(OneLine(writer), "{value:?}");
    }
    if writer.has_ansi_escapes() {
        write!(writer, "\u{1b}[3m{}\u{1b}[0m\u{1b}[2m=\u{1b}[0m", field.name())?;
    } else {
        write!(writer, "{}=", field.name())?;
    }
    write!(OneLine(writer), "{value:?}")
}

/// Replaces characters that a terminal obeys by what Rust writes for them: `\n`, `\u{1b}`.
struct OneLine<'a, 'writer>(&'a mut Writer<'writer>);

impl Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(is_terminal_control) {
            let Some(last) = part.chars().next_back().filter(|last| is_terminal_control(*last)) else {
                self.0.write_str(part)?;
                continue;
            };
            self.0.write_str(part.strip_suffix(last).unwrap_or(part))?;
            write!(self.0, "{}", last.escape_default())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::field::MakeExt;
    use tracing_subscriber::fmt::format::debug_fn;

    use super::*;

    /// What somebody sends in the hope that it becomes a line of its own.
    const FORGED: &str = "a\r\n2026-11-02T09:00:00Z  INFO logged in\u{1b}[2K\u{9b}1A\u{2028}\u{202e}";

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(log: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(debug_fn(write_field).delimited(" "))
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .without_time()
            .with_target(false)
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_text_of_others_is_in_one_line_and_commands_no_terminal() {
        let escaped = "a\\r\\n2026-11-02T09:00:00Z  INFO logged in\\u{1b}[2K\\u{9b}1A\\u{2028}\\u{202e}";
        let by_display = logged(|| tracing::warn!(error = %FORGED, "the provider refuses a login"));
        assert_eq!(by_display, format!(" WARN the provider refuses a login error={escaped}\n"));
        let by_message = logged(|| tracing::warn!("{FORGED}"));
        assert_eq!(by_message, format!(" WARN {escaped}\n"));
        let in_a_span = logged(|| {
            tracing::info_span!("request", id = %FORGED, number = 7).in_scope(|| tracing::warn!(error = FORGED, "x"));
        });
        assert_eq!(in_a_span.matches('\n').count(), 1, "{in_a_span}");
        assert!(!in_a_span.trim_end().contains(is_terminal_control), "{in_a_span:?}");
        assert!(in_a_span.contains("number=7"), "{in_a_span}");
    }
}
