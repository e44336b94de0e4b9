//! Secrets that are stored only as a hash: refresh tokens and the tokens of one-time links.
//! The successor of a refresh token follows from the token and a stored salt.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Ambient;
use sha2::{Digest, Sha256};

/// Number of random bytes of a secret.
const SECRET_BYTES: usize = 32;

/// A new secret: 256 random bits as base64url.
pub(crate) fn new_secret(ambient: &Ambient) -> String {
    let mut bytes = [0_u8; SECRET_BYTES];
    ambient.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The hash of a secret, which is stored in its place. A plain hash is enough, because a secret has
/// too much entropy to be guessed.
pub(crate) fn hash_secret(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// A new salt, for the successor of a refresh token.
pub(crate) fn new_salt(ambient: &Ambient) -> [u8; SECRET_BYTES] {
    let mut salt = [0_u8; SECRET_BYTES];
    ambient.fill(&mut salt);
    salt
}

/// The refresh token that follows `token`. Only a person with the token and the salt can compute
/// it. The salt comes first and has a fixed length, so that no two pairs have the same input.
pub(crate) fn successor_of(token: &str, salt: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::new().chain_update(salt).chain_update(token.as_bytes()).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn two_secrets_differ_and_contain_only_url_safe_characters() {
        let ambient = Ambient::manual(DateTime::UNIX_EPOCH, 1);
        let (first, second) = (new_secret(&ambient), new_secret(&ambient));
        assert_ne!(first, second);
        assert_eq!(first.len(), 43);
        assert!(first.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(hash_secret(&first).len(), 32);
    }

    #[test]
    fn a_successor_follows_from_the_token_and_the_salt_and_from_nothing_less() {
        let ambient = Ambient::manual(DateTime::UNIX_EPOCH, 1);
        let (token, salt) = (new_secret(&ambient), new_salt(&ambient));
        let successor = successor_of(&token, &salt);
        assert_eq!(successor, successor_of(&token, &salt));
        assert_eq!(successor.len(), token.len());
        assert_ne!(successor, successor_of(&token, &new_salt(&ambient)));
        assert_ne!(successor, successor_of(&new_secret(&ambient), &salt));
    }
}
