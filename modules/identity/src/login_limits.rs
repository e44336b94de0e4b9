//! How often a login may fail: tightly for each client address, loosely for each account. Every
//! attempt takes from the buckets before its password is checked. A success gives it back. A change
//! of the password and a login by single sign-on take from the bucket of the address, too.
//!
//! The limit of an account must not keep its owner out. It does not apply to an address from which
//! the person has logged in before, or has used a one-time link (decision 48).

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use chrono::Duration;
use contracts::PersonId;
use kernel::Tx;
use kernel::http::context::{RequestContext, client_address};
use kernel::http::rate_limit::{RateLimit, RatePolicy};
use kernel::text::hex;
use sqlx::PgConnection;
use tokio::sync::OwnedSemaphorePermit;

use crate::error::Error;
use crate::secret::hash_secret;
use crate::service::Identity;
use crate::settings::LoginLimits;
use crate::store;

/// How long an address stays familiar after the last login from it.
const FAMILIAR_FOR: Duration = Duration::days(90);
/// Maximum number of rows that one run of the prune job deletes from each table.
const PRUNE_ROWS_MAX: i64 = 5_000;

/// An admitted attempt to log in.
pub(crate) struct Attempt {
    /// The address of the client, as limits know it.
    address: Option<String>,
    /// The buckets from which the attempt has taken.
    taken: Vec<(String, RatePolicy)>,
    /// The place of an attempt from an unfamiliar address.
    _place: Option<OwnedSemaphorePermit>,
}

impl Identity {
    /// The same service with these limits.
    #[must_use]
    pub fn with_login_limits(mut self, limits: LoginLimits) -> Self {
        self.login_limits = limits;
        self
    }

    /// Admits an attempt to log in by the address of its client. `Error::Limited` if too many
    /// attempts from there have failed.
    pub(crate) async fn begin_attempt(&self) -> Result<Attempt, Error> {
        let address = client_address().map(network_of);
        let mut attempt = Attempt { address, taken: Vec::new(), _place: None };
        if let (Some(policy), Some(address)) = (self.login_limits.per_address, &attempt.address) {
            let bucket = format!("address:{address}");
            let mut connection = self.write.acquire().await?;
            let state = self.take(&mut connection, &mut attempt.taken, bucket, policy).await?;
            if let Some(context) = RequestContext::current() {
                context.note_rate_limit(state);
            }
        }
        Ok(attempt)
    }

    /// Admits an attempt by its account. `email_key` is what was sent as an address; `person_id` is
    /// the person who has it, if there is one. `Error::Limited` if too many attempts from
    /// unfamiliar addresses have failed; `Error::Busy` if too many of them wait.
    pub(crate) async fn check_account(
        &self,
        attempt: &mut Attempt,
        email_key: &str,
        person_id: Option<PersonId>,
    ) -> Result<(), Error> {
        // A command on the command line comes from no address.
        let Some(address) = attempt.address.clone() else { return Ok(()) };
        let mut connection = self.write.acquire().await?;
        if let Some(person_id) = person_id {
            let since = self.write.ambient().now() - FAMILIAR_FOR;
            let is_familiar =
                store::familiar_addresses::exists_familiar_address(&mut connection, person_id, &address, since);
            if is_familiar.await? {
                return Ok(());
            }
        }
        if let Some(policy) = self.login_limits.per_account {
            // A password may have been typed in the place of the address, so only its hash is
            // stored.
            let hash = hex(&hash_secret(email_key));
            // Its state is not shown: whether an address is familiar reveals that a person exists.
            self.take(&mut connection, &mut attempt.taken, format!("account:{hash}"), policy).await?;
        }
        let place = Arc::clone(&self.login_limits.unfamiliar).try_acquire_owned().map_err(|_| Error::Busy)?;
        attempt._place = Some(place);
        Ok(())
    }

    /// Admits an attempt of a person who is logged in to name their current password.
    /// `Error::Limited` if too many have failed. No address is familiar here: somebody else may use
    /// the session, and a refusal keeps nobody from logging in.
    pub(crate) async fn check_person(&self, attempt: &mut Attempt, person_id: PersonId) -> Result<(), Error> {
        let Some(policy) = self.login_limits.per_account else { return Ok(()) };
        let mut connection = self.write.acquire().await?;
        self.take(&mut connection, &mut attempt.taken, format!("person:{person_id}"), policy).await.map(drop)
    }

    /// Admits a request of a client for a mail with a link. `Error::Limited` if too many have come
    /// from its address. Nothing is given back.
    pub(crate) async fn check_reset_request(&self) -> Result<(), Error> {
        let address = client_address().map(network_of);
        let (Some(policy), Some(address)) = (self.login_limits.resets_per_address, address) else { return Ok(()) };
        let mut connection = self.write.acquire().await?;
        let state = self.take(&mut connection, &mut Vec::new(), format!("reset:{address}"), policy).await?;
        if let Some(context) = RequestContext::current() {
            context.note_rate_limit(state);
        }
        Ok(())
    }

    async fn take(
        &self,
        connection: &mut PgConnection,
        taken: &mut Vec<(String, RatePolicy)>,
        bucket: String,
        policy: RatePolicy,
    ) -> Result<RateLimit, Error> {
        let now = self.write.ambient().now();
        let result = store::login_attempts::upsert_attempt(connection, &bucket, &policy, now).await?;
        let Some(full_at) = result.full_at else {
            let full_at = result.full_at_before.unwrap_or(now).max(now);
            let wait = full_at + policy.refill_time() - (now + policy.window());
            return Err(Error::Limited(policy.exceeded(full_at, now, wait)));
        };
        taken.push((bucket, policy));
        Ok(policy.state(full_at, now))
    }

    /// Deletes a limited number of full buckets and of addresses that are not familiar any more.
    /// True if more may remain.
    pub(crate) async fn prune_login_limits(&self) -> Result<bool, Error> {
        let mut tx = self.write.begin().await?;
        let now = tx.now();
        let attempts = store::login_attempts::delete_full_attempts(&mut tx, now, PRUNE_ROWS_MAX).await?;
        let unused = now - FAMILIAR_FOR;
        let addresses =
            store::familiar_addresses::delete_unused_familiar_addresses(&mut tx, unused, PRUNE_ROWS_MAX).await?;
        tx.commit().await?;
        Ok(attempts.max(addresses) >= PRUNE_ROWS_MAX.unsigned_abs())
    }
}

impl Attempt {
    /// The attempt has succeeded: its units are given back, and its address is familiar.
    pub async fn succeed(self, tx: &mut Tx, person_id: PersonId) -> Result<(), Error> {
        for (bucket, policy) in &self.taken {
            store::login_attempts::update_attempt_returned(tx, bucket, policy).await?;
        }
        remember_address(tx, person_id, self.address.as_deref()).await
    }
}

/// The person has proved from the address of the current request who they are.
pub(crate) async fn remember_client(tx: &mut Tx, person_id: PersonId) -> Result<(), Error> {
    let address = client_address().map(network_of);
    remember_address(tx, person_id, address.as_deref()).await
}

async fn remember_address(tx: &mut Tx, person_id: PersonId, address: Option<&str>) -> Result<(), Error> {
    let Some(address) = address else { return Ok(()) };
    let now = tx.now();
    Ok(store::familiar_addresses::upsert_familiar_address(tx, person_id, address, now).await?)
}

/// The address by which a client is limited. A client with IPv6 has a whole network of 64 bits.
fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_with_ipv6_is_limited_by_its_network_and_a_mapped_address_is_ipv4() {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network("203.0.113.7"), "203.0.113.7");
        assert_eq!(network("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2::"), network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    }
}
