//! Follows the body of a request, and closes the connection after the response if the client has
//! not sent all of it.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage};
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::time::Instant;

use super::headers::edit_head;
use crate::http::connection::{Connection, RunningRequest};
use crate::http::split_body::SplitBody;

/// Maximum number of parts of an unread body that are discarded to keep the connection. All of them
/// have arrived.
const DISCARDED_PARTS_MAX: usize = 16;

/// The body of a request, as far as its handler has read it.
#[derive(Clone, Default)]
pub struct RequestBody(Rc<Progress>);

#[derive(Default)]
struct Progress {
    payload: RefCell<Option<Payload>>,
    is_waiting: Cell<bool>,
    has_failed: Cell<bool>,
    ended_at: Cell<Option<Instant>>,
}

impl RequestBody {
    /// Whether the handler waits for the client to send more of the body.
    pub fn is_waiting(&self) -> bool {
        self.0.is_waiting.get()
    }

    /// When the handler has read the end of the body.
    pub fn ended_at(&self) -> Option<Instant> {
        self.0.ended_at.get()
    }

    /// Whether the whole body has arrived. What the handler has not read is discarded.
    fn has_arrived(&self) -> bool {
        let mut rest = self.clone();
        let parts = std::iter::repeat_with(|| rest.next().now_or_never()).take(DISCARDED_PARTS_MAX);
        parts.take_while(|part| matches!(part, Some(Some(Ok(_))))).for_each(drop);
        self.ended_at().is_some()
    }
}

impl Stream for RequestBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let progress = &self.0;
        if progress.ended_at.get().is_some() {
            return Poll::Ready(None);
        }
        let polled = match progress.payload.borrow_mut().as_mut() {
            Some(payload) => payload.poll_next_unpin(context),
            None => Poll::Ready(None),
        };
        progress.is_waiting.set(polled.is_pending());
        match polled {
            Poll::Ready(None) => progress.ended_at.set(Some(Instant::now())),
            Poll::Ready(Some(Err(_))) => progress.has_failed.set(true),
            _ => {}
        }
        polled
    }
}

/// The body of a response, in parts. Its request runs until all of it is sent.
pub struct ResponseBody {
    body: SplitBody,
    _running: RunningRequest,
}

impl MessageBody for ResponseBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

/// Stores the `RequestBody` of each request in its extensions.
pub async fn follow(mut request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<ResponseBody>, Error> {
    let connection = request.request().conn_data::<Rc<Connection>>().cloned().unwrap_or_default();
    let running = connection.begin_request();
    let body = RequestBody::default();
    match request.take_payload() {
        Payload::None => {
            let _whole = body.has_arrived();
        }
        payload => {
            body.0.payload.replace(Some(payload));
            request.set_payload(Payload::Stream { payload: Box::pin(body.clone()) });
        }
    }
    request.extensions_mut().insert(body.clone());
    let response = next.call(request).await;
    let to_the_end = |_: &mut _, body| ResponseBody { body: SplitBody::new(body), _running: running };
    let response = response.map(|response| response.map_body(to_the_end));
    // After an invalid chunk, the library sends only a response that is ready in the same step.
    if !body.has_arrived() && !body.0.has_failed.get() {
        // The library decodes what has arrived with the head when it gets control.
        tokio::task::yield_now().await;
    }
    if body.has_arrived() {
        return response;
    }
    connection.close_after_response();
    edit_head(response, |head| head.set_connection_type(ConnectionType::Close))
}
