//! Who is asking, and the permission a route demands, as a type in the handler's signature.

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use contracts::{Permission, PersonId, Role, SessionId};

use crate::Problem;

/// The person behind a request whose token was found good.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    pub person_id: PersonId,
    pub role: Role,
    pub session_id: SessionId,
}

/// What the gateway found out about a request, before any handler.
#[derive(Debug, Clone)]
pub enum Identified {
    /// No token was sent.
    Anonymous,
    Caller(Caller),
    /// A token was sent that is no good, and why.
    Refused(Problem),
}

/// Proof that the caller has the permission `P`. A handler that takes it cannot run without.
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
            Ok(Authorized { caller, permission: PhantomData })
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
