//! Secrets given out once and kept as a hash: refresh tokens and the tokens of one-time links.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Ambient;
use sha2::{Digest, Sha256};

const SECRET_BYTES: usize = 32;

/// A new secret: 256 random bits, base64url.
pub(crate) fn new_secret(ambient: &Ambient) -> String {
    let mut bytes = [0_u8; SECRET_BYTES];
    ambient.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is stored of a secret. It has too much entropy to be guessed, so a plain hash is enough.
pub(crate) fn hash_secret(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn a_secret_is_never_given_out_twice_and_fits_into_a_url() {
        let ambient = Ambient::manual(DateTime::UNIX_EPOCH, 1);
        let (first, second) = (new_secret(&ambient), new_secret(&ambient));
        assert_ne!(first, second);
        assert_eq!(first.len(), 43);
        assert!(first.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(hash_secret(&first).len(), 32);
    }
}
