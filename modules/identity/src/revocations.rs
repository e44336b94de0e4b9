//! Revocations of access tokens. The process that revokes applies them at once, others by a poll.
//! The same poll loads new signing keys.

use std::time::Duration;

use contracts::SessionId;
use kernel::Tx;
use kernel::runtime::repeated::Repeated;
use kernel::runtime::shutdown::ShutdownSignal;

use crate::domain::{AccessChange, RevokedSession};
use crate::error::Error;
use crate::service::Identity;
use crate::store;

/// Time between two polls. A logout or a change of role takes effect in other processes within two
/// seconds: after this time and that of the poll.
const POLL_INTERVAL: Duration = Duration::from_millis(1_500);
/// Time between two checks whether a token has expired, while an event stream is open.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(1);

static NOT_LOADED: Repeated = Repeated::new();
static NOT_RECORDED: Repeated = Repeated::new();

impl Identity {
    /// Returns when the access token is refused: it has expired, its session has ended, or the
    /// person's access has changed. An open event stream ends at that time.
    pub async fn until_refused(&self, token: &str) {
        let mut changes = self.inner.revocations.changes();
        loop {
            match self.authenticate(token).await {
                Err(problem) if problem.is_unauthorized() => return,
                // Keys that cannot be loaded at present say nothing about the token.
                _ => drop(tokio::time::timeout(EXPIRY_INTERVAL, changes.changed()).await),
            }
        }
    }

    /// Loads what other processes have revoked.
    pub async fn refresh_revocations(&self) -> Result<(), Error> {
        let now = self.write.ambient().now();
        let horizon = self.inner.revocations.horizon(now);
        let mut connection = self.acquire_strong().await?;
        let people = store::credentials::list_access_changes(&mut connection, horizon).await?;
        let sessions = store::sessions::list_revoked_sessions(&mut connection, horizon).await?;
        let api_tokens = store::api_tokens::list_revoked_api_tokens(&mut connection, horizon).await?;
        self.inner.revocations.add(&people, &sessions);
        self.inner.revocations.add_api_tokens(&api_tokens);
        self.inner.revocations.prune(now);
        Ok(())
    }

    /// Refreshes the revocations and the signing keys every two seconds until the shutdown, and
    /// records which API tokens were used. If the database is unavailable, what is already known
    /// stays in force.
    pub async fn run_revocations(self, mut shutdown: ShutdownSignal) {
        while shutdown.or(tokio::time::sleep(POLL_INTERVAL)).await.is_some() {
            let refresh = async {
                self.refresh_revocations().await?;
                self.load_keys().await
            };
            match shutdown.or(refresh).await {
                None => break,
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    if let Some(suppressed) = NOT_LOADED.due("") {
                        tracing::warn!(%error, suppressed, "the revocations and keys of other processes cannot be loaded");
                    }
                }
            }
            match shutdown.or(self.record_api_token_uses()).await {
                None => break,
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    if let Some(suppressed) = NOT_RECORDED.due("") {
                        tracing::warn!(%error, suppressed, "the last use of API tokens cannot be recorded");
                    }
                }
            }
        }
    }

    /// Revokes a session in the database, commits, and refuses its tokens in this process at once.
    pub(crate) async fn revoke_session(&self, mut tx: Tx, session_id: SessionId) -> Result<(), Error> {
        let now = tx.now();
        store::sessions::update_session_revoked_at(&mut tx, session_id, now).await?;
        tx.commit().await?;
        self.add_revoked_sessions(&[RevokedSession { session_id, revoked_at: now }]);
        Ok(())
    }

    /// Refuses the tokens of ended sessions in this process. Call it after the commit.
    pub(crate) fn add_revoked_sessions(&self, sessions: &[RevokedSession]) {
        self.inner.revocations.add(&[], sessions);
    }

    /// Refuses a person's older access tokens in this process. Call it after the commit.
    pub(crate) fn add_access_change(&self, change: AccessChange) {
        self.inner.revocations.add(&[change], &[]);
    }
}
