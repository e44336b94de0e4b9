//! Which access tokens must be refused before they expire, kept in memory so that no request asks the database for it.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use chrono::{DateTime, Duration, Utc};
use contracts::{PersonId, SessionId};

use crate::tokens::{Claims, LEEWAY};

/// A token may have been made a moment after what makes it worthless, or by a process whose clock is behind.
const MARGIN: Duration = Duration::minutes(1);

/// A person's tokens of a lower access version are worthless.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChangedAccess {
    pub person_id: PersonId,
    pub access_version: i64,
    pub changed_at: DateTime<Utc>,
}

/// A session's tokens are worthless.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RevokedSession {
    pub session_id: SessionId,
    pub revoked_at: DateTime<Utc>,
}

/// What was revoked so lately that a token from before may still be alive.
pub(crate) struct Revocations {
    window: Duration,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    people: HashMap<PersonId, ChangedAccess>,
    sessions: HashMap<SessionId, DateTime<Utc>>,
}

impl Revocations {
    pub fn new(access_token_lifetime: Duration) -> Self {
        Self { window: access_token_lifetime + LEEWAY + MARGIN, known: RwLock::default() }
    }

    /// What was revoked before this no longer matters.
    pub fn horizon(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - self.window
    }

    /// Adds what has been revoked, here or elsewhere. It never takes back: a poll may have begun before a local change.
    pub fn add(&self, people: &[ChangedAccess], sessions: &[RevokedSession]) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for change in people {
            let entry = known.people.entry(change.person_id).or_insert(*change);
            if entry.access_version < change.access_version {
                *entry = *change;
            }
        }
        known.sessions.extend(sessions.iter().map(|session| (session.session_id, session.revoked_at)));
    }

    /// Drops what no longer matters.
    pub fn forget(&self, now: DateTime<Utc>) {
        let horizon = self.horizon(now);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.people.retain(|_, change| change.changed_at > horizon);
        known.sessions.retain(|_, revoked_at| *revoked_at > horizon);
    }

    /// Whether the token was made before its person's access changed, or its session has ended.
    pub fn refuse(&self, claims: &Claims) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.sessions.contains_key(&claims.sid)
            || known.people.get(&claims.sub).is_some_and(|change| claims.ver < change.access_version)
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

    fn change(access_version: i64, changed_at: DateTime<Utc>) -> ChangedAccess {
        ChangedAccess { person_id: claims(0).sub, access_version, changed_at }
    }

    #[test]
    fn a_token_of_a_lower_access_version_is_refused() {
        let revocations = Revocations::new(Duration::minutes(10));
        assert!(!revocations.refuse(&claims(1)));
        revocations.add(&[change(3, DateTime::UNIX_EPOCH)], &[]);
        revocations.add(&[change(2, DateTime::UNIX_EPOCH)], &[]);
        assert!(revocations.refuse(&claims(2)), "an older poll takes nothing back");
        assert!(!revocations.refuse(&claims(3)));
    }

    #[test]
    fn a_token_of_a_revoked_session_is_refused() {
        let revocations = Revocations::new(Duration::minutes(10));
        revocations.add(&[], &[RevokedSession { session_id: claims(1).sid, revoked_at: DateTime::UNIX_EPOCH }]);
        assert!(revocations.refuse(&claims(1)));
    }

    #[test]
    fn a_revocation_is_forgotten_only_when_every_token_from_before_is_dead() {
        let revocations = Revocations::new(Duration::minutes(10));
        let revoked_at = DateTime::UNIX_EPOCH;
        revocations.add(&[change(2, revoked_at)], &[]);
        revocations.forget(revoked_at + Duration::minutes(11));
        assert!(revocations.refuse(&claims(1)));
        revocations.forget(revoked_at + Duration::minutes(12));
        assert!(!revocations.refuse(&claims(1)));
    }
}
