//! Splits CSV text into records as RFC 4180 describes, and refuses everything else.
//!
//! The crate `csv` reads every text: it closes a quote at the end of the file and joins what
//! follows a closing quote to the field. An import must not guess, so this reader stops at the
//! first quote that is not written by the rules, and names its line. Lines are counted as an editor
//! counts them: CRLF, LF and CR each end a line, also within quotes and on blank lines.
//!
//! A backslash is an ordinary character, so `"C:\"` and `"{""a"": ""b\""c""}"` are valid. Text in
//! which a backslash escapes quotes breaks the rules at its first escaped quote or soon after.

use std::io::{self, BufRead, BufReader, Read};

/// Maximum size of a record, which is held in memory.
const RECORD_BYTES_MAX: usize = 1024 * 1024;

/// Why nothing after a line can be read.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The line that must be corrected.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// The fields of a row.
#[derive(Default)]
pub struct Record {
    /// The line on which the record starts.
    line: u64,
    /// The fields, one after another.
    bytes: Vec<u8>,
    /// For each field, where it ends in `bytes`.
    ends: Vec<usize>,
    /// Whether the file ends here without a line break.
    is_last: bool,
}

impl Record {
    /// The line on which the record starts.
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// Number of fields.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether the file ends with this record, without a line break.
    pub const fn is_last(&self) -> bool {
        self.is_last
    }

    /// A field without its quotes.
    pub fn field(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.bytes.get(start..end)
    }

    /// Whether a field has characters other than white space. A missing field has none.
    pub fn has_value(&self, index: usize) -> bool {
        let is_blank = |bytes| std::str::from_utf8(bytes).is_ok_and(|text| text.trim().is_empty());
        !self.field(index).is_none_or(is_blank)
    }

    /// Whether no field has a value.
    pub fn is_blank(&self) -> bool {
        !(0..self.len()).any(|index| self.has_value(index))
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.is_last = false;
    }

    fn end_field(&mut self) {
        self.ends.push(self.bytes.len());
    }

    /// The bytes of the field that has not ended.
    fn unfinished_field(&self) -> &[u8] {
        let start = self.ends.last().copied().unwrap_or_default();
        self.bytes.get(start..).unwrap_or_default()
    }

    const fn size(&self) -> usize {
        self.bytes.len() + self.ends.len()
    }
}

/// Reads records.
pub struct Records<R> {
    input: BufReader<R>,
    parser: Parser,
}

impl<R: Read> Records<R> {
    /// Reads UTF-8 without a byte order mark.
    pub fn new(input: R) -> Self {
        let parser =
            Parser { state: State::RecordStart, line: 1, after_cr: false, quote_line: 1, has_backslash_quote: false };
        Self { input: BufReader::new(input), parser }
    }

    /// Reads the next record that has a character. Returns false at the end of the file.
    pub fn read(&mut self, record: &mut Record) -> Result<bool, Unreadable> {
        record.clear();
        loop {
            let bytes = match self.input.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(Unreadable { line: self.parser.line, reason: format!("cannot be read: {error}") });
                }
            };
            if bytes.is_empty() {
                return self.parser.finish(record);
            }
            let mut used = 0;
            let mut is_complete = false;
            for &byte in bytes {
                used += 1;
                is_complete = self.parser.read_byte(byte, record)?;
                if is_complete {
                    break;
                }
            }
            self.input.consume(used);
            if is_complete {
                return Ok(true);
            }
        }
    }
}

/// What the next byte belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A new record, or a blank line.
    RecordStart,
    /// A new field.
    FieldStart,
    /// A field without quotes.
    Unquoted,
    /// A field in quotes.
    Quoted,
    /// The rest of a field after a quote, which closes it unless another quote follows.
    AfterQuote,
}

