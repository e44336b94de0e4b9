//! Digests for ETags.

use sha2::{Digest, Sha256};

/// The first `length` bytes of the SHA-256 of `bytes`, in hexadecimal.
#[must_use]
pub fn digest(bytes: &[u8], length: usize) -> String {
    Sha256::digest(bytes).iter().take(length).map(|byte| format!("{byte:02x}")).collect()
}
