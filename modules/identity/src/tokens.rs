//! Access tokens: EdDSA JWTs (RFC 9068), the keys that sign them, and the rules by which one is believed; no clock of its own.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Duration, Utc};
use contracts::{PersonId, Role, SessionId};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kernel::Ambient;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::Error;

/// The `typ` of our access tokens; other kinds of tokens that may come are told apart by it.
const TOKEN_TYPE: &str = "at+jwt";
/// How far the clocks of our processes may differ.
pub(crate) const LEEWAY: Duration = Duration::seconds(5);
/// So many tokens are remembered, at some 600 bytes each; then it begins anew.
const BELIEVED_MAX: usize = 4_096;
/// RFC 8410: what stands before the 32 bytes of an Ed25519 private key in PKCS #8.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: PersonId,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub jti: Uuid,
    /// The session, so that a logout is felt at once.
    pub sid: SessionId,
    pub role: Role,
    /// The person's access version when it was made.
    pub ver: i64,
}

/// Whom a new token speaks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    pub person_id: PersonId,
    pub session_id: SessionId,
    pub role: Role,
    pub access_version: i64,
}

/// One key, ready to sign and to verify.
pub(crate) struct SigningKey {
    /// The RFC 7638 thumbprint of the public key.
    pub id: String,
    private: EncodingKey,
    public: DecodingKey,
    jwk: Jwk,
}

/// The keys of this installation; the first signs.
pub(crate) struct Keyring {
    keys: Vec<SigningKey>,
    issuer: String,
    audience: String,
    /// Tokens whose signature was found good: checking one costs more than all the rest of a request.
    believed: RwLock<HashMap<Box<str>, Arc<Claims>>>,
}

/// 48 bytes of PKCS #8 around 32 random ones: a new Ed25519 private key.
pub(crate) fn new_private_key(ambient: &Ambient) -> Vec<u8> {
    let mut seed = [0_u8; 32];
    ambient.fill(&mut seed);
    [PKCS8_PREFIX.as_slice(), seed.as_slice()].concat()
}

impl SigningKey {
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        Self::new(EncodingKey::from_ed_der(der)).map_err(|error| internal(&error))
    }

    /// The error names no part of the key.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        EncodingKey::from_ed_pem(pem.trim().as_bytes()).and_then(Self::new).map_err(|_| Error::Settings {
            key: "keys",
            reason: "each is an Ed25519 private key as PEM, as `openssl genpkey -algorithm ed25519` makes it"
                .to_owned(),
        })
    }

    fn new(private: EncodingKey) -> Result<Self, jsonwebtoken::errors::Error> {
        let mut jwk = Jwk::from_encoding_key(&private, Algorithm::EdDSA)?;
        let id = jwk.thumbprint(ThumbprintHash::SHA256)?;
        jwk.common.key_id = Some(id.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        let public = DecodingKey::from_jwk(&jwk)?;
        Ok(Self { id, private, public, jwk })
    }
}

impl Keyring {
    pub fn new(keys: Vec<SigningKey>, issuer: String, audience: String) -> Self {
        Self { keys, issuer, audience, believed: RwLock::default() }
    }

    /// The public keys, as `/.well-known/jwks.json` shows them.
    pub fn jwks(&self) -> JwkSet {
        JwkSet { keys: self.keys.iter().map(|key| key.jwk.clone()).collect() }
    }

    /// A signed token that is good from `now` on for `lifetime`.
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
        let key = self.keys.first().ok_or(Error::NotReady)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(key.id.clone());
        jsonwebtoken::encode(&header, &claims, &key.private).map_err(|error| internal(&error))
    }

    /// What the token says, if one of our keys has signed it for us and it is good at `now`.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Arc<Claims>, Error> {
        let known = self.believed.read().unwrap_or_else(PoisonError::into_inner).get(token).map(Arc::clone);
        if let Some(claims) = known {
            check_times(&claims, now)?;
            return Ok(claims);
        }
        let claims = Arc::new(self.check_signature(token)?);
        check_times(&claims, now)?;
        let mut believed = self.believed.write().unwrap_or_else(PoisonError::into_inner);
        if believed.len() >= BELIEVED_MAX {
            believed.clear();
        }
        believed.insert(token.into(), Arc::clone(&claims));
        Ok(claims)
    }

    fn check_signature(&self, token: &str) -> Result<Claims, Error> {
        if self.keys.is_empty() {
            return Err(Error::NotReady);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Error::TokenInvalid)?;
        let key = self.keys.iter().find(|key| header.kid.as_ref() == Some(&key.id)).ok_or(Error::TokenInvalid)?;
        let token =
            jsonwebtoken::decode::<Claims>(token, &key.public, &self.validation()).map_err(|_| Error::TokenInvalid)?;
        if token.header.typ.as_deref() != Some(TOKEN_TYPE) {
            return Err(Error::TokenInvalid);
        }
        Ok(token.claims)
    }

    fn validation(&self) -> Validation {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        // The library asks the machine's clock; ours is the ambient's, so `check_times` does it.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }
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
