//! The file of one table: the rows in PostgreSQL's text format, compressed by gzip.
//!
//! The checksum is that of the file, so `sha256sum` can check a backup without this program.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use kernel::text::hex;
use sha2::{Digest, Sha256};

use super::private::create_private_file;

/// Number of bytes that are read from a file at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// What was written to a file.
pub struct Written {
    /// Number of rows.
    pub rows: u64,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
}

/// Writes the file of a table.
pub struct TableWriter {
    encoder: GzEncoder<Digested<BufWriter<File>>>,
    rows: u64,
}

/// Passes bytes on, and computes their number and their digest.
struct Digested<W> {
    inner: W,
    digest: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Digested<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.digest.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl TableWriter {
    /// Creates the file, which must not exist.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = BufWriter::new(create_private_file(path)?);
        let digested = Digested { inner: file, digest: Sha256::new(), bytes: 0 };
        Ok(Self { encoder: GzEncoder::new(digested, Compression::fast()), rows: 0 })
    }

    /// Appends a part of the rows. In the text format, a line break ends a row and is nowhere else.
    pub fn append(&mut self, part: &[u8]) -> io::Result<()> {
        self.rows += part.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.encoder.write_all(part)
    }

    /// Completes the file on the disk.
    pub fn finish(self) -> io::Result<Written> {
        let mut digested = self.encoder.finish()?;
        digested.flush()?;
        digested.inner.get_ref().sync_all()?;
        Ok(Written { rows: self.rows, bytes: digested.bytes, sha256: hex(&digested.digest.finalize()) })
    }
}

/// Reads the rows of a table.
pub struct TableReader {
    decoder: GzDecoder<BufReader<File>>,
    chunk: Vec<u8>,
}

impl TableReader {
    pub fn open(path: &Path) -> io::Result<Self> {
        let decoder = GzDecoder::new(BufReader::with_capacity(CHUNK_BYTES, File::open(path)?));
        Ok(Self { decoder, chunk: vec![0; CHUNK_BYTES] })
    }

    /// The next part of the rows; empty at the end.
    pub fn next_part(&mut self) -> io::Result<&[u8]> {
        let count = self.decoder.read(&mut self.chunk)?;
        Ok(&self.chunk[..count])
    }
}

/// The length and the SHA-256 of a file. `observe` is called with the number of bytes so far.
pub fn digest_of(path: &Path, mut observe: impl FnMut(u64)) -> io::Result<(u64, String)> {
    let (mut file, mut digest) = (File::open(path)?, Sha256::new());
    let (mut chunk, mut bytes) = (vec![0; CHUNK_BYTES], 0);
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 {
            return Ok((bytes, hex(&digest.finalize())));
        }
        digest.update(&chunk[..count]);
        bytes += count as u64;
        observe(bytes);
    }
}
