//! Event streams end when the access token of their caller is refused. They are not compressed,
//! because a compressor would hold small events back.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use kernel::http::auth::Identified;
use kernel::http::cookies::Browser;

use super::headers::exclude_from_compression;
use super::identify::access_token;
use crate::http::gateway::Gateway;

/// A body that ends when its caller's access token is refused.
pub struct CallersStream {
    body: BoxBody,
    refused: Pin<Box<dyn Future<Output = ()>>>,
}

impl MessageBody for CallersStream {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.refused.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_next(context)
    }
}

/// Ends an event stream with the access token of its caller: when the token expires, when its
/// session ends, and when the person's access changes.
pub async fn follow(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let mut response = next.call(request).await?;
    if !is_event_stream(response.headers()) {
        return Ok(response);
    }
    exclude_from_compression(response.headers_mut());
    let Some(token) = token_of_caller(response.request()) else { return Ok(response) };
    let identity = gateway.identity.clone();
    let refused = Box::pin(async move { identity.until_refused(&token).await });
    Ok(response.map_body(|_, body| BoxBody::new(CallersStream { body, refused })))
}

/// Whether a response is an event stream.
pub fn is_event_stream(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    content_type.is_some_and(|content_type| content_type.as_bytes().starts_with(b"text/event-stream"))
}

/// The access token by which the request was authenticated.
fn token_of_caller(request: &HttpRequest) -> Option<String> {
    let extensions = request.extensions();
    let is_caller = matches!(extensions.get::<Identified>(), Some(Identified::Caller(_)));
    let browser = *extensions.get::<Browser>().filter(|_| is_caller)?;
    let (token, _) = access_token(request.headers(), browser).ok()??;
    Some(token.to_owned())
}
