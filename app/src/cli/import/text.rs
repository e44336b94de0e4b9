//! Decodes a file to UTF-8. The first bytes of the file decide how.

use std::io::{self, Cursor, Read};

/// The byte order mark of UTF-8, which some programs write at the beginning of a file.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
/// The byte order mark of UTF-16 with the low byte of a unit first.
const UTF16_LE_MARK: &[u8] = b"\xff\xfe";
/// The byte order mark of UTF-16 with the high byte of a unit first.
const UTF16_BE_MARK: &[u8] = b"\xfe\xff";
/// Maximum length of the marks and of the signatures.
const START_BYTES_MAX: u64 = 4;

/// The first bytes of files that are no text, and what to do instead.
const NO_TEXT: [(&[u8], &str); 5] = [
    (b"\xff\xfe\0\0", "it is UTF-32; save it as UTF-8"),
    (b"\0\0\xfe\xff", "it is UTF-32; save it as UTF-8"),
    (b"PK\x03\x04", "it is a ZIP archive, as workbooks (.xlsx, .ods) are; save the sheet as CSV in UTF-8"),
    (b"\xd0\xcf\x11\xe0", "it is a workbook (.xls); save the sheet as CSV in UTF-8"),
    (b"\x1f\x8b", "it is compressed with gzip; decompress it first"),
];

/// A byte that UTF-8 never contains. It stands for a part of UTF-16 that is no character, so that
/// the row which contains it is refused like a row that is not UTF-8.
const NO_CHARACTER: u8 = 0xff;

/// Maximum number of bytes of UTF-16 that are decoded at once.
const CHUNK_BYTES: usize = 8 * 1024;

/// A file as UTF-8 without a byte order mark. UTF-8 is passed on unchecked.
pub struct Text<R> {
    input: R,
    /// The state of the decoder. None: the file is UTF-8.
    utf16: Option<Utf16>,
    /// Bytes of UTF-8 that are not read yet.
    decoded: Cursor<Vec<u8>>,
}

impl<R: Read> Text<R> {
    /// Reads the first bytes. A file that is known to be no text is an error of the kind
    /// `InvalidData`.
    pub fn new(mut input: R) -> io::Result<Self> {
        let mut start = Vec::new();
        input.by_ref().take(START_BYTES_MAX).read_to_end(&mut start)?;
        if let Some((_, what)) = NO_TEXT.iter().find(|(signature, _)| start.starts_with(signature)) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, *what));
        }
        let utf16 = if start.starts_with(UTF16_LE_MARK) {
            Some(Utf16::new(u16::from_le_bytes))
        } else if start.starts_with(UTF16_BE_MARK) {
            Some(Utf16::new(u16::from_be_bytes))
        } else {
            None
        };
        let mut text = Self { input, utf16, decoded: Cursor::default() };
        let decoded = text.decoded.get_mut();
        match &mut text.utf16 {
            Some(utf16) => utf16.decode(&start[UTF16_LE_MARK.len()..], decoded),
            None => decoded.extend_from_slice(start.strip_prefix(UTF8_MARK).unwrap_or(&start)),
        }
        Ok(text)
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.decoded.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Some(utf16) = &mut self.utf16 else { return self.input.read(buffer) };
            let mut chunk = [0; CHUNK_BYTES];
            let count = self.input.read(&mut chunk)?;
            self.decoded.set_position(0);
            let decoded = self.decoded.get_mut();
            decoded.clear();
            utf16.decode(&chunk[..count], decoded);
            if count == 0 && !utf16.finish(decoded) {
                return Ok(0);
            }
        }
    }
}

/// Decodes UTF-16 that arrives in pieces of any length.
struct Utf16 {
    unit: fn([u8; 2]) -> u16,
    /// The first byte of a unit whose second byte has not arrived.
    first_byte: Option<u8>,
    /// The first unit of a character of two units whose second unit has not arrived.
    high_unit: Option<u16>,
}

impl Utf16 {
    const fn new(unit: fn([u8; 2]) -> u16) -> Self {
        Self { unit, first_byte: None, high_unit: None }
    }

