//! Reads replies of a mail server.
//!
//! Only the first three digits of a reply decide (RFC 5321, section 4.2). The text after them may
//! be missing, may be longer than the standard allows, and may be in any encoding.

use std::fmt;

/// Maximum number of bytes of one line that are kept. The rest of a longer line is ignored.
const LINE_BYTES_KEPT: usize = 1_000;

/// Maximum number of lines of one reply that are kept. Further lines are ignored.
const LINES_KEPT: usize = 100;

/// Maximum number of bytes of one reply. A server that sends more is not a mail server.
const REPLY_BYTES_MAX: usize = 100_000;

/// A reply: its code, and its lines without the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The three digits: 200 to 599.
    pub code: u16,
    /// The text of each line.
    pub lines: Vec<String>,
}

impl Reply {
    /// The first digit, which says whether the server accepts (2), continues (3), or refuses for
    /// now (4) or permanently (5).
    pub const fn class(&self) -> u16 {
        self.code / 100
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.code)?;
        self.lines.iter().filter(|line| !line.is_empty()).try_for_each(|line| write!(formatter, " {line}"))
    }
}

/// What the bytes received so far amount to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The reply continues.
    Incomplete,
    /// The reply is complete.
    Complete(Reply),
    /// The first line does not begin with a code, or the reply is too long.
    Unreadable,
}

/// Collects the bytes of one reply.
#[derive(Debug, Default)]
pub(crate) struct ReplyParser {
    /// The code of the first line. Codes of later lines are ignored.
    code: Option<u16>,
    /// The lines that are complete.
    lines: Vec<String>,
    /// The beginning of the line that is not complete.
    line: Vec<u8>,
    /// Number of bytes so far.
    bytes: usize,
}

impl ReplyParser {
    /// Takes bytes up to the end of the reply. Returns the number of bytes taken.
    pub fn take(&mut self, bytes: &[u8]) -> (usize, Progress) {
        for (index, byte) in bytes.iter().enumerate() {
            self.bytes += 1;
            let progress = if *byte == b'\n' { self.end_line() } else { self.push(*byte) };
            if progress != Progress::Incomplete {
                return (index + 1, progress);
            }
        }
        (bytes.len(), Progress::Incomplete)
    }

    /// The reply as far as it has arrived, if its code has arrived.
    pub fn partial(&self) -> Option<Reply> {
        let code = self.code.or_else(|| code_of(&self.line))?;
        let rest = self.line.get(4..).map(|text| String::from_utf8_lossy(text).into_owned());
        Some(Reply { code, lines: self.lines.iter().cloned().chain(rest).collect() })
    }

    fn push(&mut self, byte: u8) -> Progress {
        if self.bytes > REPLY_BYTES_MAX {
            return Progress::Unreadable;
        }
        if self.line.len() < LINE_BYTES_KEPT {
            self.line.push(byte);
        }
        Progress::Incomplete
    }

    fn end_line(&mut self) -> Progress {
        let line = std::mem::take(&mut self.line);
        let code = code_of(&line);
        let Some(first_code) = self.code.or(code) else { return Progress::Unreadable };
        self.code = Some(first_code);
        // Some servers break a long text without repeating the code.
        let text = if code.is_some() { line.get(4..).unwrap_or_default() } else { line.as_slice() };
        if self.lines.len() < LINES_KEPT {
            self.lines.push(String::from_utf8_lossy(text).trim_end().to_owned());
        }
        if code.is_none() || line.get(3) == Some(&b'-') {
            return if self.bytes > REPLY_BYTES_MAX { Progress::Unreadable } else { Progress::Incomplete };
        }
        Progress::Complete(Reply { code: first_code, lines: std::mem::take(&mut self.lines) })
    }
}

/// The code at the beginning of a line.
fn code_of(line: &[u8]) -> Option<u16> {
    let digits = line.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let code = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (200..600).contains(&code).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, lines: &[&str]) -> Progress {
        Progress::Complete(Reply { code, lines: lines.iter().map(|&line| line.to_owned()).collect() })
    }

    fn parse(bytes: &[u8]) -> Progress {
        let at_once = ReplyParser::default().take(bytes).1;
        let mut parser = ReplyParser::default();
        let byte_by_byte = bytes.iter().map(|byte| parser.take(&[*byte]).1).last().unwrap();
        assert_eq!(at_once, byte_by_byte, "the result depends on how the bytes arrive");
        at_once
    }

    #[test]
    fn the_first_three_digits_decide() {
        for bytes in [&b"250\r\n"[..], b"250 \r\n", b"250\n", b"250 \n"] {
            assert_eq!(parse(bytes), reply(250, &[""]), "{bytes:?}");
        }
        assert_eq!(parse(b"354\r\n"), reply(354, &[""]));
        assert_eq!(parse(b"250 2.0.0 Ok\r\n"), reply(250, &["2.0.0 Ok"]));
        assert_eq!(parse(b"250 Gr\xfc\xdfe\r\n"), reply(250, &["Gr\u{fffd}\u{fffd}e"]));
        assert_eq!(parse("250 Größe\r\n".as_bytes()), reply(250, &["Größe"]));
        assert_eq!(parse(b"299 \0\x1b[0m\r\n"), reply(299, &["\0\x1b[0m"]));
        assert_eq!(parse(b"250ok\r\n"), reply(250, &["k"]));
        assert_eq!(parse(b"250-one\r\n250\r\n"), reply(250, &["one", ""]));
        assert_eq!(
            parse(b"250-\xff\r\ncontinued\r\n\r\n550 end\r\n"),
            reply(250, &["\u{fffd}", "continued", "", "end"])
        );
    }

    #[test]
    fn a_long_line_is_cut_and_a_reply_without_an_end_is_refused() {
        let long = [b"250 ".as_slice(), &[b'x'; 5_000], b"\r\n"].concat();
        assert_eq!(parse(&long), reply(250, &["x".repeat(996).as_str()]));
        let many = [b"250-x\r\n".repeat(500).as_slice(), b"250 end\r\n"].concat();
        let Progress::Complete(kept) = parse(&many) else { panic!("the reply is complete") };
        assert_eq!(kept.lines.len(), 100);
        for endless in [b"250-x\r\n".repeat(20_000), b"x".repeat(200_000)] {
            let mut parser = ReplyParser::default();
            assert_eq!(parser.take(&endless).1, Progress::Unreadable);
        }
    }

    #[test]
    fn a_line_without_a_code_is_unreadable() {
        for bytes in [&b"\r\n"[..], b"ok\r\n", b"25\r\n", b"25x ok\r\n", b"199 \r\n", b"650 \r\n", b"\xff\xfe2\r\n"] {
            assert_eq!(parse(bytes), Progress::Unreadable, "{bytes:?}");
        }
    }

    #[test]
    fn bytes_after_a_reply_are_left() {
        assert_eq!(ReplyParser::default().take(b"220 go\r\n250 x\r\n"), (8, reply(220, &["go"])));
    }

    #[test]
    fn a_reply_that_breaks_off_has_its_code() {
        let partial = |bytes: &[u8]| {
            let mut parser = ReplyParser::default();
            assert_eq!(parser.take(bytes).1, Progress::Incomplete);
            parser.partial().map(|reply| reply.to_string())
        };
        assert_eq!(partial(b"25"), None);
        assert_eq!(partial(b"250").as_deref(), Some("250"));
        assert_eq!(partial(b"550 5.1.1 No such us").as_deref(), Some("550 5.1.1 No such us"));
        assert_eq!(partial(b"250-one\r\n25").as_deref(), Some("250 one"));
    }
}
