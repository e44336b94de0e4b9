//! A minimal HTTP/1.1 client: one connection that is kept open, and answers with a length. It is
//! small so that the client takes little of the CPU.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::error::{Error, Result, failed};

/// The initial size of the buffer for answers.
const BUFFER_BYTES: usize = 64 * 1024;

/// The pause before a request is repeated because the program was too busy.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// How long a request is repeated.
const RETRY_DEADLINE: Duration = Duration::from_secs(60);

/// A connection. It sends one request at a time.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// What has been received of the current answer.
    buffer: Vec<u8>,
    /// Number of requests that were repeated.
    retries: u64,
}

/// An answer. It is valid until the next request is sent.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Answer<'_> {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body).into_owned()
    }

    /// # Errors
    /// The body is not JSON.
    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(self.body)
            .map_err(|error| Error::Failed(format!("{error} in the answer {}: {}", self.status, self.text())))
    }
}

impl Connection {
    /// # Errors
    /// No process listens at the address.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.map_err(Error::io(format!("connect to {address}")))?;
        stream.set_nodelay(true).map_err(Error::io("set TCP_NODELAY"))?;
        Ok(Self { stream, buffer: Vec::with_capacity(BUFFER_BYTES), retries: 0 })
    }

    /// Number of requests that were repeated because the program was too busy.
    pub const fn retries(&self) -> u64 {
        self.retries
    }

    /// Sends a request and repeats it while the program is too busy: while it answers 503 or 429.
    ///
    /// # Errors
    /// `send` fails, or the program is too busy for a minute.
    pub async fn send_with_retry(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        let start = Instant::now();
        let head = loop {
            let head = self.receive_answer(request).await?;
            if !matches!(head.status, 503 | 429) {
                break head;
            }
            if start.elapsed() > RETRY_DEADLINE {
                return failed(format!("the program was too busy for a minute: {}", self.answer(&head).text()));
            }
            self.retries += 1;
            tokio::time::sleep(RETRY_PAUSE).await;
        };
        Ok(self.answer(&head))
    }

    /// Sends the bytes of one request and waits for the whole answer.
    ///
    /// # Errors
    /// The connection ends, or the answer has no length.
    pub async fn send(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        let head = self.receive_answer(request).await?;
        Ok(self.answer(&head))
    }

    fn answer(&self, head: &Head) -> Answer<'_> {
        Answer { status: head.status, body: &self.buffer[head.length..head.length + head.content_length] }
    }

    async fn receive_answer(&mut self, request: &[u8]) -> Result<Head> {
        self.stream.write_all(request).await.map_err(Error::io("send a request"))?;
        self.buffer.clear();
        let head = loop {
            self.receive().await?;
            if let Some(head) = Head::parse(&self.buffer)? {
                break head;
            }
        };
        while self.buffer.len() < head.length + head.content_length {
            self.receive().await?;
        }
        Ok(head)
    }

    async fn receive(&mut self) -> Result<()> {
        let received = self.stream.read_buf(&mut self.buffer).await.map_err(Error::io("receive an answer"))?;
        if received == 0 { failed("the program closed a connection") } else { Ok(()) }
    }
}

/// The status line and the headers of an answer.
#[derive(Debug, PartialEq)]
struct Head {
    status: u16,
    /// Length of the head, the blank line included.
    length: usize,
    content_length: usize,
}

impl Head {
    /// `None` if the head is not complete yet.
    fn parse(received: &[u8]) -> Result<Option<Self>> {
        let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(None) };
        let lines = std::str::from_utf8(&received[..end]).ok();
        let parsed = lines.and_then(|lines| {
            let status = lines.get(9..12)?.parse().ok()?;
            let length = lines.lines().skip(1).find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            })?;
            Some(Self { status, length: end + 4, content_length: length })
        });
        parsed.map_or_else(|| failed("an answer has no status or no length"), |head| Ok(Some(head)))
    }
}

/// Writes a request. `headers` are complete lines. `body` is JSON; an empty body is left out.
pub fn write_request(request: &mut Vec<u8>, method: &str, path: &str, headers: &str, body: &str) {
    request.clear();
    for piece in [method, " ", path, " HTTP/1.1\r\nHost: load\r\n", headers] {
        request.extend_from_slice(piece.as_bytes());
    }
    if body.is_empty() {
        request.extend_from_slice(b"\r\n");
        return;
    }
    let length = format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
    request.extend_from_slice(length.as_bytes());
    request.extend_from_slice(body.as_bytes());
}

/// The header that authenticates a request.
pub fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_parsed_when_it_is_complete() {
        let answer = b"HTTP/1.1 201 Created\r\ncontent-length: 5\r\nx: y\r\n\r\nhello";
        assert_eq!(Head::parse(&answer[..30]).unwrap(), None);
        let head = Head::parse(answer).unwrap().unwrap();
        assert_eq!(head, Head { status: 201, length: answer.len() - 5, content_length: 5 });
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn only_a_request_with_a_body_has_a_length() {
        let mut request = Vec::new();
        write_request(&mut request, "POST", "/x", &bearer("t"), "{}");
        let text = String::from_utf8(request.clone()).unwrap();
        assert!(text.starts_with("POST /x HTTP/1.1\r\nHost: load\r\nAuthorization: Bearer t\r\n"), "{text}");
        assert!(text.ends_with("Content-Length: 2\r\n\r\n{}"), "{text}");
        write_request(&mut request, "GET", "/x", "", "");
        assert_eq!(request, b"GET /x HTTP/1.1\r\nHost: load\r\n\r\n");
    }
}
