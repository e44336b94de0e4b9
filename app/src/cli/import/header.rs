//! Finds the columns of an import in the first row of a file, and takes their values from the
//! other rows.

use std::io::Read;

use super::records::{Record, Records, Unreadable};
use crate::cli::printable::printable;

/// The columns of an import.
pub struct Columns {
    /// The file must have these columns.
    pub required: &'static [&'static str],
    /// The file may have these columns.
    pub optional: &'static [&'static str],
}

impl Columns {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }
}

/// Characters that some programs write between fields instead of a comma, and their names.
const OTHER_SEPARATORS: [(char, &str); 3] = [(';', "semicolons"), ('\t', "tabs"), ('|', "vertical bars")];
/// For Excel a first line of this and a character says that the character separates the fields.
const SEPARATOR_LINE: &str = "sep=";

/// The columns of a file.
pub struct Header {
    /// The names of the columns, as they are in the file. A column without a name is empty.
    names: Vec<String>,
    /// Number of columns up to the last one that has a name. Every row has at least as many fields.
    width: usize,
    /// For each column of the import, its name and its index in the file.
    places: Vec<(&'static str, Option<usize>)>,
}

impl Header {
    /// Reads the first row that has a value.
    pub fn read<R: Read>(records: &mut Records<R>, columns: &Columns) -> Result<Self, Unreadable> {
        let mut record = Record::default();
        loop {
            if !records.read(&mut record)? {
                let reason = "the file is empty: the first line must name the columns".to_owned();
                return Err(Unreadable { line: 1, reason });
            }
            if !record.is_blank() && !is_separator_line(&record) {
                break;
            }
        }
        Self::find(&record, columns).map_err(|reason| Unreadable { line: record.line(), reason })
    }

    fn find(record: &Record, columns: &Columns) -> Result<Self, String> {
        let name = |index| std::str::from_utf8(record.field(index).unwrap_or_default());
        let names: Vec<String> = (0..record.len())
            .map(|index| name(index).map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()))
            .collect::<Result<_, _>>()
            .map_err(|_| "the name of a column is not UTF-8; save the file as UTF-8".to_owned())?;
        let named = || names.iter().filter(|name| !name.is_empty());
        if let Some(twice) = named().find(|name| named().filter(|other| other == name).count() > 1) {
            return Err(format!("the column \"{}\" appears twice", printable(twice)));
        }
        let places: Vec<_> =
            columns.names().map(|column| (column, names.iter().position(|name| name == column))).collect();
        if let Some((missing, _)) = places.iter().take(columns.required.len()).find(|(_, place)| place.is_none()) {
            let found: Vec<&str> = named().map(String::as_str).collect();
            return Err(format!("there is no column {missing:?}; found: {}", printable(&found.join(", "))));
        }
        let width = names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        Ok(Self { names, width, places })
    }

    /// The named columns that the import does not use, safe to print.
    pub fn unused_columns(&self) -> Vec<String> {
        let is_used = |name: &String| self.places.iter().any(|(column, _)| name == column);
        self.names.iter().filter(|name| !name.is_empty() && !is_used(name)).map(|name| printable(name)).collect()
    }

    /// The values of the columns of the import. None: the file does not have the column.
    pub fn values(&self, record: &Record) -> Result<Vec<Option<String>>, String> {
        self.check_width(record)?;
        let mut unnamed = self.names.iter().enumerate().filter(|(_, name)| name.is_empty());
        if let Some((index, _)) = unnamed.find(|(index, _)| record.has_value(*index)) {
            return Err(format!("a value in column {}, which has no name", index + 1));
        }
        let value = |&(column, place): &(&str, Option<usize>)| match place.and_then(|place| record.field(place)) {
            None => Ok(None),
            Some(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if text.contains('\0') => Err(format!("{column}: control characters (a zero byte)")),
                Ok(text) => Ok(Some(text.to_owned())),
                Err(_) => Err(format!("{column}: a character is broken or not UTF-8; save the file as UTF-8")),
            },
        };
        self.places.iter().map(value).collect()
    }

    /// A row may have empty fields after its columns, and may lack fields of columns without names.
    fn check_width(&self, record: &Record) -> Result<(), String> {
        let (fields, width) = (record.len(), self.width);
        let has_surplus = (self.names.len()..fields).any(|index| record.has_value(index));
        if fields >= width && !has_surplus {
            return Ok(());
        }
        let count = if fields == 1 { "1 field".to_owned() } else { format!("{fields} fields") };
        let cause = self.cause_of_wrong_width(record).unwrap_or_default();
        Err(format!("{count}, but the first line names {width} columns{cause}"))
    }

    fn cause_of_wrong_width(&self, record: &Record) -> Option<String> {
        if record.len() == 1 {
            let row = String::from_utf8_lossy(record.field(0)?);
            let is_separator = |separator: char| row.split(separator).count() >= self.width;
            if let Some((_, name)) = OTHER_SEPARATORS.iter().find(|(separator, _)| is_separator(*separator)) {
                return Some(format!("; its fields seem to be separated by {name}"));
            }
        }
        let is_cut = record.is_last() && record.len() < self.width;
        is_cut.then(|| "; the file ends within this row".to_owned())
    }
}

/// Whether the row says that commas separate the fields.
fn is_separator_line(record: &Record) -> bool {
    let fields: Vec<&[u8]> = (0..record.len()).filter_map(|index| record.field(index)).collect();
    matches!(fields[..], [b"sep=", b""] | [b"sep=,"])
}

/// Checks the first line that is not blank, before its quotes are read. A file of another format is
/// reported as such, not by what is wrong with its quotes.
pub fn check_format(head: &[u8], columns: &Columns) -> Result<(), Unreadable> {
    let head = String::from_utf8_lossy(head).replace("\r\n", "\n");
    let Some((before, line)) = head.split(['\n', '\r']).enumerate().find(|(_, line)| !line.trim().is_empty()) else {
        return Ok(());
    };
    let wrong = |reason: String| Err(Unreadable { line: before as u64 + 1, reason });
    if line.contains('\0') {
        return wrong(
            "zero bytes, as in UTF-16 without a byte order mark or in a file that is no text; save the file as UTF-8"
                .to_owned(),
        );
    }
    let separated = |name: &str| wrong(format!("the columns are separated by {name}; save the file with commas"));
    if let Some(separator) = line.trim_matches('"').strip_prefix(SEPARATOR_LINE) {
        return match OTHER_SEPARATORS.iter().find(|(other, _)| separator.starts_with(*other)) {
            Some((_, name)) => separated(name),
            None => Ok(()),
        };
    }
    let known = |separator: char| {
        let names =
            line.split(separator).map(|name| name.trim_matches(|letter: char| letter == '"' || letter.is_whitespace()));
        names.filter(|name| columns.names().any(|column| column == *name)).count()
    };
    match OTHER_SEPARATORS.iter().find(|(separator, _)| known(*separator) > known(',')) {
        Some((_, name)) => separated(name),
        None => Ok(()),
    }
}
