//! A CSV file read row by row, whatever its size: known columns by name, everything wrong by line.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use crate::Error;

/// The columns an import knows.
pub struct Columns {
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
}

/// A file under way.
pub struct Sheet {
    reader: csv::Reader<Counted>,
    /// For each known column, where it stands in the file.
    places: Vec<Option<usize>>,
    width: usize,
    unused: Vec<String>,
    bar: ProgressBar,
    record: csv::ByteRecord,
}

/// A row's known fields, in the order of the columns; `None` for a column the file does not have.
pub struct SheetRow {
    pub line: u64,
    pub fields: Vec<Option<String>>,
}

/// A row that cannot be read.
pub struct BadRow {
    pub line: u64,
    pub reason: String,
}

/// Moves the progress bar by what is read.
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

impl Sheet {
    /// Opens a file and reads its line of column names.
    pub fn open(path: &Path, columns: &Columns) -> Result<Self, Error> {
        let name = path.display();
        let file = File::open(path).map_err(Error::io(format!("open {name}")))?;
        let metadata = file.metadata().map_err(Error::io(format!("open {name}")))?;
        if metadata.is_dir() {
            return Err(Error::Failed(format!("{name} is a folder, not a CSV file")));
        }
        let bar = ProgressBar::new(metadata.len()).with_style(
            ProgressStyle::with_template("{bar:40} {percent:>3}% {bytes}/{total_bytes} {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let counted = Counted { file, bar: bar.clone() };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(counted);
        let headers = reader.byte_headers().map_err(|error| Error::Failed(format!("{name}: {error}")))?.clone();
        let headers: Vec<String> = headers.iter().map(column_name).collect();
        if headers.iter().all(String::is_empty) {
            return Err(Error::Failed(format!("{name} is empty: the first line must name the columns")));
        }
        if let Some(twice) = headers.iter().enumerate().find(|(place, header)| headers[..*place].contains(*header)) {
            return Err(Error::Failed(format!("{name}, line 1: the column {:?} stands there twice", twice.1)));
        }
        let known = || columns.required.iter().chain(columns.optional);
        let place = |column: &&str| headers.iter().position(|header| header == column);
        if let Some(missing) = columns.required.iter().find(|column| place(column).is_none()) {
            let found = headers.join(", ");
            return Err(Error::Failed(format!("{name}, line 1: there is no column {missing:?}; found: {found}")));
        }
        let unused = headers.iter().filter(|header| known().all(|column| column != header)).cloned().collect();
        let places = known().map(place).collect();
        Ok(Self { reader, places, width: headers.len(), unused, bar, record: csv::ByteRecord::new() })
    }

    /// Columns of the file that nobody asks for.
    pub fn unused_columns(&self) -> &[String] {
        &self.unused
    }

    /// Shows what the import has come to beside the bar.
    pub fn show(&self, message: String) {
        self.bar.set_message(message);
    }

    /// Prints a line without tearing the bar.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    /// The next row; `None` at the end of the file.
    pub fn next_row(&mut self) -> Option<Result<SheetRow, BadRow>> {
        let line_before = self.reader.position().line();
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => {
                self.bar.finish_and_clear();
                None
            }
            Ok(true) => {
                let line = self.record.position().map_or(line_before, csv::Position::line);
                Some(self.read_fields(line).map_err(|reason| BadRow { line, reason }))
            }
            Err(error) => Some(Err(BadRow { line: line_before, reason: error.to_string() })),
        }
    }

    fn read_fields(&self, line: u64) -> Result<SheetRow, String> {
        if self.record.len() != self.width {
            return Err(format!("{} fields, but the first line names {} columns", self.record.len(), self.width));
        }
        let field = |place: &Option<usize>| match place.and_then(|place| self.record.get(place)) {
            None => Ok(None),
            Some(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Some(text.to_owned())),
                Err(_) => Err("a field is not UTF-8".to_owned()),
            },
        };
        Ok(SheetRow { line, fields: self.places.iter().map(field).collect::<Result<_, String>>()? })
    }
}

/// As it stands there, without the mark some programs begin a file with.
fn column_name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_start_matches('\u{feff}').trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: Columns = Columns { required: &["title"], optional: &["link"] };

    fn sheet(content: &[u8]) -> Result<Sheet, Error> {
        let path = std::env::temp_dir().join(format!("piecework-sheet-{}-{:p}.csv", std::process::id(), content));
        std::fs::write(&path, content).unwrap();
        let sheet = Sheet::open(&path, &COLUMNS);
        std::fs::remove_file(&path).unwrap();
        sheet
    }

    #[test]
    fn rows_are_read_by_column_name_with_quotes_and_line_breaks_and_their_line() {
        let content =
            "\u{feff}extra,link,title\n1,http://a,\"He said \"\"hi\"\"\"\n2,,\"two\nlines\"\n3,http://c,last\n";
        let mut sheet = sheet(content.as_bytes()).unwrap();
        assert_eq!(sheet.unused_columns(), ["extra"]);
        let mut rows = Vec::new();
        while let Some(row) = sheet.next_row() {
            let row = row.ok().unwrap();
            rows.push((row.line, row.fields[0].clone().unwrap()));
        }
        assert_eq!(rows, [(2, "He said \"hi\"".to_owned()), (3, "two\nlines".to_owned()), (5, "last".to_owned())]);
    }

    #[test]
    fn bad_rows_are_named_by_line_and_the_rest_goes_on() {
        let mut sheet = sheet(b"title\ngood\na,b\n\xff\nalso good\n").unwrap();
        let mut bad = Vec::new();
        let mut good = 0;
        while let Some(row) = sheet.next_row() {
            match row {
                Ok(_) => good += 1,
                Err(row) => bad.push(row.line),
            }
        }
        assert_eq!((good, bad), (2, vec![3, 4]));
    }

    #[test]
    fn a_file_without_the_column_is_refused_and_says_what_it_found() {
        let error = sheet(b"name,link\n").err().unwrap().to_string();
        assert!(error.contains("\"title\"") && error.contains("name, link"), "{error}");
        assert!(sheet(b"").is_err());
        assert!(sheet(b"title,title\n").is_err());
    }
}