    fn decode(&mut self, bytes: &[u8], decoded: &mut Vec<u8>) {
        for &byte in bytes {
            match self.first_byte.take() {
                None => self.first_byte = Some(byte),
                Some(first) => self.decode_unit((self.unit)([first, byte]), decoded),
            }
        }
    }

    fn decode_unit(&mut self, unit: u16, decoded: &mut Vec<u8>) {
        let is_high = (0xd800..0xdc00).contains(&unit);
        if is_high {
            if self.high_unit.replace(unit).is_some() {
                decoded.push(NO_CHARACTER);
            }
            return;
        }
        for character in char::decode_utf16(self.high_unit.take().into_iter().chain([unit])) {
            match character {
                Ok(character) => decoded.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
                Err(_) => decoded.push(NO_CHARACTER),
            }
        }
    }

    /// Ends the text. Returns whether it ends within a character.
    fn finish(&mut self, decoded: &mut Vec<u8>) -> bool {
        let (first_byte, high_unit) = (self.first_byte.take(), self.high_unit.take());
        let is_cut = first_byte.is_some() || high_unit.is_some();
        if is_cut {
            decoded.push(NO_CHARACTER);
        }
        is_cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns one byte at each read.
    struct Dripping<'a>(&'a [u8]);

    impl Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(1);
            self.0.read(&mut buffer[..count])
        }
    }

    fn decode(bytes: &[u8]) -> Vec<u8> {
        let (mut whole, mut dripped) = (Vec::new(), Vec::new());
        Text::new(bytes).unwrap().read_to_end(&mut whole).unwrap();
        Text::new(Dripping(bytes)).unwrap().read_to_end(&mut dripped).unwrap();
        assert_eq!(whole, dripped, "the result depends on how the bytes arrive");
        whole
    }

    fn utf16(text: &str, mark: &[u8], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        [mark.to_vec(), text.encode_utf16().flat_map(bytes).collect()].concat()
    }

    #[test]
    fn a_byte_order_mark_decides_how_a_file_is_decoded() {
        for text in ["", "a", "ab", "title\r\nŸ “q” 🚪 李\n", &"🚪x".repeat(CHUNK_BYTES)] {
            assert_eq!(decode(text.as_bytes()), text.as_bytes());
            assert_eq!(decode(format!("\u{feff}{text}").as_bytes()), text.as_bytes());
            assert_eq!(decode(&utf16(text, UTF16_LE_MARK, u16::to_le_bytes)), text.as_bytes());
            assert_eq!(decode(&utf16(text, UTF16_BE_MARK, u16::to_be_bytes)), text.as_bytes());
        }
    }

    #[test]
    fn what_is_no_character_of_utf_16_is_no_utf_8_either() {
        let units = |units: &[u16]| -> Vec<u8> {
            decode(&[UTF16_BE_MARK.to_vec(), units.iter().flat_map(|unit| unit.to_be_bytes()).collect()].concat())
        };
        assert_eq!(units(&[0x61, 0xdc00, 0x62]), b"a\xffb");
        assert_eq!(units(&[0x61, 0xd800, 0x62]), b"a\xffb");
        assert_eq!(units(&[0xd83d, 0xd83d, 0xdeaa]), [&b"\xff"[..], "🚪".as_bytes()].concat());
        assert_eq!(units(&[0x61, 0xd800]), b"a\xff");
        assert_eq!(decode(b"\xfe\xff\0a\0"), b"a\xff");
    }

    #[test]
    fn a_file_that_is_no_text_is_refused_with_advice() {
        let refused: [(&[u8], &str); 4] = [
            (b"\xff\xfe\0\0t\0\0\0", "UTF-32"),
            (b"PK\x03\x04\x14\0", ".xlsx"),
            (b"\xd0\xcf\x11\xe0\xa1", ".xls"),
            (b"\x1f\x8b\x08", "gzip"),
        ];
        for (bytes, word) in refused {
            let error = Text::new(bytes).err().unwrap().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
