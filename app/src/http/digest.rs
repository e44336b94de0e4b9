//! Digests for ETags.

use kernel::text::hex;
use sha2::{Digest, Sha256};

/// The first `length` bytes of the SHA-256 of `bytes`, in hexadecimal.
#[must_use]
pub fn digest(bytes: &[u8], length: usize) -> String {
    let digest = Sha256::digest(bytes);
    hex(digest.get(..length).unwrap_or(&digest))
}
