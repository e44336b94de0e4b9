//! Hands a large body to the connection in slices.
//!
//! The connection copies each part of a body into its write buffer. If the body of a file were one
//! part, each client that does not read would hold a copy of the file.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Bytes;

/// Maximum length of a slice. The write buffer of a connection takes two.
const SLICE_BYTES_MAX: usize = 16 * 1024;

/// A body whose parts have at most `SLICE_BYTES_MAX` bytes. The slices share the bytes of the part.
pub struct Sliced {
    body: BoxBody,
    rest: Bytes,
}

impl Sliced {
    /// The same body in slices.
    pub fn new(body: impl MessageBody + 'static) -> Self {
        Self { body: body.boxed(), rest: Bytes::new() }
    }
}

impl MessageBody for Sliced {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        // An empty part would end a chunked response.
        while self.rest.is_empty() {
            match Pin::new(&mut self.body).poll_next(context) {
                Poll::Ready(Some(Ok(part))) => self.rest = part,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
        let length = self.rest.len().min(SLICE_BYTES_MAX);
        Poll::Ready(Some(Ok(self.rest.split_to(length))))
    }
}

/// Slices the body of each response.
pub async fn slice(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<Sliced>, Error> {
    Ok(next.call(request).await?.map_body(|_, body| Sliced::new(body)))
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;

    use super::*;

    #[actix_web::test]
    async fn slices_share_the_bytes_of_the_body() {
        let bytes = Bytes::from(vec![7; 3 * SLICE_BYTES_MAX + 1]);
        let mut sliced = pin!(Sliced::new(bytes.clone()));
        assert_eq!(sliced.size(), BodySize::Sized(bytes.len() as u64));
        let mut lengths = Vec::new();
        while let Some(slice) = poll_fn(|context| sliced.as_mut().poll_next(context)).await {
            let slice = slice.unwrap();
            let place = lengths.iter().sum::<usize>();
            assert_eq!(slice.as_ptr(), bytes[place..].as_ptr(), "not copied");
            lengths.push(slice.len());
        }
        assert_eq!(lengths, [SLICE_BYTES_MAX, SLICE_BYTES_MAX, SLICE_BYTES_MAX, 1]);
    }
}
