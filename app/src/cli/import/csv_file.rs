//! Reads a CSV file of any size row by row. It finds columns by name and reports invalid rows by
//! line.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::header::{Columns, Header, check_format};
use super::records::{Record, Records, Unreadable};
use super::text::Text;
use crate::Error;
use crate::cli::printable::printable;

/// Maximum length of the beginning of a file that is read before the records.
const HEAD_BYTES_MAX: u64 = 64 * 1024;

/// An open file.
pub struct CsvFile {
    records: Records<io::Chain<Cursor<Vec<u8>>, Text<Counted>>>,
    header: Header,
    bar: ProgressBar,
    record: Record,
    /// Whether the end of the file is reached, or a line after which nothing can be read.
    is_finished: bool,
}

/// The fields of a row.
pub struct CsvRow {
    /// The line on which the row starts.
    pub line: u64,
    /// The fields in the order of the columns of the import. None: the file does not have the
    /// column.
    pub fields: Vec<Option<String>>,
}

impl CsvRow {
    /// The size of all fields.
    pub fn bytes(&self) -> usize {
        self.fields.iter().flatten().map(String::len).sum()
    }
}

/// A row that cannot be read.
pub struct InvalidRow {
    /// The line on which the row starts, or the line that must be corrected.
    pub line: u64,
    /// What is wrong with the row.
    pub reason: String,
    /// Whether the rows after it cannot be read, so that the file must be refused.
    pub ends_file: bool,
}

/// A file that advances the progress bar when it is read.
struct Counted {
    file: File,
    bar: ProgressBar,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.bar.inc(count as u64);
        Ok(count)
    }
}

