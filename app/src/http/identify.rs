//! Finds out who is asking. Whether they may is decided by the route, by what its handler demands.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use kernel::Problem;
use kernel::auth::Identified;

use super::Gateway;

pub async fn identify(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let identified = match request.headers().get(header::AUTHORIZATION) {
        None => Identified::Anonymous,
        Some(header) => match bearer_token(header) {
            Some(token) => match gateway.identity.authenticate(token).await {
                Ok(caller) => Identified::Caller(caller),
                Err(problem) => Identified::Refused(problem),
            },
            None => Identified::Refused(Problem::new(
                401,
                "not_authenticated",
                "the Authorization header is not `Bearer` and an access token",
            )),
        },
    };
    request.extensions_mut().insert(identified);
    next.call(request).await
}

fn bearer_token(header: &HeaderValue) -> Option<&str> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_after_the_word_bearer() {
        let token = |text| bearer_token(&HeaderValue::from_static(text)).map(str::to_owned);
        assert_eq!(token("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(token("bearer  abc").as_deref(), Some("abc"));
        assert_eq!(token("Bearer "), None);
        assert_eq!(token("Basic abc"), None);
        assert_eq!(token("abc"), None);
    }
}
