//! The answers that the HTTP library makes itself: to a request that is not HTTP, that is too large
//! for the parser, or that arrives too slowly. The library sends an empty response with a few
//! headers, before any middleware. Each becomes a problem document.

use actix_web::ResponseError;
use actix_web::body::MessageBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::web::Bytes;
use kernel::Ambient;
use kernel::http::problem::REQUEST_ID;

use crate::http::middleware::{problems, request_id, response_headers};

/// Maximum length of an answer of the library.
const LENGTH_MAX: usize = 256;
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// An answer of the library within the bytes that it writes.
#[derive(Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// Where the answer begins. It ends where the bytes end.
    pub start: usize,
    version: &'a str,
    status: StatusCode,
    date: &'a str,
}

/// Finds an answer of the library at the end of what it writes.
///
/// It is an error without a body that has no header except those that the library sets. Each
/// response of the program has at least one other header: the request id.
pub fn find(bytes: &[u8]) -> Option<Found<'_>> {
    if !bytes.ends_with(END_OF_HEAD) {
        return None;
    }
    let from = bytes.len().saturating_sub(LENGTH_MAX);
    let tail = &bytes[from..];
    let start = tail.windows(7).rposition(|window| window == b"HTTP/1.")?;
    let head = std::str::from_utf8(&tail[start..]).ok()?.strip_suffix("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let (version, status) = lines.next()?.split_once(' ')?;
    let status = StatusCode::from_bytes(status.get(..3)?.as_bytes()).ok()?;
    let (mut is_empty, mut date) = (false, "");
    for line in lines {
        match line.split_once(": ")? {
            ("content-length", "0") => is_empty = true,
            ("connection", _) => {}
            ("date", value) => date = value,
            _ => return None,
        }
    }
    let is_error = status.is_client_error() || status.is_server_error();
    (is_error && is_empty).then_some(Found { start: from + start, version, status, date })
}

impl Found<'_> {
    /// The same answer with the status of a URL that is too long, for which the library has none.
    pub fn with_uri_too_long(self) -> Self {
        Self { status: StatusCode::URI_TOO_LONG, ..self }
    }
}

/// The response that the client gets instead, and how much of it is written.
pub struct Answer {
    bytes: Bytes,
}

impl Answer {
    /// The problem document for an answer of the library. `is_behind_https`: people reach the
    /// server by TLS.
    pub fn new(found: &Found<'_>, ambient: &Ambient, is_behind_https: bool) -> Self {
        let id = ambient.new_id::<()>().to_string();
        let status = found.status.as_u16();
        tracing::info!(request_id = id, status, "the HTTP parser refused a request");
        metrics::counter!("piecework_http_refused_by_parser_total", "status" => status.to_string()).increment(1);
        let response = REQUEST_ID.sync_scope(id.clone(), || problems::problem_of(found.status).error_response());
        let mut headers = response.headers().clone();
        response_headers::set(&mut headers, true, is_behind_https);
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert(request_id::REQUEST_ID_HEADER, id);
        }
        let body = response.into_body().try_into_bytes().unwrap_or_default();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        if let Ok(date) = HeaderValue::from_str(found.date) {
            headers.insert(header::DATE, date);
        }
        Self { bytes: encode(found, &headers, &body) }
    }

    /// What is not written yet.
    pub fn rest(&self) -> &[u8] {
        &self.bytes
    }

    /// The next `count` bytes are written.
    pub fn advance(&mut self, count: usize) {
        let _written = self.bytes.split_to(count.min(self.bytes.len()));
    }
}

fn encode(found: &Found<'_>, headers: &HeaderMap, body: &[u8]) -> Bytes {
    let reason = found.status.canonical_reason().unwrap_or_default();
    let mut encoded = format!("{} {} {reason}\r\n", found.version, found.status.as_str()).into_bytes();
    for (name, value) in headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            encoded.extend_from_slice(part);
        }
    }
    encoded.extend_from_slice(b"\r\n");
    encoded.extend_from_slice(body);
    encoded.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Mon, 02 Nov 2026 08:00:00 GMT";

    #[test]
    fn an_answer_of_the_library_is_found_behind_another_response() {
        let answer =
            format!("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\ndate: {DATE}\r\n\r\n");
        let found = find(answer.as_bytes()).unwrap();
        assert_eq!((found.start, found.status, found.date), (0, StatusCode::BAD_REQUEST, DATE));
        let first = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-request-id: 1\r\n\r\nok";
        assert_eq!(find(format!("{first}{answer}").as_bytes()).unwrap().start, first.len());
    }

    #[test]
    fn a_response_of_the_program_is_no_answer_of_the_library() {
        for response in [
            format!("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nx-request-id: 1\r\ndate: {DATE}\r\n\r\n"),
            format!("HTTP/1.1 404 Not Found\r\ncontent-length: 12\r\ndate: {DATE}\r\n\r\n"),
            format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\ndate: {DATE}\r\n\r\n"),
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-request-id: 1\r\n\r\n4\r\nHTTP\r\n0\r\n\r\n".to_owned(),
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\ntext\r\n\r\n".to_owned(),
            "0\r\n\r\n".to_owned(),
            String::new(),
        ] {
            assert_eq!(find(response.as_bytes()), None, "{response}");
        }
    }
}
