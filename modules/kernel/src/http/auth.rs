//! The caller of a request, and the permission that a route requires, as a type in the signature of
//! its handler.

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use contracts::{ApiTokenId, Carrier, Permission, PersonId, Role, Scopes, SessionId};

use crate::Problem;

/// The person who sent a request, according to its valid credential.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The id of the person.
    pub person_id: PersonId,
    /// The person's role: of a session when its access token was issued, of an API token at
    /// present.
    pub role: Role,
    /// What the request was authenticated with.
    pub credential: Credential,
}

impl Caller {
    /// Whether the caller may read what requires the permission `P`: the role has it, and an API
    /// token has the scope.
    #[must_use]
    pub fn may<P: Permission>(&self) -> bool {
        P::ROLES.contains(&self.role) && self.credential.allows(P::NAME, false)
    }

    /// The caller's session; `None` if the credential belongs to no session.
    #[must_use]
    pub const fn session_id(&self) -> Option<SessionId> {
        match self.credential {
            Credential::Session { session_id, .. } => Some(session_id),
            Credential::ApiToken { .. } => None,
        }
    }
}

/// What a request was authenticated with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// The access token of a session.
    Session {
        /// The session that the token belongs to.
        session_id: SessionId,
        /// How the request carried the token.
        carrier: Carrier,
    },
    /// A personal API token.
    ApiToken {
        /// The token.
        token_id: ApiTokenId,
        /// What the token allows, as far as the person's role does.
        scopes: Scopes,
    },
}

impl Credential {
    /// Whether the credential allows a request that requires this permission.
    fn allows(self, permission: &str, changes_something: bool) -> bool {
        match self {
            Self::Session { .. } => true,
            Self::ApiToken { scopes, .. } => scopes.allow(permission, changes_something),
        }
    }
}

/// What the gateway has found out about the sender of a request, before any handler runs.
#[derive(Debug, Clone)]
pub enum Identified {
    /// The request has no credential.
    Anonymous,
    /// The credential is valid.
    Caller(Caller),
    /// The credential was refused, with the answer that says why.
    Refused(Problem),
}

/// Proof that the caller has the permission `P`. A handler that takes it does not run without it.
#[derive(Debug, Clone, Copy)]
pub struct Authorized<P: Permission> {
    caller: Caller,
    permission: PhantomData<P>,
}

impl<P: Permission> Authorized<P> {
    #[must_use]
    pub const fn caller(&self) -> Caller {
        self.caller
    }

    #[must_use]
    pub const fn person_id(&self) -> PersonId {
        self.caller.person_id
    }
}

/// Proof that the caller has the permission `P` and uses a session. A handler that changes what
/// people log in with takes it, so that an API token gives no access beyond itself.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizedSession<P: Permission> {
    authorized: Authorized<P>,
    session_id: SessionId,
}

impl<P: Permission> AuthorizedSession<P> {
    #[must_use]
    pub const fn caller(&self) -> Caller {
        self.authorized.caller()
    }

    #[must_use]
    pub const fn person_id(&self) -> PersonId {
        self.authorized.person_id()
    }

    #[must_use]
    pub const fn session_id(&self) -> SessionId {
        self.session_id
    }
}

impl<P: Permission> FromRequest for AuthorizedSession<P> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(authorize::<P>(request).and_then(|authorized| {
            let session_id = authorized.caller.session_id().ok_or_else(|| {
                Problem::new(403, "session_required", "this needs a login; an API token does not allow it")
            })?;
            Ok(Self { authorized, session_id })
        }))
    }
}

impl<P: Permission> FromRequest for Authorized<P> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(authorize::<P>(request))
    }
}

fn authorize<P: Permission>(request: &HttpRequest) -> Result<Authorized<P>, Problem> {
    let identified = request.extensions().get::<Identified>().cloned().unwrap_or(Identified::Anonymous);
    match identified {
        Identified::Caller(caller) if P::ROLES.contains(&caller.role) => {
            let changes_something = !matches!(*request.method(), Method::GET | Method::HEAD);
            if caller.credential.allows(P::NAME, changes_something) {
                return Ok(Authorized { caller, permission: PhantomData });
            }
            let scopes = if changes_something { "write" } else { "read, write" };
            let detail = format!("this needs an API token with one of the scopes {scopes} and {}", P::NAME);
            Err(Problem::new(403, "insufficient_scope", detail))
        }
        Identified::Caller(caller) => Err(Problem::new(
            403,
            "forbidden",
            format!("this needs the permission {}, which the role {} does not have", P::NAME, caller.role),
        )),
        Identified::Refused(problem) => Err(problem),
        Identified::Anonymous => {
            Err(Problem::new(401, "not_authenticated", "log in and send the access token as `Authorization: Bearer …`"))
        }
    }
}
