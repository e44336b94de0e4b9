//! The checks of an ID token.

use chrono::{DateTime, Duration, Utc};
use openidconnect::core::CoreJwsSigningAlgorithm;
use openidconnect::{AccessTokenHash, ClaimsVerificationError, Nonce, OAuth2TokenResponse, SignatureVerificationError};

use super::protocol::{Claims, Client, SignedIdToken, Tokens};

/// Maximum difference between the clocks of the provider and of this program.
const CLOCK_SKEW: Duration = Duration::seconds(60);
/// An ID token is used at once, so an older one comes from another login.
const ID_TOKEN_AGE_MAX: Duration = Duration::minutes(10);
/// The signatures that are accepted: neither `none`, nor those with a shared secret (HS256 …).
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// The claims of an ID token: signature, issuer, audience, times and nonce are checked, and that it
/// belongs to the access token.
pub(crate) fn verify<'a>(
    client: &Client,
    tokens: &Tokens,
    id_token: &'a SignedIdToken,
    nonce: &Nonce,
    now: DateTime<Utc>,
) -> Result<&'a Claims, ClaimsVerificationError> {
    let verifier = client.id_token_verifier();
    let verifier = verifier.set_allowed_algs(ALGORITHMS).set_time_fn(move || now - CLOCK_SKEW);
    let verifier = verifier.set_issue_time_verifier_fn(move |issued_at| {
        let is_recent = (now - ID_TOKEN_AGE_MAX..=now + CLOCK_SKEW).contains(&issued_at);
        if is_recent { Ok(()) } else { Err(format!("the ID token was issued at {issued_at}, and it is {now}")) }
    });
    let claims = id_token.claims(&verifier, nonce)?;
    if let Some(party) = claims.authorized_party()
        && party != client.client_id()
    {
        return Err(ClaimsVerificationError::InvalidAudience("the ID token is for another program".to_owned()));
    }
    if let Some(expected) = claims.access_token_hash() {
        let signed_by = ClaimsVerificationError::SignatureVerification;
        let (algorithm, key) = (id_token.signing_alg(), id_token.signing_key(&verifier));
        let (algorithm, key) = (algorithm.map_err(signed_by)?, key.map_err(signed_by)?);
        let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key);
        if actual.map_err(|error| ClaimsVerificationError::Other(error.to_string()))? != *expected {
            return Err(ClaimsVerificationError::Other("the access token is of another ID token".to_owned()));
        }
    }
    Ok(claims)
}

/// Whether the provider has signed with a key that the documents do not have.
pub(crate) fn has_unknown_key<T>(verified: &Result<T, ClaimsVerificationError>) -> bool {
    use ClaimsVerificationError::SignatureVerification;
    matches!(verified, Err(SignatureVerification(SignatureVerificationError::NoMatchingKey)))
}
