//! Access tokens: EdDSA JWTs (RFC 9068), the keys that sign them and the rules that verify them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Duration, Utc};
use contracts::{PersonId, Role, SessionId};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kernel::Ambient;
use kernel::http::CursorKey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::Error;

/// The `typ` of an access token. It distinguishes access tokens from other kinds of tokens.
const TOKEN_TYPE: &str = "at+jwt";
/// Maximum difference between the clocks of two processes.
pub(crate) const LEEWAY: Duration = Duration::seconds(5);
/// Maximum number of tokens in the cache of verified tokens. A full cache is emptied. A token takes
/// about 600 bytes.
const VERIFIED_TOKENS_MAX: usize = 4_096;
/// The PKCS #8 bytes before the 32 bytes of an Ed25519 private key (RFC 8410).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The claims of an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The issuer.
    pub iss: String,
    /// The audience.
    pub aud: String,
    /// The person.
    pub sub: PersonId,
    /// When the token was issued, in Unix seconds.
    pub iat: i64,
    /// The start of its validity, in Unix seconds.
    pub nbf: i64,
    /// The end of its validity, in Unix seconds.
    pub exp: i64,
    /// The token's own id.
    pub jti: Uuid,
    /// The session. The end of a session revokes its tokens.
    pub sid: SessionId,
    /// The person's role when the token was issued.
    pub role: Role,
    /// The person's access version when the token was issued. A change of access revokes the tokens
    /// with a lower version.
    pub ver: i64,
}

/// The person and session for which a token is issued.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    /// The person.
    pub person_id: PersonId,
    /// The session.
    pub session_id: SessionId,
    /// The person's role.
    pub role: Role,
    /// The person's access version.
    pub access_version: i64,
}

/// What is signed to derive the key of cursors. A token is never equal to it, because it has dots.
const CURSOR_KEY_MESSAGE: &[u8] = b"piecework cursor key 1";

/// A key that signs and verifies access tokens.
pub(crate) struct SigningKey {
    /// The RFC 7638 thumbprint of the public key.
    pub id: String,
    /// The key of cursors that is derived from this key.
    pub cursor_key: CursorKey,
    /// From this moment on the key signs, unless a newer one does. Every process has the key
    /// before.
    pub signs_from: DateTime<Utc>,
    /// From this moment on the key verifies nothing; `None` until it is replaced.
    pub verifies_until: Option<DateTime<Utc>>,
    private: EncodingKey,
    public: DecodingKey,
    jwk: Jwk,
}

/// The keys of the installation, the newest first. The first one that may sign signs, all verify.
pub(crate) struct Keyring {
    keys: Vec<SigningKey>,
    issuer: String,
    audience: String,
    /// The tokens whose signature was verified. Verifying a signature costs more than the rest of a
    /// request.
    verified: RwLock<HashMap<Box<str>, Arc<Claims>>>,
}

/// A new Ed25519 private key: 48 bytes of PKCS #8 with 32 random bytes.
pub(crate) fn new_private_key(ambient: &Ambient) -> Vec<u8> {
    let mut seed = [0_u8; 32];
    ambient.fill(&mut seed);
    [PKCS8_PREFIX.as_slice(), seed.as_slice()].concat()
}

impl SigningKey {
    /// Reads a key from the database.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        Self::new(EncodingKey::from_ed_der(der)).map_err(|error| internal(&error))
    }

    /// Reads a key from the configuration. The error contains no part of the key.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        EncodingKey::from_ed_pem(pem.trim().as_bytes()).and_then(Self::new).map_err(|_| Error::Settings {
            key: "keys",
            reason: "each must be an Ed25519 private key as PEM, such as from `openssl genpkey -algorithm ed25519`"
                .to_owned(),
        })
    }

    fn new(private: EncodingKey) -> Result<Self, jsonwebtoken::errors::Error> {
        let mut jwk = Jwk::from_encoding_key(&private, Algorithm::EdDSA)?;
        let id = jwk.thumbprint(ThumbprintHash::SHA256)?;
        jwk.common.key_id = Some(id.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        let public = DecodingKey::from_jwk(&jwk)?;
        // An Ed25519 signature depends on the key and the message only, and cannot be computed
        // without the private key. So each process derives the same secret.
        let signature = jsonwebtoken::crypto::sign(CURSOR_KEY_MESSAGE, &private, Algorithm::EdDSA)?;
        let cursor_key = Sha256::digest(signature.as_bytes()).into();
        let signs_from = DateTime::UNIX_EPOCH;
        Ok(Self { id, cursor_key, signs_from, verifies_until: None, private, public, jwk })
    }

    fn verifies_at(&self, now: DateTime<Utc>) -> bool {
        self.verifies_until.is_none_or(|until| now < until)
    }
}

impl Keyring {
    /// A keyring for tokens of this issuer and audience.
    pub fn new(keys: Vec<SigningKey>, issuer: String, audience: String) -> Self {
        Self { keys, issuer, audience, verified: RwLock::default() }
    }

