//! Compares the reader with the crate `csv`, and tests what it refuses.

use super::*;

/// The line and the fields of a record.
type Row = (u64, Vec<Vec<u8>>);

fn read(text: &[u8]) -> Result<Vec<Row>, Unreadable> {
    let (mut records, mut record) = (Records::new(text), Record::default());
    let mut rows = Vec::new();
    while records.read(&mut record)? {
        let fields = (0..record.len()).map(|index| record.field(index).unwrap().to_vec()).collect();
        rows.push((record.line(), fields));
    }
    Ok(rows)
}

fn fields(rows: Vec<Row>) -> Vec<Vec<Vec<u8>>> {
    rows.into_iter().map(|(_, fields)| fields).collect()
}

fn lines(rows: &[Row]) -> Vec<u64> {
    rows.iter().map(|(line, _)| *line).collect()
}

fn read_with_csv(text: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    reader.byte_records().map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect()).collect()
}

/// Calls `check` with every text of up to `length_max` of these bytes.
fn for_each_text(alphabet: &[u8], length_max: usize, mut check: impl FnMut(&[u8])) {
    let mut text = Vec::new();
    for length in 0..=length_max {
        for number in 0..alphabet.len().pow(u32::try_from(length).unwrap()) {
            text.clear();
            let mut rest = number;
            for _ in 0..length {
                text.push(alphabet[rest % alphabet.len()]);
                rest /= alphabet.len();
            }
            check(&text);
        }
    }
}

#[test]
fn what_is_accepted_means_the_same_to_the_crate_csv() {
    let mut accepted = 0;
    for_each_text(b"a\",\n\r\\", 6, |text| {
        if let Ok(rows) = read(text) {
            accepted += 1;
            assert_eq!(fields(rows), read_with_csv(text), "{:?}", String::from_utf8_lossy(text));
        }
    });
    assert!(accepted > 10_000, "{accepted}");
}

#[test]
fn what_the_crate_csv_writes_is_read_back() {
    for_each_text(b"a\",\n\r\\", 5, |text| {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        let record = [&b"first"[..], text];
        writer.write_record(record).unwrap();
        let written = writer.into_inner().unwrap();
        assert_eq!(fields(read(&written).unwrap()), [record.map(<[u8]>::to_vec)]);
    });
}

#[test]
fn lines_are_the_same_for_every_kind_of_line_break() {
    for_each_text(b"a\",\n", 7, |text| {
        let text = str::from_utf8(text).unwrap();
        let expected = read(text.as_bytes()).map(|rows| lines(&rows));
        for line_break in ["\r\n", "\r"] {
            let rows = read(text.replace('\n', line_break).as_bytes());
            assert_eq!(rows.map(|rows| lines(&rows)), expected, "{text:?} with {line_break:?}");
        }
    });
}

#[test]
fn a_record_has_the_line_on_which_it_starts() {
    let text = b"\n1\n\n\n\"2\n\n\"\n3,\"\n\",\"\n\"\n,\n4";
    assert_eq!(lines(&read(text).unwrap()), [2, 5, 8, 11, 12]);
}

#[test]
fn broken_quoting_is_refused_with_the_line_on_which_the_quote_opens() {
    let refused: [(&[u8], u64, &str); 14] = [
        (b"a\nb,\"c\nd,e\nf,g", 2, "never closed"),
        (b"a\n\"", 2, "never closed"),
        (b"a\r\rb,\"c\r\"\"", 3, "never closed"),
        (b"a\nb,\"c\nd,\"e\"\n", 2, "is closed on line 3, where text follows"),
        (b"\"a\" b,c\n", 1, "text after the closing quote"),
        (b"\"a\" ,c\n", 1, "text after the closing quote"),
        (b"\"a\"b\"\n", 1, "text after the closing quote"),
        (b"a\n5\" pipe,c\n", 2, "a quote inside a field"),
        (b"a, \"b\"\n", 1, "a quote inside a field"),
        (b"a\n\"say \\\"hi\\\"\",b\n", 2, "a backslash does not escape"),
        (b"a\n\"27\\\"\",b\nc,d\n", 2, "a backslash does not escape"),
        (b"a\n\"27\\\"\",b\n\"28\\\"\",c\n", 2, "a backslash does not escape"),
        (b"a\n\"27\\\", black\",b\n", 2, "a backslash does not escape"),
        (b"a\n\"x\\\",\"b\"c\n", 2, "text after the closing quote"),
    ];
    for (text, line, words) in refused {
        let error = read(text).unwrap_err();
        assert!(error.line == line && error.reason.contains(words), "{}: {error:?}", String::from_utf8_lossy(text));
    }
}

#[test]
fn a_backslash_is_an_ordinary_character() {
    let rows = read(b"\"C:\\\",a\\b\n\"{\"\"a\"\": \"\"b\\\"\"c\"\"}\",\\\n").unwrap();
    let text: Vec<String> =
        rows.iter().flat_map(|row| &row.1).map(|field| String::from_utf8_lossy(field).into()).collect();
    assert_eq!(text, ["C:\\", "a\\b", "{\"a\": \"b\\\"c\"}", "\\"]);
}

#[test]
fn memory_is_bounded() {
    let endless = |start: &'static [u8], byte: u8| {
        Records::new(start.chain(io::repeat(byte))).read(&mut Record::default()).unwrap_err()
    };
    let error = endless(b"\n\"", b'\n');
    assert!(error.line == 2 && error.reason.contains("not closed within 1024 KiB"), "{error:?}");
    for byte in [b'a', b','] {
        let error = endless(b"\n\n", byte);
        assert!(error.line == 3 && error.reason.contains("longer than 1024 KiB"), "{error:?}");
    }
}

#[test]
fn blank_records_are_recognised() {
    let is_blank = |text: &[u8]| {
        let (mut records, mut record) = (Records::new(text), Record::default());
        assert!(records.read(&mut record).unwrap());
        record.is_blank()
    };
    for text in [",,", " ", "\t,\u{a0}", "\"\"", "\" \n\",", "\u{3000},"] {
        assert!(is_blank(text.as_bytes()), "{text:?}");
    }
    for text in [&b",x"[..], b"\xff", b"0", b"\0"] {
        assert!(!is_blank(text), "{text:?}");
    }
}
