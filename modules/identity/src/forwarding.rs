//! The address of a client, as one process of the installation vouches for it to another: a token
//! that only a process with the signing keys can make.

use std::net::IpAddr;

use chrono::Duration;
use serde::{Deserialize, Serialize};

use crate::service::Identity;
use crate::tokens::LEEWAY;

/// The `typ` of these tokens. It distinguishes them from access tokens.
const TOKEN_TYPE: &str = "piecework-client+jwt";
/// How long a token is valid. It is used at once.
const LIFETIME: Duration = Duration::seconds(30);

#[derive(Serialize, Deserialize)]
struct ClientClaims {
    /// The address of the client.
    address: IpAddr,
    /// The start of its validity, in Unix seconds.
    iat: i64,
}

impl Identity {
    /// A token that tells another process of the installation the address of a client. `None` until
    /// the signing keys are loaded.
    #[must_use]
    pub fn vouch_for_client(&self, address: IpAddr) -> Option<String> {
        let now = self.write.ambient().now();
        self.keyring().sign(TOKEN_TYPE, &ClientClaims { address, iat: now.timestamp() }, now).ok()
    }

    /// The address of a client for which another process has vouched. `None` if the token was not
    /// made by a process of this installation, or is too old.
    #[must_use]
    pub fn vouched_client(&self, token: &str) -> Option<IpAddr> {
        let now = self.write.ambient().now();
        let claims = self.keyring().verify_signature(TOKEN_TYPE, token, now);
        let ClientClaims { address, iat } = claims.ok()?;
        let (now, leeway) = (now.timestamp(), LEEWAY.num_seconds());
        let is_current = iat <= now + leeway && now <= iat + LIFETIME.num_seconds() + leeway;
        is_current.then_some(address)
    }
}
