//! The stream of one connection. It limits how long the program waits for the client, and puts
//! problem documents in the place of the HTTP library's own answers.
//!
//! The library (actix-http) has no hook for the errors that it answers itself, and no limit for
//! these three: the head of a request after the first one, the rest of a body that nobody reads,
//! and a client that does not read. All of them pass through the stream.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use kernel::Ambient;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::Instant;

use super::answers::{self, Answer};
use super::deadline::Deadline;
use super::request_line::RequestLine;
use super::state::Connection;

/// How long the rest of a body is read and discarded after the last response. A connection that is
/// closed with unread bytes is reset, and the client may lose the response.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum number of bytes that are discarded after an answer to a malformed request.
const DISCARD_BYTES_MAX: u64 = 1024 * 1024;

/// The stream of one connection.
pub struct ClientStream {
    /// None only while the stream is dropped.
    tcp: Option<TcpStream>,
    connection: Rc<Connection>,
    ambient: Ambient,
    is_behind_https: bool,
    /// How long one step of the client may take.
    client_timeout: Duration,
    /// The problem document that is being written in the place of the library's answer.
    answer: Option<Answer>,
    has_answered: bool,
    request_line: RequestLine,
    /// Runs while the client accepts no bytes.
    write_deadline: Deadline,
    /// Runs while the head of a request arrives, and the number of requests at its start.
    head_deadline: (Deadline, u64),
    /// Runs after the last response.
    close_deadline: Deadline,
}

impl ClientStream {
    /// The stream of an accepted connection.
    pub fn new(tcp: TcpStream, client_timeout: Duration, ambient: Ambient, is_behind_https: bool) -> Self {
        Self {
            tcp: Some(tcp),
            connection: Rc::default(),
            ambient,
            is_behind_https,
            client_timeout,
            answer: None,
            has_answered: false,
            request_line: RequestLine::default(),
            write_deadline: Deadline::default(),
            head_deadline: (Deadline::default(), 0),
            close_deadline: Deadline::default(),
        }
    }

    /// The state that the requests of this connection share.
    pub fn connection(&self) -> Rc<Connection> {
        Rc::clone(&self.connection)
    }

    fn tcp(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.tcp.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Whether the time after the last response is over.
    fn must_close(&mut self, context: &mut Context<'_>) -> bool {
        let Some(since) = self.connection.closing_since() else { return false };
        self.close_deadline.start(|| since + DISCARD_TIMEOUT);
        self.close_deadline.has_passed(context)
    }

    /// Whether the head of a request takes too long. The library itself limits the first one.
    fn head_is_late(&mut self, context: &mut Context<'_>, has_read: bool) -> bool {
        let requests = self.connection.requests();
        let (deadline, requests_at_start) = &mut self.head_deadline;
        if *requests_at_start != requests {
            deadline.stop();
            *requests_at_start = requests;
        }
        if has_read && requests > 0 && self.connection.is_between_requests() {
            deadline.start(|| Instant::now() + self.client_timeout);
        }
        deadline.has_passed(context)
    }

    fn write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.tcp()?.poll_write(context, bytes);
        if written.is_ready() {
            self.write_deadline.stop();
            return written;
        }
        self.write_deadline.start(|| Instant::now() + self.client_timeout);
        if self.write_deadline.has_passed(context) {
            tracing::info!("a client does not read its response: its connection is closed");
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }

    /// Writes the problem document in the place of the library's answer of `length` bytes.
    fn write_answer(&mut self, context: &mut Context<'_>, length: usize) -> Poll<io::Result<usize>> {
        while let Some(mut answer) = self.answer.take() {
            let written = self.write(context, answer.rest());
            if let Poll::Ready(Ok(count)) = &written {
                answer.advance(*count);
            }
            if !answer.rest().is_empty() {
                self.answer = Some(answer);
            }
            ready!(written)?;
        }
        self.has_answered = true;
        Poll::Ready(Ok(length))
    }
}

impl AsyncRead for ClientStream {
    /// Reads from the client. A deadline that has passed is the end of what the client sends.
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.must_close(context) {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = this.tcp()?.poll_read(context, buffer);
        let new = &buffer.filled()[before..];
        if this.connection.is_between_requests() {
            this.request_line.take(new, this.connection.requests());
        }
        let has_read = !new.is_empty();
        if this.head_is_late(context, has_read) && read.is_pending() {
            return Poll::Ready(Ok(()));
        }
        read
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.answer.is_some() {
            return this.write_answer(context, bytes.len());
        }
        match answers::find(bytes) {
            None => this.write(context, bytes),
            // What stands before the answer belongs to another response.
            Some(found) if found.start > 0 => this.write(context, &bytes[..found.start]),
            // The client has got its last response: the library answers the rest of its request.
            Some(_) if this.connection.closing_since().is_some() => Poll::Ready(Ok(bytes.len())),
            Some(found) => {
                let found = if this.request_line.is_too_long() { found.with_uri_too_long() } else { found };
                this.answer = Some(Answer::new(&found, &this.ambient, this.is_behind_https));
                this.write_answer(context, bytes.len())
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // The library flushes at the end of each step. The deadline has to wake it, because it
        // waits for a client that may send nothing more.
        let _wakes_later = this.must_close(context);
        this.tcp()?.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().tcp()?.poll_shutdown(context)
    }
}

impl Drop for ClientStream {
    fn drop(&mut self) {
        let Some(tcp) = self.tcp.take().filter(|_| self.has_answered) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(discard_rest(tcp));
        }
    }
}

/// Reads what the client still sends, so that it gets the answer before the connection closes.
async fn discard_rest(mut tcp: TcpStream) {
    let rest = async {
        tcp.shutdown().await?;
        tokio::io::copy(&mut tcp.take(DISCARD_BYTES_MAX), &mut tokio::io::sink()).await
    };
    let _closed_either_way = tokio::time::timeout(DISCARD_TIMEOUT, rest).await;
}
