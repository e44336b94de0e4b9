//! Who caused the work that is running, and from where: the context of a request or of a command on
//! the command line. Work outside of any context is the program's own.

use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use contracts::{Actor, PersonId};

use super::rate_limit::RateLimit;

tokio::task_local! {
    static CURRENT: Arc<RequestContext>;
}

/// The context of one request. All work for the request shares it.
#[derive(Debug)]
pub struct RequestContext {
    address: Option<IpAddr>,
    /// Who sent the request, as far as it is known.
    actor: OnceLock<Actor>,
    /// The limits that the request has used.
    rate_limits: Mutex<Vec<RateLimit>>,
}

impl RequestContext {
    /// The context of a request whose sender is not known yet. `None`: the transport has no
    /// address.
    #[must_use]
    pub const fn of_request(address: Option<IpAddr>) -> Self {
        Self { address, actor: OnceLock::new(), rate_limits: Mutex::new(Vec::new()) }
    }

    /// The context of a command that the user of the operating system runs.
    #[must_use]
    pub fn of_command_line(user: String) -> Self {
        Self { actor: OnceLock::from(Actor::CommandLine { user }), ..Self::of_request(None) }
    }

    /// The context of the work that is running. `None`: nobody asked for it.
    #[must_use]
    pub fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// Runs `work` in this context.
    pub async fn scope<T>(self: Arc<Self>, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }

    /// The address of the client. IPv4 addresses have no IPv6 form here.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The sender of the request is this person. The first call counts.
    pub fn identify(&self, person_id: PersonId) {
        let _known = self.actor.set(Actor::Person { person_id });
    }

    /// Who sent the request.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.actor.get().cloned().unwrap_or(Actor::Anonymous)
    }

    /// The person who sent the request, if there is one.
    #[must_use]
    pub fn person_id(&self) -> Option<PersonId> {
        match self.actor.get() {
            Some(Actor::Person { person_id }) => Some(*person_id),
            _ => None,
        }
    }

    /// The request has used a limit. The response says how much of it remains.
    pub fn note_rate_limit(&self, limit: RateLimit) {
        let mut limits = self.rate_limits.lock().unwrap_or_else(PoisonError::into_inner);
        limits.retain(|known| known.policy.name != limit.policy.name);
        limits.push(limit);
    }

    /// The limits that the request has used, each in its last state.
    #[must_use]
    pub fn rate_limits(&self) -> Vec<RateLimit> {
        self.rate_limits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The address of the client of the current request; `None` outside of a request.
#[must_use]
pub fn client_address() -> Option<IpAddr> {
    RequestContext::current()?.address()
}

/// Runs `work` in this context, if there is one.
pub(crate) async fn scope<T>(context: Option<Arc<RequestContext>>, work: impl Future<Output = T>) -> T {
    match context {
        Some(context) => context.scope(work).await,
        None => work.await,
    }
}