/// The rules, one byte at a time.
struct Parser {
    state: State,
    /// The line of the next byte.
    line: u64,
    /// Whether the previous byte is CR, so that LF does not start another line.
    after_cr: bool,
    /// The line on which the last quoted field opens.
    quote_line: u64,
    /// Whether the record has a backslash in front of a quote, which other dialects give a meaning.
    has_backslash_quote: bool,
}

impl Parser {
    /// Returns whether the byte ends the record.
    fn read_byte(&mut self, byte: u8, record: &mut Record) -> Result<bool, Unreadable> {
        if self.state == State::RecordStart {
            record.line = self.line;
            self.has_backslash_quote = false;
        }
        self.state = match (self.state, byte) {
            (State::RecordStart, b'\r' | b'\n') => State::RecordStart,
            (State::RecordStart | State::FieldStart, b'"') => {
                self.quote_line = self.line;
                State::Quoted
            }
            (State::Quoted, b'"') => {
                self.has_backslash_quote |= record.unfinished_field().last() == Some(&b'\\');
                State::AfterQuote
            }
            (State::Quoted, _) | (State::AfterQuote, b'"') => {
                record.bytes.push(byte);
                State::Quoted
            }
            (_, b',') => {
                record.end_field();
                State::FieldStart
            }
            (_, b'\r' | b'\n') => {
                record.end_field();
                State::RecordStart
            }
            (State::Unquoted, b'"') => return Err(self.quote_in_unquoted_field()),
            (State::AfterQuote, _) => return Err(self.text_after_quote()),
            (State::RecordStart | State::FieldStart | State::Unquoted, _) => {
                record.bytes.push(byte);
                State::Unquoted
            }
        };
        self.count_line(byte);
        if record.size() > RECORD_BYTES_MAX {
            return Err(self.too_long(record));
        }
        Ok(self.state == State::RecordStart && record.len() > 0)
    }

    /// Ends the file. Returns whether it ends a record.
    fn finish(&mut self, record: &mut Record) -> Result<bool, Unreadable> {
        match self.state {
            State::RecordStart => return Ok(false),
            State::Quoted => {
                let reason = format!("the quote that opens a field on this line is never closed{}", self.hint());
                return Err(Unreadable { line: self.quote_line, reason });
            }
            State::FieldStart | State::Unquoted | State::AfterQuote => {}
        }
        record.end_field();
        record.is_last = true;
        self.state = State::RecordStart;
        Ok(true)
    }

    const fn count_line(&mut self, byte: u8) {
        if byte == b'\r' || (byte == b'\n' && !self.after_cr) {
            self.line += 1;
        }
        self.after_cr = byte == b'\r';
    }

    fn quote_in_unquoted_field(&self) -> Unreadable {
        let reason = format!(
            "a quote inside a field that does not begin with a quote; write the field in quotes, and each quote in \
             it twice{}",
            self.hint()
        );
        Unreadable { line: self.line, reason }
    }

    /// The line is the one on which the field opens: if it closes on another line, a quote is
    /// probably missing on the first.
    fn text_after_quote(&self) -> Unreadable {
        let hint = self.hint();
        let reason = if self.quote_line == self.line {
            format!("text after the closing quote of a field; a quote inside a quoted field is written twice{hint}")
        } else {
            let line = self.line;
            format!("the quote that opens a field on this line is closed on line {line}, where text follows it{hint}")
        };
        Unreadable { line: self.quote_line, reason }
    }

    fn too_long(&self, record: &Record) -> Unreadable {
        let size = RECORD_BYTES_MAX / 1024;
        if self.state == State::Quoted {
            let reason = format!("the quote that opens a field on this line is not closed within {size} KiB");
            return Unreadable { line: self.quote_line, reason };
        }
        Unreadable { line: record.line, reason: format!("the row is longer than {size} KiB") }
    }

    const fn hint(&self) -> &'static str {
        if self.has_backslash_quote { "; a backslash does not escape a quote, write it twice" } else { "" }
    }
}

#[cfg(test)]
mod tests;