    /// The public keys that verify at `now`, as `/.well-known/jwks.json` shows them.
    pub fn jwks(&self, now: DateTime<Utc>) -> JwkSet {
        JwkSet { keys: self.keys.iter().filter(|key| key.verifies_at(now)).map(|key| key.jwk.clone()).collect() }
    }

    /// The ids of the keys, each with the end of its validity.
    pub fn ids(&self) -> impl Iterator<Item = (&str, Option<DateTime<Utc>>)> {
        self.keys.iter().map(|key| (key.id.as_str(), key.verifies_until))
    }

    /// The newest key that signs already. The first key of an installation signs at once.
    fn signing_key(&self, now: DateTime<Utc>) -> Option<&SigningKey> {
        self.keys.iter().find(|key| key.signs_from <= now).or(self.keys.last())
    }

    /// The keys of cursors, one for each key that verifies at `now`. That of the key that signs is
    /// the first: other processes may not know a newer one yet.
    pub fn cursor_keys(&self, now: DateTime<Utc>) -> Vec<CursorKey> {
        let signing = self.signing_key(now);
        let id = signing.map(|key| key.id.as_str());
        let others = self.keys.iter().filter(|key| key.verifies_at(now) && Some(key.id.as_str()) != id);
        signing.into_iter().chain(others).map(|key| key.cursor_key).collect()
    }

    /// A signed token that is valid from `now` for `lifetime`.
    pub fn issue(&self, subject: Subject, jti: Uuid, now: DateTime<Utc>, lifetime: Duration) -> Result<String, Error> {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: subject.person_id,
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: (now + lifetime).timestamp(),
            jti,
            sid: subject.session_id,
            role: subject.role,
            ver: subject.access_version,
        };
        self.sign(TOKEN_TYPE, &claims, now)
    }

    /// Signs claims as a token of the kind `token_type`, which distinguishes it from other kinds.
    pub fn sign(&self, token_type: &str, claims: &impl Serialize, now: DateTime<Utc>) -> Result<String, Error> {
        let key = self.signing_key(now).ok_or(Error::KeysNotLoaded)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(token_type.to_owned());
        header.kid = Some(key.id.clone());
        jsonwebtoken::encode(&header, claims, &key.private).map_err(|error| internal(&error))
    }

    /// The claims of a token that a key of the keyring has signed and that is valid at `now`;
    /// `Error::TokenKeyUnknown` if the token names another key.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Arc<Claims>, Error> {
        let known = self.verified.read().unwrap_or_else(PoisonError::into_inner).get(token).map(Arc::clone);
        if let Some(claims) = known {
            check_times(&claims, now)?;
            return Ok(claims);
        }
        let claims = Arc::new(self.check_signature(token, now)?);
        check_times(&claims, now)?;
        let mut verified = self.verified.write().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= VERIFIED_TOKENS_MAX {
            verified.clear();
        }
        verified.insert(token.into(), Arc::clone(&claims));
        Ok(claims)
    }

    fn check_signature(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, Error> {
        let mut validation = validation();
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        self.decode(TOKEN_TYPE, token, &validation, now)
    }

    /// The claims of a token of another kind that `sign` has made. The caller checks what they say.
    pub fn verify_signature<T: DeserializeOwned>(
        &self,
        token_type: &str,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<T, Error> {
        let mut validation = validation();
        validation.validate_aud = false;
        validation.set_required_spec_claims::<&str>(&[]);
        self.decode(token_type, token, &validation, now)
    }

    fn decode<T: DeserializeOwned>(
        &self,
        token_type: &str,
        token: &str,
        validation: &Validation,
        now: DateTime<Utc>,
    ) -> Result<T, Error> {
        if self.keys.is_empty() {
            return Err(Error::KeysNotLoaded);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Error::TokenInvalid)?;
        // RFC 7515, section 4.1.11: this program understands no extension that a token may demand.
        if header.crit.is_some() {
            return Err(Error::TokenInvalid);
        }
        let id = header.kid.ok_or(Error::TokenInvalid)?;
        let key = self.keys.iter().find(|key| key.id == id && key.verifies_at(now)).ok_or(Error::TokenKeyUnknown)?;
        let token = jsonwebtoken::decode::<T>(token, &key.public, validation).map_err(|_| Error::TokenInvalid)?;
        if token.header.typ.as_deref() != Some(token_type) {
            return Err(Error::TokenInvalid);
        }
        Ok(token.claims)
    }
}

/// The rules of every kind of token. The library uses the clock of the machine; the callers use
/// their own clock.
fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

fn check_times(claims: &Claims, now: DateTime<Utc>) -> Result<(), Error> {
    let (now, leeway) = (now.timestamp(), LEEWAY.num_seconds());
    if claims.nbf.saturating_sub(leeway) > now {
        return Err(Error::TokenInvalid);
    }
    if claims.exp.saturating_add(leeway) <= now {
        return Err(Error::TokenExpired);
    }
    Ok(())
}

fn internal(error: &jsonwebtoken::errors::Error) -> Error {
    Error::Internal(format!("access token: {error}"))
}

#[cfg(test)]
mod tests;
