//! The body of a response in parts of a limited size.
//!
//! The connection copies each part of a body into its write buffer. If the body of a file were one
//! part, each client that does not read would hold a copy of the file.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

/// Maximum length of a part. The write buffer of a connection takes two.
const PART_BYTES_MAX: usize = 16 * 1024;

/// A body whose parts have at most `PART_BYTES_MAX` bytes. They share the bytes of the body.
pub struct SplitBody {
    body: BoxBody,
    rest: Bytes,
}

impl SplitBody {
    /// The same body in parts of a limited size.
    pub fn new(body: impl MessageBody + 'static) -> Self {
        Self { body: body.boxed(), rest: Bytes::new() }
    }
}

impl MessageBody for SplitBody {
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
        let length = self.rest.len().min(PART_BYTES_MAX);
        Poll::Ready(Some(Ok(self.rest.split_to(length))))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;

    use super::*;

    #[actix_web::test]
    async fn parts_share_the_bytes_of_the_body() {
        let bytes = Bytes::from(vec![7; 3 * PART_BYTES_MAX + 1]);
        let mut split = pin!(SplitBody::new(bytes.clone()));
        assert_eq!(split.size(), BodySize::Sized(bytes.len() as u64));
        let mut lengths = Vec::new();
        while let Some(part) = poll_fn(|context| split.as_mut().poll_next(context)).await {
            let part = part.unwrap();
            let place = lengths.iter().sum::<usize>();
            assert_eq!(part.as_ptr(), bytes[place..].as_ptr(), "not copied");
            lengths.push(part.len());
        }
        assert_eq!(lengths, [PART_BYTES_MAX, PART_BYTES_MAX, PART_BYTES_MAX, 1]);
    }
}
