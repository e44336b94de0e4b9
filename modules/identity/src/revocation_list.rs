//! The access tokens that are refused before they expire. The list is in memory, so that
//! authentication does not query the database.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use chrono::{DateTime, Duration, Utc};
use contracts::{ApiTokenId, PersonId, SessionId};
use tokio::sync::watch;

use crate::domain::{AccessChange, ApiTokenAccess, RevokedApiToken, RevokedSession};
use crate::tokens::{Claims, LEEWAY};

/// How long a revocation is kept after the last token that it can concern has expired. A token may
/// be issued shortly after the revocation, or by a process whose clock is behind.
const MARGIN: Duration = Duration::minutes(1);

/// The recent revocations. A revocation is recent while a token that was issued before it may still
/// be valid.
pub(crate) struct RevocationList {
    window: Duration,
    entries: RwLock<Entries>,
    /// Notifies open event streams of each new revocation.
    changes: watch::Sender<()>,
}

#[derive(Default)]
struct Entries {
    people: HashMap<PersonId, AccessChange>,
    sessions: HashMap<SessionId, DateTime<Utc>>,
    api_tokens: HashMap<ApiTokenId, DateTime<Utc>>,
}

impl RevocationList {
    /// An empty list for access tokens that are valid for `access_token_lifetime`.
    pub fn new(access_token_lifetime: Duration) -> Self {
        Self {
            window: access_token_lifetime + LEEWAY + MARGIN,
            entries: RwLock::default(),
            changes: watch::Sender::new(()),
        }
    }

    /// Revocations up to this moment are no longer needed.
    pub fn horizon(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - self.window
    }

    /// Adds revocations of this or another process. It never replaces a revocation by an older one,
    /// because a poll may have begun before a change in this process.
    pub fn add(&self, people: &[AccessChange], sessions: &[RevokedSession]) {
        let mut has_changed = false;
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        for change in people {
            let known = entries.people.get(&change.person_id);
            if known.is_none_or(|known| known.access_version < change.access_version) {
                entries.people.insert(change.person_id, *change);
                has_changed = true;
            }
        }
        for session in sessions {
            has_changed |= entries.sessions.insert(session.session_id, session.revoked_at).is_none();
        }
        drop(entries);
        if has_changed {
            self.changes.send_replace(());
        }
    }

    /// Changes with each new revocation.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Adds API tokens that were revoked by this or another process.
    pub fn add_api_tokens(&self, tokens: &[RevokedApiToken]) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.api_tokens.extend(tokens.iter().map(|token| (token.id, token.revoked_at)));
    }

    /// Removes the revocations that are no longer needed.
    pub fn prune(&self, now: DateTime<Utc>) {
        let horizon = self.horizon(now);
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.people.retain(|_, change| change.changed_at > horizon);
        entries.sessions.retain(|_, revoked_at| *revoked_at > horizon);
        entries.api_tokens.retain(|_, revoked_at| *revoked_at > horizon);
    }

    /// Whether the token was issued before its person's access changed, or its session has ended.
    pub fn is_revoked(&self, claims: &Claims) -> bool {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.sessions.contains_key(&claims.sid)
            || entries.people.get(&claims.sub).is_some_and(|change| claims.ver < change.access_version)
    }

    /// Whether the API token was revoked.
    pub fn is_api_token_revoked(&self, id: ApiTokenId) -> bool {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).api_tokens.contains_key(&id)
    }

    /// Whether an API token was loaded before its person's access changed.
    pub fn is_outdated(&self, token: &ApiTokenAccess) -> bool {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.people.get(&token.person_id).is_some_and(|change| token.access_version < change.access_version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::Role;
    use uuid::Uuid;

    fn claims(ver: i64) -> Claims {
        Claims {
            iss: String::new(),
            aud: String::new(),
            sub: PersonId::from(Uuid::from_u128(1)),
            iat: 0,
            nbf: 0,
            exp: 0,
            jti: Uuid::nil(),
            sid: SessionId::from(Uuid::from_u128(2)),
            role: Role::Worker,
            ver,
        }
    }

    fn change(access_version: i64, changed_at: DateTime<Utc>) -> AccessChange {
        AccessChange { person_id: claims(0).sub, access_version, changed_at }
    }

    #[test]
    fn a_token_of_a_lower_access_version_is_refused() {
        let revocations = RevocationList::new(Duration::minutes(10));
        assert!(!revocations.is_revoked(&claims(1)));
        revocations.add(&[change(3, DateTime::UNIX_EPOCH)], &[]);
        revocations.add(&[change(2, DateTime::UNIX_EPOCH)], &[]);
        assert!(revocations.is_revoked(&claims(2)), "an older change does not replace a newer one");
        assert!(!revocations.is_revoked(&claims(3)));
    }

    #[test]
    fn a_token_of_a_revoked_session_is_refused() {
        let revocations = RevocationList::new(Duration::minutes(10));
        revocations.add(&[], &[RevokedSession { session_id: claims(1).sid, revoked_at: DateTime::UNIX_EPOCH }]);
        assert!(revocations.is_revoked(&claims(1)));
    }

    #[test]
    fn only_a_new_revocation_is_a_change() {
        let revocations = RevocationList::new(Duration::minutes(10));
        let mut changes = revocations.changes();
        let session = RevokedSession { session_id: claims(1).sid, revoked_at: DateTime::UNIX_EPOCH };
        let mut is_change = |people: &[AccessChange], sessions: &[RevokedSession]| {
            revocations.add(people, sessions);
            let is_change = changes.has_changed().unwrap();
            changes.mark_unchanged();
            is_change
        };
        assert!(is_change(&[], &[session]) && !is_change(&[], &[session]));
        assert!(
            is_change(&[change(2, DateTime::UNIX_EPOCH)], &[]) && !is_change(&[change(2, DateTime::UNIX_EPOCH)], &[])
        );
    }

    #[test]
    fn a_revocation_is_pruned_only_when_every_token_issued_before_it_has_expired() {
        let revocations = RevocationList::new(Duration::minutes(10));
        let revoked_at = DateTime::UNIX_EPOCH;
        revocations.add(&[change(2, revoked_at)], &[]);
        revocations.prune(revoked_at + Duration::minutes(11));
        assert!(revocations.is_revoked(&claims(1)));
        revocations.prune(revoked_at + Duration::minutes(12));
        assert!(!revocations.is_revoked(&claims(1)));
    }
}