impl CsvFile {
    /// Opens a file and reads its first row, which names the columns.
    pub fn open(path: &Path, columns: &Columns) -> Result<Self, Error> {
        let name = printable(&path.display().to_string());
        let file = File::open(path).map_err(Error::io(format!("open {name}")))?;
        let metadata = file.metadata().map_err(Error::io(format!("open {name}")))?;
        if metadata.is_dir() {
            return Err(Error::Failed(format!("{name} is a folder, not a CSV file")));
        }
        let bar = ProgressBar::new(metadata.len()).with_style(
            ProgressStyle::with_template("{bar:40} {percent:>3}% {bytes}/{total_bytes} {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let read = || Error::io(format!("read {name}"));
        let mut text = Text::new(Counted { file, bar: bar.clone() }).map_err(read())?;
        let mut head = Vec::new();
        text.by_ref().take(HEAD_BYTES_MAX).read_to_end(&mut head).map_err(read())?;
        let wrong = |Unreadable { line, reason }| Error::Failed(format!("{name}, line {line}: {reason}"));
        check_format(&head, columns).map_err(wrong)?;
        let mut records = Records::new(Cursor::new(head).chain(text));
        let header = Header::read(&mut records, columns).map_err(wrong)?;
        Ok(Self { records, header, bar, record: Record::default(), is_finished: false })
    }

    /// Columns of the file that the import does not use.
    pub fn unused_columns(&self) -> Vec<String> {
        self.header.unused_columns()
    }

    /// Shows a message beside the progress bar.
    pub fn show(&self, message: String) {
        self.bar.set_message(message);
    }

    /// Prints a line to standard error above the progress bar.
    pub fn print_line(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    /// The next row that has a value. `None` at the end of the file, and after a row that ends it.
    pub fn next_row(&mut self) -> Option<Result<CsvRow, InvalidRow>> {
        while !self.is_finished {
            match self.records.read(&mut self.record) {
                Ok(true) if self.record.is_blank() => {}
                Ok(true) => {
                    let line = self.record.line();
                    return Some(match self.header.values(&self.record) {
                        Ok(fields) => Ok(CsvRow { line, fields }),
                        Err(reason) => Err(InvalidRow { line, reason, ends_file: false }),
                    });
                }
                Ok(false) => self.finish(),
                Err(Unreadable { line, reason }) => {
                    self.finish();
                    return Some(Err(InvalidRow { line, reason, ends_file: true }));
                }
            }
        }
        None
    }

    fn finish(&mut self) {
        self.is_finished = true;
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: Columns = Columns { required: &["title"], optional: &["link"] };

    fn open(content: &[u8]) -> Result<CsvFile, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        CsvFile::open(file.path(), &COLUMNS)
    }

    /// A line, and the title of a valid row or the reason of an invalid row.
    type Row = (u64, String);

    /// The valid rows and the invalid rows.
    fn read(content: impl AsRef<[u8]>) -> (Vec<Row>, Vec<Row>) {
        let mut file = open(content.as_ref()).unwrap();
        let (mut valid, mut invalid) = (Vec::new(), Vec::new());
        while let Some(row) = file.next_row() {
            match row {
                Ok(row) => valid.push((row.line, row.fields[0].clone().unwrap())),
                Err(row) => invalid.push((row.line, row.reason)),
            }
        }
        (valid, invalid)
    }

    fn refusal(content: impl AsRef<[u8]>) -> String {
        open(content.as_ref()).err().unwrap().to_string()
    }

    #[test]
    fn rows_are_read_by_column_name_and_have_the_line_they_start_on() {
        let content =
            "\u{feff}extra,link,title\n1,http://a,\"He said \"\"hi\"\"\"\n2,,\"two\nlines\"\n3,http://c,last\n";
        assert_eq!(open(content.as_bytes()).unwrap().unused_columns(), ["extra"]);
        let (rows, _) = read(content);
        assert_eq!(rows, [(2, "He said \"hi\"".to_owned()), (3, "two\nlines".to_owned()), (5, "last".to_owned())]);
    }

    #[test]
    fn invalid_rows_are_reported_by_line_and_the_other_rows_are_read() {
        let (valid, invalid) = read(b"title\nfirst\na,b\n\xff\n\0\nlast\n");
        assert_eq!(valid.len(), 2);
        assert_eq!(invalid.iter().map(|row| row.0).collect::<Vec<u64>>(), [3, 4, 5]);
    }

    #[test]
    fn a_file_without_a_required_column_is_refused_with_the_columns_it_has() {
        let error = refusal("name,,link\n");
        assert!(error.contains("\"title\"") && error.contains("name, link"), "{error}");
        for content in ["", "\u{feff}", "\n \n,,\n\u{a0}\n", "sep=,\n"] {
            assert!(refusal(content).contains("empty"), "{content:?}");
        }
        assert!(refusal("\ntitle,title\n").contains("line 2: the column \"title\" appears twice"));
        assert!(refusal(b"title,caf\xe9\n").contains("line 1: the name of a column is not UTF-8"));
    }

    #[test]
    fn empty_rows_and_unnamed_empty_columns_are_absent() {
        let content = ",,\n\ntitle,,link,\n,,,\nA,,http://a,\n \t\u{a0}\nB,,\nC,,,,,\n\"\",\"\"\n,,,,,,";
        let (valid, invalid) = read(content);
        assert_eq!(valid, [(5, "A".to_owned()), (7, "B".to_owned()), (8, "C".to_owned())]);
        assert!(invalid.is_empty(), "{invalid:?}");
        assert!(open(content.as_bytes()).unwrap().unused_columns().is_empty());
    }

    #[test]
    fn a_value_in_an_unnamed_column_is_an_error() {
        let (valid, invalid) = read("title,,link,\nA,x,,\nB,,,y\nC,,,,z\nD,,\nE\n");
        assert_eq!(valid, [(5, "D".to_owned())]);
        let invalid: Vec<String> = invalid.iter().map(|(line, reason)| format!("{line}: {reason}")).collect();
        let expected = [
            "2: a value in column 2, which has no name",
            "3: a value in column 4, which has no name",
            "4: 5 fields, but the first line names 3 columns",
            "6: 1 field, but the first line names 3 columns",
        ];
        assert_eq!(invalid, expected);
    }

    #[test]
    fn the_cause_of_a_wrong_number_of_fields_is_named() {
        let (_, invalid) = read("title,link\nA;http://a\nB\thttp://b\nC");
        let causes: Vec<&str> = invalid.iter().map(|row| row.1.rsplit_once("; ").unwrap().1).collect();
        let expected = [
            "its fields seem to be separated by semicolons",
            "its fields seem to be separated by tabs",
            "the file ends within this row",
        ];
        assert_eq!(causes, expected);
    }

    #[test]
    fn a_file_of_another_format_is_refused_as_such() {
        let refused = [
            ("title;link\nA;B\n", "line 1: the columns are separated by semicolons"),
            ("\u{feff}\r\n\"title\";\"link\"\r\n", "line 2: the columns are separated by semicolons"),
            ("other;link;title\n", "separated by semicolons"),
            ("title\tlink\n", "separated by tabs"),
            ("title | link\n", "separated by vertical bars"),
            ("sep=;\ntitle;link\n", "separated by semicolons"),
            ("t\0i\0t\0l\0e\0\n\0", "line 1: zero bytes, as in UTF-16"),
            ("\0\"\0t\0i\0t\0l\0e\0\"\0\n", "line 1: zero bytes, as in UTF-16"),
        ];
        for (content, words) in refused {
            let error = refusal(content);
            assert!(error.contains(words), "{content:?}: {error}");
        }
        // One column needs no separator, and Excel names a comma in front of the columns.
        for content in ["title\nA;B\n", "sep=,\ntitle\nA;B\n", "\"sep=,\"\r\ntitle\r\nA;B\r\n"] {
            assert_eq!(read(content).0.iter().map(|row| row.1.as_str()).collect::<Vec<_>>(), ["A;B"], "{content:?}");
        }
        assert_eq!(read("title,a;b;link\nA,\n").0.len(), 1);
    }

    #[test]
    fn utf_16_is_read_like_utf_8() {
        let text = "title,link\r\n\"Zoë\r\n🚪\",\r\n\r\nB,\r\n";
        let utf16: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&utf16), read(text));
        assert_eq!(read(&utf16).0.len(), 2);
        // A download that broke off within a character.
        let (valid, invalid) = read(&utf16[..utf16.len() - 7]);
        assert_eq!((valid.len(), invalid.len()), (1, 1));
        assert_eq!(invalid[0].0, 5);
    }

    #[test]
    fn nothing_is_read_after_a_broken_quote() {
        let mut file = open(b"title\nA\n\"B\" b\nC\n").unwrap();
        assert!(file.next_row().unwrap().is_ok());
        let row = file.next_row().unwrap().err().unwrap();
        assert_eq!((row.line, row.ends_file), (3, true));
        assert!(file.next_row().is_none());
    }

    #[test]
    fn names_of_columns_are_safe_to_print() {
        let error = refusal("\u{1b}[2Jname\n");
        assert!(error.contains("\\u{1b}[2Jname"), "{error:?}");
        assert_eq!(open("title,\u{9b}1m\n".as_bytes()).unwrap().unused_columns(), ["\\u{9b}1m"]);
    }
}
