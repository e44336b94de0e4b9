//! As much of HTTP/1.1 as measuring needs: one connection that is kept, answers with a length, nothing copied twice.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::error::{Error, Result, failed};

const BUFFER_BYTES: usize = 64 * 1024;
/// When somebody who was sent away comes again, and when they give up.
const COME_AGAIN: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection; one request at a time.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// What was received of the answer under way.
    buffer: Vec<u8>,
    /// How often it was told to come again.
    sent_away: u64,
}

/// An answer, as long as the next request has not been sent.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Answer<'_> {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body).into_owned()
    }

    /// # Errors
    /// It is not JSON.
    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(self.body)
            .map_err(|error| Error::Failed(format!("{error} in the answer {}: {}", self.status, self.text())))
    }
}

impl Connection {
    /// # Errors
    /// Nobody listens there.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.map_err(Error::io(format!("connect to {address}")))?;
        stream.set_nodelay(true).map_err(Error::io("set TCP_NODELAY"))?;
        Ok(Self { stream, buffer: Vec::with_capacity(BUFFER_BYTES), sent_away: 0 })
    }

    /// How often it was told to come again.
    pub const fn sent_away(&self) -> u64 {
        self.sent_away
    }

    /// Sends a request, and again as long as the program is too busy for it, which it may say: 503 or 429.
    ///
    /// # Errors
    /// As `send`, or it is too busy for a minute.
    pub async fn insist(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        let began = Instant::now();
        let head = loop {
            let head = self.receive_answer(request).await?;
            if !matches!(head.status, 503 | 429) {
                break head;
            }
            if began.elapsed() > PATIENCE {
                return failed(format!("too busy for a minute: {}", self.answer(&head).text()));
            }
            self.sent_away += 1;
            tokio::time::sleep(COME_AGAIN).await;
        };
        Ok(self.answer(&head))
    }

    /// Sends the bytes of one request and waits for the whole answer.
    ///
    /// # Errors
    /// The connection ends, or what comes is not an answer with a length.
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

/// The lines before the body.
#[derive(Debug, PartialEq)]
struct Head {
    status: u16,
    /// Of the head itself, the blank line included.
    length: usize,
    content_length: usize,
}

impl Head {
    /// `None`: not all of it is there yet.
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
        parsed.map_or_else(|| failed("an answer without a status or a length"), |head| Ok(Some(head)))
    }
}

/// Writes a request with a body of JSON, or none if it is empty, and whatever headers are given, each with its line's end.
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

/// The header that says who is asking.
pub fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let answer = b"HTTP/1.1 201 Created\r\ncontent-length: 5\r\nx: y\r\n\r\nhello";
        assert_eq!(Head::parse(&answer[..30]).unwrap(), None);
        let head = Head::parse(answer).unwrap().unwrap();
        assert_eq!(head, Head { status: 201, length: answer.len() - 5, content_length: 5 });
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn a_request_has_a_length_only_with_a_body() {
        let mut request = Vec::new();
        write_request(&mut request, "POST", "/x", &bearer("t"), "{}");
        let text = String::from_utf8(request.clone()).unwrap();
        assert!(text.starts_with("POST /x HTTP/1.1\r\nHost: load\r\nAuthorization: Bearer t\r\n"), "{text}");
        assert!(text.ends_with("Content-Length: 2\r\n\r\n{}"), "{text}");
        write_request(&mut request, "GET", "/x", "", "");
        assert_eq!(request, b"GET /x HTTP/1.1\r\nHost: load\r\n\r\n");
    }
}
